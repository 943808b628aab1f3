/** What a chat shows, compared with what the server says of it. */
import type { UIMessage } from 'ai'
import type { RunEnvelope } from '../protocol/envelopes.ts'
import type { RunSummary } from './types.ts'

/**
 * Makes the question of a run the last message. An answer's id determines everything before it, so whoever has the message
 * before the question has all that it needs.
 * @returns false when the message before it is missing
 */
export const placeQuestion = <MESSAGE extends UIMessage>(
  chat: { messages: MESSAGE[] },
  { question, previousMessageId }: RunEnvelope,
): boolean => {
  const { messages } = chat
  const place = messages.findIndex(({ id }) => id === previousMessageId) + 1
  if (question === null || (previousMessageId !== null && place === 0)) return false
  const known = messages[place]
  const isSame = known?.id === question.id && isEqual(known.parts, question.parts)
  if (isSame && messages.length === place + 1) return true
  chat.messages = [...messages.slice(0, place), isSame ? known : (question as MESSAGE)]
  return true
}

const isEqual = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other)

/** True when the answer of this run, which is at rest, is among the messages as it is now. */
export const isShown = (messages: readonly UIMessage[], run: RunSummary): boolean => {
  const answer = messages.find(({ id }) => id === run.assistantMessageId)
  return answer !== undefined && hasOpenCalls(answer) === (run.status === 'waiting')
}

/** Only the answer of a run that waits has calls without an end. */
const hasOpenCalls = ({ parts }: UIMessage): boolean =>
  parts.some(
    (part) =>
      'state' in part &&
      (part.state === 'approval-requested' || part.state === 'input-available') &&
      !('providerExecuted' in part && part.providerExecuted === true),
  )
