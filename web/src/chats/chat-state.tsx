/** The state of a chat as a sign with a name; nothing where there is nothing to tell. */
import { Loader } from '@mantine/core'
import {
  IconAlertCircleFilled,
  IconCircleFilled,
  IconClock,
  IconHandStop,
} from '@tabler/icons-react'
import type { ChatSummary, RunStatus } from 'outlast/client'
import { useTranslation } from 'react-i18next'

/** What a list tells of a chat; a run that settled and was seen is no news. */
export const stateOf = ({ latestRun, unread }: ChatSummary): RunStatus | undefined => {
  if (!latestRun) return undefined
  const { status } = latestRun
  const isActive = status === 'pending' || status === 'running' || status === 'waiting'
  return isActive || (unread && status !== 'aborted') ? status : undefined
}

export const ChatState = ({ state }: { readonly state: RunStatus | undefined }) => {
  const { t } = useTranslation()
  if (state === undefined) return <span />
  const label = t(`chats.states.${state}`)
  return (
    <span role="img" aria-label={label} title={label}>
      <Sign state={state} />
    </span>
  )
}

const Sign = ({ state }: { readonly state: RunStatus }) => {
  switch (state) {
    case 'running':
      return <Loader size={14} color="var(--page-accent)" />
    case 'pending':
      return <IconClock size={14} color="var(--page-soft)" />
    case 'waiting':
      return <IconHandStop size={15} color="var(--page-wait)" />
    case 'failed':
      return <IconAlertCircleFilled size={15} color="var(--page-wrong)" />
    case 'succeeded':
      return <IconCircleFilled size={10} color="var(--page-accent)" />
    case 'aborted':
      return null
    default:
      return state satisfies never
  }
}
