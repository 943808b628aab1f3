/** What a chat shows, compared with what the server says of it. */
import type { UIMessage } from 'ai'
import type { RunEnvelope } from '../protocol/envelopes.ts'

/**
 * The messages that stand where the server has them. An answer's id determines everything before it, so whoever knows the
 * message before a question knows all that it needs; the first of those that are shown needs none. What the chat itself puts
 * behind a history that has become old is not known.
 */
export class KnownMessages {
  #ids: ReadonlySet<string> = new Set()
  #hasEarlier = false

  /** The server has messages before the first one that is shown. */
  get hasEarlier(): boolean {
    return this.#hasEarlier
  }

  /** The history as the server has it. */
  set(messages: readonly UIMessage[], hasEarlier: boolean): void {
    this.#ids = new Set(messages.map(({ id }) => id))
    this.#hasEarlier = hasEarlier
  }

  /** Those before what is shown, as the server has them. */
  add(messages: readonly UIMessage[], hasEarlier: boolean): void {
    this.#ids = new Set([...this.#ids, ...messages.map(({ id }) => id)])
    this.#hasEarlier = hasEarlier
  }

  /** Makes the question of a run the last message. @returns false when what stands before it is not known */
  place<MESSAGE extends UIMessage>(chat: { messages: MESSAGE[] }, news: RunEnvelope): boolean {
    const isFirst = this.#isFirst(chat.messages, news)
    const isPlaced = (isFirst || this.#hasBefore(news)) && placeQuestion(chat, news, isFirst)
    if (!isPlaced) return false
    if (news.previousMessageId === null) this.#hasEarlier = false
    return this.#learn(news)
  }

  /** True when the answer of this run, which is at rest, is the last message as it is now, behind what it answers. */
  isShown(messages: readonly UIMessage[], news: RunEnvelope): boolean {
    const isFirst = this.#isFirst(messages, news)
    const isShown = (isFirst || this.#hasBefore(news)) && isAnswered(messages, news, isFirst)
    return isShown && this.#learn(news)
  }

  /** What is shown before the newest page of the server, and is still so. */
  before<MESSAGE extends UIMessage>(
    shown: readonly MESSAGE[],
    [question, answer]: readonly MESSAGE[],
  ): readonly MESSAGE[] {
    const isKnown = ({ id }: UIMessage) => this.#ids.has(id)
    const place = shown.findIndex(({ id }) => id === question?.id)
    const isSame = answer !== undefined && shown[place + 1]?.id === answer.id && isKnown(answer)
    const earlier = isSame ? shown.slice(0, place) : []
    return earlier.every(isKnown) && !isOutdated(earlier) ? earlier : []
  }

  #hasBefore({ previousMessageId }: RunEnvelope): boolean {
    return previousMessageId === null || this.#ids.has(previousMessageId)
  }

  /** What stands before the question is on the server only, and is what the server had when it gave the question. */
  #isFirst(messages: readonly UIMessage[], { question }: RunEnvelope): boolean {
    const isFirst = question !== null && messages[0]?.id === question.id
    return this.#hasEarlier && isFirst && this.#ids.has(question.id)
  }

  #learn({ run }: RunEnvelope): true {
    if (run?.assistantMessageId != null) this.#ids = new Set(this.#ids).add(run.assistantMessageId)
    return true
  }
}

const placeQuestion = <MESSAGE extends UIMessage>(
  chat: { messages: MESSAGE[] },
  { question, previousMessageId }: RunEnvelope,
  isFirst: boolean,
): boolean => {
  const { messages } = chat
  const place = messages.findIndex(({ id }) => id === previousMessageId) + 1
  if (question === null || (previousMessageId !== null && place === 0 && !isFirst)) return false
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
  isFirst: boolean,
): boolean => {
  const place = messages.findIndex(({ id }) => id === run?.assistantMessageId)
  const answer = messages[place]
  // What was begun before an edit elsewhere may have been read after it.
  if (!answer || place < messages.length - 1) return false
  if (hasOpenCalls(answer) !== (run?.status === 'waiting')) return false
  if (isOutdated(messages.slice(0, place))) return false
  if (messages[place - 1]?.id !== question?.id) return false
  return (place === 1 && isFirst) || (messages[place - 2]?.id ?? null) === previousMessageId
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
