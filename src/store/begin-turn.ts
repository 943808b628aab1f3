/** The beginning of a run: user message, answer and run, all of them or none. */
import type { Insertable } from 'kysely'
import { InvariantError, TooManyActiveRunsError } from '../domain/errors.ts'
import { limitSentence } from '../domain/limits.ts'
import { textOf, type MessagePart } from '../domain/message.ts'
import { ACTIVE_STATUSES, type Principal, type RunRecord } from '../domain/run.ts'
import { cleanJson, cleanText } from '../domain/text.ts'
import { titleOf } from '../domain/title.ts'
import type { NewMessage } from '../domain/turn.ts'
import type { BeginResult, NewTurn } from '../engine/ports.ts'
import type { OutlastDatabase } from './database.ts'
import { now } from './fence.ts'
import { keepMessageFiles, lockUser } from './keep-file.ts'
import { isUniqueViolation } from './pg-errors.ts'
import { json, runColumns } from './rows.ts'
import type { AiChatMessagesTable } from './schema.ts'
import { supersedeRun } from './settle-run.ts'
import { transact } from './transaction.ts'
import { planTurn, type Place, type TurnPlan } from './turn-plan.ts'

/** Each clash means that somebody else's transaction committed, so the next look finds what it wrote. */
const MAX_TRIES = 5

export async function beginTurn(db: OutlastDatabase, turn: NewTurn): Promise<BeginResult> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transact(db, (trx) => tryBegin(trx, turn))
    } catch (error) {
      if (!isUniqueViolation(error) || attempt === MAX_TRIES) throw error
    }
  }
}

async function tryBegin(trx: OutlastDatabase, turn: NewTurn): Promise<BeginResult> {
  const chatId = await lockChat(trx, turn)
  const plan = await planTurn(trx, chatId, turn)
  if (plan.kind === 'known') return plan
  const active = await trx
    .selectFrom('aiChatRuns')
    .select(runColumns)
    .where('chatId', '=', chatId)
    .where('status', 'in', ACTIVE_STATUSES)
    .executeTakeFirst()
  if (active && !(await supersedeRun(trx, active, turn.project)))
    return { kind: 'active', run: active }
  if (turn.limits) await checkActiveRuns(trx, turn.principal, turn.limits.activeRuns)
  return { kind: 'begun', run: await insertRun(trx, chatId, turn, plan) }
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
    // Waiting for a person counts against no limit.
    .where('status', 'in', ['pending', 'running'])
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
        autoTitle: titleOf(partsOf(turn)),
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
const touchChat = (trx: OutlastDatabase, turn: NewTurn) =>
  trx
    .updateTable('aiChats')
    .set((eb) => ({
      updatedAt: now,
      autoTitle: eb.fn.coalesce('autoTitle', eb.val(titleOf(partsOf(turn)))),
    }))
    .where('workspaceId', '=', turn.principal.workspaceId)
    .where('creatorId', '=', turn.principal.userId)
    .where('publicId', '=', turn.chatId)
    .returning('id')
    .executeTakeFirst()

/** What a turn says, if it says something. */
const partsOf = (turn: NewTurn): readonly MessagePart[] =>
  (turn.kind === 'regenerate' ? turn.unsent?.parts : turn.message.parts) ?? []

async function insertRun(
  trx: OutlastDatabase,
  chatId: string,
  turn: NewTurn,
  plan: Extract<TurnPlan, { kind: 'begin' }>,
): Promise<RunRecord> {
  const { principal } = turn
  const { replaced } = plan
  const question =
    'message' in plan ? await insertQuestion(trx, chatId, turn, plan) : { id: plan.userMessageId }
  const answer = await insertMessage(trx, chatId, principal, {
    role: 'assistant',
    status: 'streaming',
  })
  if (replaced && !('message' in plan)) await supersede(trx, chatId, replaced, answer)
  return trx
    .insertInto('aiChatRuns')
    .values({
      chatId,
      workspaceId: principal.workspaceId,
      createdBy: principal.userId,
      trigger: turn.trigger,
      driver: 'engine',
      agent: turn.agent,
      options: turn.options === undefined ? null : json(turn.options),
      bound: turn.bound,
      traceParent: turn.traceParent ?? null,
      userMessageId: question.id,
      replacesMessageId: replaced?.id ?? null,
      requestKey: plan.requestKey ?? null,
      assistantMessageId: answer.id,
    })
    .returning(runColumns)
    .executeTakeFirstOrThrow()
}

type Inserted = { readonly id: string; readonly seq: number }

async function insertQuestion(
  trx: OutlastDatabase,
  chatId: string,
  { principal, limits }: NewTurn,
  { message, replaced }: { readonly message: NewMessage; readonly replaced?: Place | undefined },
): Promise<Inserted> {
  const clientId = message.id ?? null
  const owned = { owner: principal, maxOwnerBytes: limits?.ownerBytes ?? Number.POSITIVE_INFINITY }
  const chat = { id: chatId, workspaceId: principal.workspaceId }
  const parts = cleanJson(await keepMessageFiles(trx, owned, chat, message.parts)) as MessagePart[]
  const question = await insertMessage(trx, chatId, principal, {
    userId: principal.userId,
    clientId: replaced ? null : clientId,
    role: 'user',
    content: cleanText(textOf(parts)),
    metadata: json({ parts }),
  })
  if (!replaced) return question
  await supersede(trx, chatId, replaced, question)
  // Only now is the id free: what replaces a message has to exist before it does.
  await trx
    .updateTable('aiChatMessages')
    .set({ clientId })
    .where('id', '=', question.id)
    .where('workspaceId', '=', principal.workspaceId)
    .execute()
  return question
}

const insertMessage = (
  trx: OutlastDatabase,
  chatId: string,
  { workspaceId }: Principal,
  values: Omit<Insertable<AiChatMessagesTable>, 'chatId' | 'workspaceId'>,
): Promise<Inserted> =>
  trx
    .insertInto('aiChatMessages')
    .values({ ...values, chatId, workspaceId })
    .returning(['id', 'seq'])
    .executeTakeFirstOrThrow()

/** What was replaced, and everything that was said after it, gives way; nothing is deleted. */
const supersede = (trx: OutlastDatabase, chatId: string, replaced: Place, by: Inserted) =>
  trx
    .updateTable('aiChatMessages')
    .set({ supersededBy: by.id, updatedAt: now })
    .where('chatId', '=', chatId)
    .where('supersededBy', 'is', null)
    .where('seq', '>=', replaced.seq)
    .where('seq', '<', by.seq)
    .execute()
