/** What happens in a chat just now, in one word. */
import type { OutlastMessage } from 'outlast/client'
import type { OutlastChatHelpers } from 'outlast/react'

/** `waiting`: for a person. */
export type Activity = 'idle' | 'pending' | 'running' | 'waiting' | 'stopping'

type Chat = Pick<OutlastChatHelpers<OutlastMessage>, 'status' | 'run' | 'isReading' | 'isStopping'>

export const activityOf = ({ status, run, isReading, isStopping }: Chat): Activity => {
  if (isStopping) return 'stopping'
  if (status === 'streaming' || isReading) return 'running'
  if (status === 'submitted') return 'pending'
  switch (run?.status) {
    case 'pending':
    case 'running':
    case 'waiting':
      return run.status
    default:
      return 'idle'
  }
}

/** The server takes a message only when nothing is being answered. */
export const isBusy = (activity: Activity): boolean =>
  activity === 'pending' || activity === 'running' || activity === 'stopping'
