/** What a chat must look like after any requests: the rules of PROTOCOL.md as pure functions on a small state. */
import type { TurnRequest } from '../../src/domain/turn.ts'

/** One version of a message. */
export type Said = {
  readonly role: 'user' | 'assistant'
  readonly id: string
  readonly text: string
  /** The message that it was made of by an edit. */
  readonly madeOf?: Said
}

export type RunModel = {
  readonly id: string
  readonly question: Said
  readonly answer: Said
  /** The answer in whose place this one is. */
  readonly insteadOf?: Said | undefined
}

export type ChatModel = {
  readonly messages: readonly Said[]
  readonly replaced: readonly Said[]
  readonly runs: readonly RunModel[]
  readonly active: RunModel | undefined
}

export const EMPTY_CHAT: ChatModel = { messages: [], replaced: [], runs: [], active: undefined }

export type Outcome =
  | { readonly kind: 'start' }
  | { readonly kind: 'attach'; readonly runId: string }
  | { readonly kind: 'refused'; readonly code: string; readonly activeRunId?: string | undefined }

const refused = (code: string): Outcome => ({ kind: 'refused', code })
const attach = ({ id }: RunModel): Outcome => ({ kind: 'attach', runId: id })

const currentOf = (chat: ChatModel, id: string) => chat.messages.find((said) => said.id === id)
const latestRunOf = (chat: ChatModel, question: Said | undefined) =>
  chat.runs.findLast((run) => run.question === question)
const start = ({ active }: ChatModel): Outcome =>
  active
    ? ({ ...refused('A_RUN_ALREADY_ACTIVE'), activeRunId: active.id } as Outcome)
    : { kind: 'start' }

export const textOfRequest = ({ parts }: { readonly parts: readonly object[] }): string =>
  parts.map((part) => ('text' in part ? String(part.text) : '')).join('')

/** What the request must be answered with. */
export const predict = (chat: ChatModel, request: TurnRequest): Outcome => {
  if (request.kind === 'edit')
    return predictEdit(chat, request.messageId, textOfRequest(request.message))
  if (request.kind === 'regenerate') return predictRegenerate(chat, request.messageId)
  const id = request.message.id!
  const known = currentOf(chat, id) ?? chat.replaced.findLast((said) => said.id === id)
  const run = latestRunOf(chat, known)
  return known && run ? attach(run) : start(chat)
}

const predictEdit = (chat: ChatModel, id: string, text: string): Outcome => {
  const target = currentOf(chat, id)
  if (!target) return refused('MESSAGE_NOT_FOUND')
  if (target.role === 'assistant') return refused('INVALID_REQUEST')
  const isRepeated = target.madeOf !== undefined && target.text === text
  return isRepeated ? attach(latestRunOf(chat, target)!) : start(chat)
}

const predictRegenerate = (chat: ChatModel, id: string | undefined): Outcome => {
  const target =
    id === undefined ? chat.messages.findLast(({ role }) => role === 'user') : currentOf(chat, id)
  if (target) {
    const { active } = chat
    const isMaking = active?.insteadOf !== undefined && active.question === target
    return isMaking ? attach(active) : start(chat)
  }
  const run = chat.runs.find(({ insteadOf }) => insteadOf !== undefined && insteadOf.id === id)
  return run ? attach(run) : refused('MESSAGE_NOT_FOUND')
}

/** The chat after the request has begun a run. */
export const begin = (
  chat: ChatModel,
  request: TurnRequest,
  ids: { readonly runId: string; readonly answerId: string },
): ChatModel => {
  const answer: Said = { role: 'assistant', id: ids.answerId, text: '' }
  const { question, from, insteadOf } = placeOf(chat, request)
  const kept = chat.messages.slice(0, from)
  const run = { id: ids.runId, question, answer, insteadOf }
  return {
    messages: [...kept, ...(kept.includes(question) ? [] : [question]), answer],
    replaced: [...chat.replaced, ...chat.messages.slice(from)],
    runs: [...chat.runs, run],
    active: run,
  }
}

/** Which message is answered, and the index from which messages give way. */
const placeOf = (
  { messages }: ChatModel,
  request: TurnRequest,
): { question: Said; from: number; insteadOf?: Said | undefined } => {
  if (request.kind === 'regenerate') {
    const index =
      request.messageId === undefined
        ? messages.findLastIndex(({ role }) => role === 'user')
        : messages.findIndex(({ id }) => id === request.messageId)
    const from = messages[index]?.role === 'user' ? index + 1 : index
    return { question: messages[from - 1]!, from, insteadOf: messages[from] }
  }
  const text = textOfRequest(request.message)
  if (request.kind !== 'edit')
    return {
      question: { role: 'user', id: request.message.id!, text },
      from: messages.length,
    }
  const from = messages.findIndex(({ id }) => id === request.messageId)
  const madeOf = messages[from]!
  return { question: { role: 'user', id: madeOf.id, text, madeOf }, from }
}

export const settle = (chat: ChatModel): ChatModel => ({ ...chat, active: undefined })

/** The history as a client gets it: without the answer in progress. */
export const historyOf = ({ messages, active }: ChatModel): readonly Said[] =>
  messages.filter((said) => said !== active?.answer)
