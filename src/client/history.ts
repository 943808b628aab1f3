/** What a chat shows, compared with what the server says of it. */
import type { UIMessage } from 'ai'
import type { RunEnvelope } from '../protocol/envelopes.ts'

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

/** True when the answer of this run, which is at rest, is among the messages as it is now, behind what it answers. */
export const isShown = (
  messages: readonly UIMessage[],
  { run, question, previousMessageId }: RunEnvelope,
): boolean => {
  const place = messages.findIndex(({ id }) => id === run?.assistantMessageId)
  const answer = messages[place]
  if (!answer || hasOpenCalls(answer) !== (run?.status === 'waiting')) return false
  const before = messages[place - 2]?.id ?? null
  return messages[place - 1]?.id === question?.id && before === previousMessageId
}

/** Only the answer of a run that waits has calls without an end. */
const hasOpenCalls = ({ parts }: UIMessage): boolean =>
  parts.some(
    (part) =>
      'state' in part &&
      (part.state === 'approval-requested' || part.state === 'input-available') &&
      !('providerExecuted' in part && part.providerExecuted === true),
  )
