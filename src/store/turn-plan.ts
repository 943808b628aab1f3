/** What a request means for its chat: which message is answered, and what gives way. Only reads; the chat is locked. */
import { createHash } from 'node:crypto'
import { InvalidRequestError, MessageNotFoundError } from '../domain/errors.ts'
import type { MessageRole } from '../domain/message.ts'
import type { RunRecord } from '../domain/run.ts'
import { cleanJson } from '../domain/text.ts'
import type { NewMessage, TurnRequest } from '../domain/turn.ts'
import type { OutlastDatabase } from './database.ts'
import { json, runColumns } from './rows.ts'

/** A message where it stands in its chat. */
export type Place = { readonly id: string; readonly role: MessageRole; readonly seq: number }

export type TurnPlan =
  | { readonly kind: 'known'; readonly run: RunRecord }
  | ({
      readonly kind: 'begin'
      /** It gives way, and everything after it. */
      readonly replaced?: Place | undefined
      readonly requestKey?: string
    } & ({ readonly userMessageId: string } | { readonly message: NewMessage }))

type Request<Kind> = Extract<TurnRequest, { kind?: Kind }>

/** @throws MessageNotFoundError, InvalidRequestError */
export const planTurn = (
  trx: OutlastDatabase,
  chatId: string,
  request: TurnRequest,
): Promise<TurnPlan> => {
  switch (request.kind) {
    case 'edit':
      return planEdit(trx, chatId, request)
    case 'regenerate':
      return planRegenerate(trx, chatId, request)
    case 'new':
    case undefined:
      return planNew(trx, chatId, request.message)
    default:
      return request satisfies never
  }
}

async function planNew(
  trx: OutlastDatabase,
  chatId: string,
  message: NewMessage,
): Promise<TurnPlan> {
  const known = message.id === undefined ? undefined : await findAny(trx, chatId, message.id)
  if (!known) return { kind: 'begin', message }
  if (known.role !== 'user')
    throw new InvalidRequestError('The id of the new message belongs to an answer in this chat.')
  const run = await latestRunOf(trx, known)
  if (run) return { kind: 'known', run }
  return known.isReplaced ? { kind: 'begin', message } : { kind: 'begin', userMessageId: known.id }
}

async function planEdit(
  trx: OutlastDatabase,
  chatId: string,
  { messageId, message }: Request<'edit'>,
): Promise<TurnPlan> {
  const id = message.id ?? messageId
  const holder = await findCurrent(trx, chatId, id)
  if (holder && (await wasMadeBy(trx, chatId, holder, messageId, message))) {
    const run = await latestRunOf(trx, holder)
    if (run) return { kind: 'known', run }
  }
  const target = id === messageId ? holder : await findCurrent(trx, chatId, messageId)
  if (!target) throw notFound(messageId)
  if (target.role !== 'user')
    throw new InvalidRequestError('Only messages of the user can be edited, and this is an answer.')
  if (holder && holder.id !== target.id)
    throw new InvalidRequestError(
      'The id of the edited message belongs to another message of this chat.',
    )
  return {
    kind: 'begin',
    message: { ...message, id },
    replaced: target,
    requestKey: editKey(target.id, message),
  }
}

/** True when the message is what this very edit made of `messageId`: the request is repeated. */
async function wasMadeBy(
  trx: OutlastDatabase,
  chatId: string,
  holder: Place,
  messageId: string,
  edited: NewMessage,
): Promise<boolean> {
  const before = await trx
    .selectFrom('aiChatMessages')
    .select('id')
    .where('chatId', '=', chatId)
    .where('publicId', '=', messageId)
    .where('supersededBy', '=', holder.id)
    .executeTakeFirst()
  if (!before) return false
  const run = await trx
    .selectFrom('aiChatRuns')
    .select('id')
    .where('chatId', '=', chatId)
    .where('requestKey', '=', editKey(before.id, edited))
    .executeTakeFirst()
  return run !== undefined
}

/** A version is replaced once, so the key is unique also where a text is edited back and forth. */
const editKey = (replacedId: string, { parts }: NewMessage): string =>
  `edit:${replacedId}:${createHash('sha256')
    .update(json(cleanJson(parts)))
    .digest('base64url')}`

async function planRegenerate(
  trx: OutlastDatabase,
  chatId: string,
  { messageId, unsent }: Request<'regenerate'>,
): Promise<TurnPlan> {
  if (messageId === undefined) {
    const last = await findNeighbour(trx, chatId, { role: 'user' })
    if (last) return planAgain(trx, chatId, last)
    throw new MessageNotFoundError('There is no message in this chat that could be answered again.')
  }
  const target = await findAny(trx, chatId, messageId)
  if (target && !target.isReplaced) return planAgain(trx, chatId, target)
  if (target?.role === 'assistant') {
    const run = await runThatReplaced(trx, chatId, target)
    if (run) return { kind: 'known', run }
  }
  if (!target && unsent) return { kind: 'begin', message: unsent }
  throw notFound(messageId)
}

async function planAgain(trx: OutlastDatabase, chatId: string, target: Place): Promise<TurnPlan> {
  const isAnswer = target.role === 'assistant'
  const user = isAnswer
    ? await findNeighbour(trx, chatId, { before: target, role: 'user' })
    : target
  if (user?.role !== 'user')
    throw new InvalidRequestError('There is no message of the user here that could be answered.')
  const replaced = isAnswer ? target : await findNeighbour(trx, chatId, { after: user })
  const repeated = !isAnswer && replaced && (await findRegenerating(trx, chatId, replaced))
  return repeated
    ? { kind: 'known', run: repeated }
    : { kind: 'begin', userMessageId: user.id, replaced }
}

const notFound = (messageId: string) =>
  new MessageNotFoundError(`There is no message ${messageId} in this chat, or it was replaced.`)

const PLACE = ['id', 'role', 'seq'] as const

const findCurrent = (
  trx: OutlastDatabase,
  chatId: string,
  publicId: string,
): Promise<Place | undefined> =>
  trx
    .selectFrom('aiChatMessages')
    .select(PLACE)
    .where('chatId', '=', chatId)
    .where('publicId', '=', publicId)
    .where('supersededBy', 'is', null)
    .executeTakeFirst()

/** The message that has the id now, or else the latest one that had it. */
const findAny = (trx: OutlastDatabase, chatId: string, publicId: string) =>
  trx
    .selectFrom('aiChatMessages')
    .select((eb) => [
      ...PLACE,
      eb('supersededBy', 'is not', null).$castTo<boolean>().as('isReplaced'),
    ])
    .where('chatId', '=', chatId)
    .where('publicId', '=', publicId)
    .orderBy('isReplaced')
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()

/** The message next to another one, or the last of all, among those of the chat that were not replaced. */
const findNeighbour = (
  trx: OutlastDatabase,
  chatId: string,
  { before, after, role }: { before?: Place; after?: Place; role?: MessageRole },
): Promise<Place | undefined> =>
  trx
    .selectFrom('aiChatMessages')
    .select(PLACE)
    .where('chatId', '=', chatId)
    .where('supersededBy', 'is', null)
    .$if(role !== undefined, (query) => query.where('role', '=', role!))
    .$if(before !== undefined, (query) => query.where('seq', '<', before!.seq))
    .$if(after !== undefined, (query) => query.where('seq', '>', after!.seq))
    .orderBy('seq', after ? 'asc' : 'desc')
    .limit(1)
    .executeTakeFirst()

/** The latest run that the message began. */
const latestRunOf = (trx: OutlastDatabase, message: Place): Promise<RunRecord | undefined> =>
  trx
    .selectFrom('aiChatRuns')
    .select(runColumns)
    .where('userMessageId', '=', message.id)
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()

const runThatReplaced = (
  trx: OutlastDatabase,
  chatId: string,
  message: Place,
): Promise<RunRecord | undefined> =>
  trx
    .selectFrom('aiChatRuns')
    .select(runColumns)
    .where('chatId', '=', chatId)
    .where('replacesMessageId', '=', message.id)
    .executeTakeFirst()

/** The run that is making this answer in place of another one, unless it was asked to stop. */
const findRegenerating = (
  trx: OutlastDatabase,
  chatId: string,
  answer: Place,
): Promise<RunRecord | undefined> =>
  trx
    .selectFrom('aiChatRuns')
    .select(runColumns)
    .where('chatId', '=', chatId)
    .where('assistantMessageId', '=', answer.id)
    .where('status', 'in', ['pending', 'running'])
    .where('stopRequestedAt', 'is', null)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('aiChatMessages as replaced')
          .select('replaced.id')
          .where('replaced.supersededBy', '=', answer.id),
      ),
    )
    .executeTakeFirst()
