/** What a chat shows, compared with what the server says of it. */
import type { UIMessage } from 'ai'
import type { RunEnvelope } from '../protocol/envelopes.ts'

/**
 * The messages that stand where the server has them. An answer's id determines everything before it, so whoever knows the
 * message before a question knows all that it needs. What the chat itself puts behind a history that has become old is not known.
 */
export class KnownMessages {
  #ids: ReadonlySet<string> = new Set()

  /** The history as the server has it. */
  set(messages: readonly UIMessage[]): void {
    this.#ids = new Set(messages.map(({ id }) => id))
  }

  /** Makes the question of a run the last message. @returns false when what stands before it is not known */
  place<MESSAGE extends UIMessage>(chat: { messages: MESSAGE[] }, news: RunEnvelope): boolean {
    return this.#hasBefore(news) && placeQuestion(chat, news) && this.#learn(news)
  }

  /** True when the answer of this run, which is at rest, is among the messages as it is now, behind what it answers. */
  isShown(messages: readonly UIMessage[], news: RunEnvelope): boolean {
    return this.#hasBefore(news) && isAnswered(messages, news) && this.#learn(news)
  }

  #hasBefore({ previousMessageId }: RunEnvelope): boolean {
    return previousMessageId === null || this.#ids.has(previousMessageId)
  }

  #learn({ run }: RunEnvelope): true {
    if (run?.assistantMessageId != null) this.#ids = new Set(this.#ids).add(run.assistantMessageId)
    return true
  }
}

const placeQuestion = <MESSAGE extends UIMessage>(
  chat: { messages: MESSAGE[] },
  { question, previousMessageId }: RunEnvelope,
): boolean => {
  const { messages } = chat
  const place = messages.findIndex(({ id }) => id === previousMessageId) + 1
  if (question === null || (previousMessageId !== null && place === 0)) return false
  if (isOutdated(messages.slice(0, place))) return false
  const known = messages[place]
  const isSame = known?.id === question.id && isEqual(known.parts, question.parts)
  if (isSame && messages.length === place + 1) return true
  chat.messages = [...messages.slice(0, place), isSame ? known : (question as MESSAGE)]
  return true
}

const isEqual = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other)

const isAnswered = (
  messages: readonly UIMessage[],
  { run, question, previousMessageId }: RunEnvelope,
): boolean => {
  const place = messages.findIndex(({ id }) => id === run?.assistantMessageId)
  const answer = messages[place]
  if (!answer || hasOpenCalls(answer) !== (run?.status === 'waiting')) return false
  if (isOutdated(messages.slice(0, place))) return false
  const before = messages[place - 2]?.id ?? null
  return messages[place - 1]?.id === question?.id && before === previousMessageId
}

/** A turn that came instead of a decision has ended what waited for it. */
const isOutdated = (before: readonly UIMessage[]): boolean => before.some(hasOpenCalls)

/** Only the answer of a run that waits has calls without an end. */
const hasOpenCalls = ({ parts }: UIMessage): boolean =>
  parts.some(
    (part) =>
      'state' in part &&
      (part.state === 'approval-requested' || part.state === 'input-available') &&
      !('providerExecuted' in part && part.providerExecuted === true),
  )

/** True when nothing follows in an answer that was read to its end: its run does not wait for anybody. */
export const isOver = (messages: readonly UIMessage[], answerId: string | null): boolean => {
  const answer = messages.find(({ id }) => id === answerId)
  return (
    answer !== undefined &&
    !hasOpenCalls(answer) &&
    !answer.parts.some((part) => 'state' in part && part.state === 'approval-responded')
  )
}
