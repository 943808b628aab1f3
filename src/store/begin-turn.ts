/** The beginning of a run: user message, answer and run, all of them or none. */
import { InvalidRequestError, InvariantError, TooManyActiveRunsError } from '../domain/errors.ts'
import { limitSentence } from '../domain/limits.ts'
import { textOf, type MessagePart } from '../domain/message.ts'
import { ACTIVE_STATUSES, type Principal, type RunRecord } from '../domain/run.ts'
import { cleanJson, cleanText } from '../domain/text.ts'
import type { BeginResult, NewTurn } from '../engine/ports.ts'
import type { OutlastDatabase } from './database.ts'
import { now } from './fence.ts'
import { keepMessageFiles, lockUser } from './keep-file.ts'
import { isSerializationClash, isUniqueViolation } from './pg-errors.ts'
import { json, runColumns } from './rows.ts'
import { transact } from './transaction.ts'

/** Each clash means that somebody else's transaction committed, so the next look finds what it wrote. */
const MAX_TRIES = 5

export async function beginTurn(db: OutlastDatabase, turn: NewTurn): Promise<BeginResult> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transact(db, (trx) => tryBegin(trx, turn))
    } catch (error) {
      const clash = isUniqueViolation(error) || isSerializationClash(error)
      if (!clash || attempt === MAX_TRIES) throw error
    }
  }
}

type Message = { readonly id: string; readonly role: string }

async function tryBegin(trx: OutlastDatabase, turn: NewTurn): Promise<BeginResult> {
  const chatId = await lockChat(trx, turn)
  const known = await findMessage(trx, chatId, turn)
  if (known) {
    const run = await findRun(trx, known)
    if (run) return { kind: 'known', run }
  }
  const active = await trx
    .selectFrom('aiChatRuns')
    .select(runColumns)
    .where('chatId', '=', chatId)
    .where('status', 'in', ACTIVE_STATUSES)
    .executeTakeFirst()
  if (active) return { kind: 'active', run: active }
  if (turn.limits) await checkActiveRuns(trx, turn.principal, turn.limits.activeRuns)
  const message = known ?? (await insertMessage(trx, chatId, turn))
  return { kind: 'begun', run: await insertRun(trx, chatId, message.id, turn) }
}

/** Counted behind a lock of the user's row, so that simultaneous turns in several chats see each other's runs. */
async function checkActiveRuns(
  trx: OutlastDatabase,
  principal: Principal,
  most: number,
): Promise<void> {
  await lockUser(trx, principal)
  const active = await trx
    .selectFrom('aiChatRuns')
    .select('id')
    .where('workspaceId', '=', principal.workspaceId)
    .where('createdBy', '=', principal.userId)
    .where('status', 'in', ACTIVE_STATUSES)
    .orderBy('createdAt')
    .execute()
  if (active.length < most) return
  const ids = active.map(({ id }) => id)
  throw new TooManyActiveRunsError(limitSentence('activeRuns', most), ids)
}

/**
 * Finds or makes the chat. Its row stays locked until the transaction ends, so turns of one chat begin one after the other
 * and the messages' order is the order of their runs; who else inserts a run meets the unique index.
 */
async function lockChat(trx: OutlastDatabase, turn: NewTurn): Promise<string> {
  const { principal, chatId } = turn
  const chat =
    (await touchChat(trx, turn)) ??
    (await trx
      .insertInto('aiChats')
      .values({
        workspaceId: principal.workspaceId,
        creatorId: principal.userId,
        clientId: chatId,
      })
      .onConflict((conflict) => conflict.constraint('ai_chats_public_id_key').doNothing())
      .returning('id')
      .executeTakeFirst()) ??
    (await touchChat(trx, turn))
  if (chat === undefined)
    throw new InvariantError(`The chat ${chatId} can neither be made nor found.`)
  return chat.id
}

/** An update of its own: `on conflict do update` would lock out those who only refer to the chat. */
const touchChat = (trx: OutlastDatabase, { principal, chatId }: NewTurn) =>
  trx
    .updateTable('aiChats')
    .set({ updatedAt: now })
    .where('workspaceId', '=', principal.workspaceId)
    .where('creatorId', '=', principal.userId)
    .where('publicId', '=', chatId)
    .returning('id')
    .executeTakeFirst()

async function findMessage(
  trx: OutlastDatabase,
  chatId: string,
  { message }: NewTurn,
): Promise<Message | undefined> {
  if (message.id === undefined) return undefined
  const known = await trx
    .selectFrom('aiChatMessages')
    .select(['id', 'role'])
    .where('chatId', '=', chatId)
    .where('publicId', '=', message.id)
    .executeTakeFirst()
  if (known && known.role !== 'user')
    throw new InvalidRequestError('The id of the new message belongs to an answer in this chat.')
  return known
}

/** The latest run that the message began. */
const findRun = (trx: OutlastDatabase, message: Message): Promise<RunRecord | undefined> =>
  trx
    .selectFrom('aiChatRuns')
    .select(runColumns)
    .where('userMessageId', '=', message.id)
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()

async function insertMessage(
  trx: OutlastDatabase,
  chatId: string,
  { principal, message, limits }: NewTurn,
): Promise<Message> {
  const { workspaceId, userId } = principal
  const owned = { owner: principal, maxOwnerBytes: limits?.ownerBytes ?? Number.POSITIVE_INFINITY }
  const kept = await keepMessageFiles(trx, owned, { id: chatId, workspaceId }, message.parts)
  const parts = cleanJson(kept) as MessagePart[]
  return trx
    .insertInto('aiChatMessages')
    .values({
      chatId,
      workspaceId,
      userId,
      clientId: message.id ?? null,
      role: 'user',
      content: cleanText(textOf(parts)),
      metadata: json({ parts }),
    })
    .returning(['id', 'role'])
    .executeTakeFirstOrThrow()
}

async function insertRun(
  trx: OutlastDatabase,
  chatId: string,
  userMessageId: string,
  { principal: { workspaceId, userId }, ...turn }: NewTurn,
): Promise<RunRecord> {
  const answer = await trx
    .insertInto('aiChatMessages')
    .values({ chatId, workspaceId, role: 'assistant', status: 'streaming' })
    .returning('id')
    .executeTakeFirstOrThrow()
  return trx
    .insertInto('aiChatRuns')
    .values({
      chatId,
      workspaceId,
      createdBy: userId,
      trigger: turn.trigger,
      driver: 'engine',
      agent: turn.agent,
      options: turn.options === undefined ? null : json(turn.options),
      bound: turn.bound,
      userMessageId,
      assistantMessageId: answer.id,
    })
    .returning(runColumns)
    .executeTakeFirstOrThrow()
}
