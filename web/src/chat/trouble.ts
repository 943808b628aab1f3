/** The one thing that went wrong which is worth saying, of all that may be wrong at a time. */
import { RunAlreadyActiveError, RunFailedError } from 'outlast/client'
import type { OutlastChatHelpers } from 'outlast/react'
import type { OutlastMessage } from 'outlast/client'
import { activityOf, isBusy } from './activity.ts'
import type { en } from '../strings/en/en.ts'

export type Trouble = {
  readonly failure: keyof typeof en.chat.failures
  readonly error: Error
  /** The answer that was to be made again. */
  readonly messageId?: string | undefined
}

type Chat = Pick<
  OutlastChatHelpers<OutlastMessage>,
  'unsent' | 'trouble' | 'error' | 'messages' | 'status' | 'run' | 'isReading' | 'isStopping'
>

/** @param told - an error that was told already, of a message that was given back */
export const troubleOf = (chat: Chat, told: Error | undefined): Trouble | undefined => {
  const { unsent, trouble, error, messages } = chat
  if (unsent && !isOver(chat, unsent))
    return { failure: kindOf(unsent), error: unsent.error, messageId: unsent.messageId }
  if (trouble) return { failure: messages.length === 0 ? 'load' : 'follow', error: trouble }
  if (error && error !== told && !isOfRun(error)) return { failure: 'other', error }
  return undefined
}

/** Whether the messages are those that the server has. */
export const isAsStored = (
  chat: Pick<Chat, 'status' | 'unsent' | 'trouble'> & { readonly isLoading: boolean },
): boolean => chat.status !== 'submitted' && !chat.unsent && !chat.isLoading && !chat.trouble

/** How a run failed stands at the end of its answer; the AI SDK makes a bare error of it. */
const isOfRun = (error: Error): boolean => error instanceof RunFailedError || error.name === 'Error'

/** What stood in the way of the message is not there any more. */
const isOver = (chat: Chat, { error }: Unsent): boolean =>
  error instanceof RunAlreadyActiveError && !isBusy(activityOf(chat))

type Unsent = NonNullable<Chat['unsent']>

/** An edited message keeps its id; a wish for another answer names the answer. */
export const kindOf = ({ message, messageId }: Unsent): 'send' | 'edit' | 'regenerate' => {
  if (messageId === undefined) return 'send'
  return messageId === message.id ? 'edit' : 'regenerate'
}
