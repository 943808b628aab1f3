/** The beginning of a run: user message, answer and run, all of them or none. */
import { sql, type Insertable } from 'kysely'
import {
  InvariantError,
  QueueFullError,
  TooManyActiveRunsError,
  type OutlastError,
} from '../domain/errors.ts'
import { limitSentence } from '../domain/limits.ts'
import { textOf, type MessagePart } from '../domain/message.ts'
import { ACTIVE_STATUSES, type RunRecord } from '../domain/run.ts'
import { cleanJson, cleanText } from '../domain/text.ts'
import { titleOf } from '../domain/title.ts'
import type { NewMessage } from '../domain/turn.ts'
import type { BeginResult, NewTurn } from '../engine/ports.ts'
import { isPending } from './admissions.ts'
import type { OutlastDatabase } from './database.ts'
import { now } from './fence.ts'
import { keepMessageFiles, lockUser } from './keep-file.ts'
import { isUniqueViolation } from './pg-errors.ts'
import { json, runColumns } from './rows.ts'
import type { AiChatMessagesTable } from './schema.ts'
import { supersedeRun } from './settle-run.ts'
import { transact } from './transaction.ts'
import { findRepeated, requestHash } from './turn-key.ts'
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
  const chat = await lockChat(trx, turn)
  const repeated = chat.isNew ? undefined : await findRepeated(trx, chat.id, turn)
  if (repeated) return { kind: 'known', run: repeated }
  const plan = await planOf(trx, chat, turn)
  if (plan.kind === 'known') return plan
  const active = chat.isNew ? undefined : await activeRun(trx, chat)
  if (active && !(await supersedeRun(trx, active, turn.project)))
    return { kind: 'active', run: active }
  return { kind: 'begun', run: await insertTurn(trx, chat.id, turn, plan) }
}

type LockedChat = { readonly id: string; readonly isNew: boolean }

/** There is nothing to be found in a chat that was just made. */
const planOf = async (
  trx: OutlastDatabase,
  { id, isNew }: LockedChat,
  turn: NewTurn,
): Promise<TurnPlan> =>
  isNew && (turn.kind === undefined || turn.kind === 'new')
    ? { kind: 'begin', message: turn.message }
    : planTurn(trx, id, turn)

const activeRun = (trx: OutlastDatabase, chat: LockedChat): Promise<RunRecord | undefined> =>
  trx
    .selectFrom('aiChatRuns')
    .select(runColumns)
    .where('chatId', '=', chat.id)
    .where('status', 'in', ACTIVE_STATUSES)
    .executeTakeFirst()

async function lockChat(trx: OutlastDatabase, turn: NewTurn): Promise<LockedChat> {
  // The second look sees what somebody made while the first one waited.
  const chat = (await touchOrMakeChat(trx, turn)) ?? (await touchOrMakeChat(trx, turn))
  if (chat === undefined)
    throw new InvariantError(`The chat ${turn.chatId} can neither be made nor found.`)
  return chat
}

/**
 * Locks the user, then the chat, until the transaction ends: simultaneous turns of a user count each other's runs, turns of
 * one chat begin one after the other, and the messages' order is the order of their runs. Not by `on conflict do update`,
 * which would lock out those who only refer to the chat. Who else inserts a run meets the unique index.
 */
const touchOrMakeChat = (trx: OutlastDatabase, turn: NewTurn): Promise<LockedChat | undefined> =>
  trx
    .with('owner', (qb) => lockUser(qb, turn.principal))
    .with('touched', (qb) =>
      qb
        .updateTable('aiChats')
        .from('owner')
        .set((eb) => ({
          updatedAt: now,
          autoTitle: eb.fn.coalesce('autoTitle', eb.val(titleOf(partsOf(turn)))),
        }))
        .whereRef('aiChats.workspaceId', '=', 'owner.workspaceId')
        .whereRef('aiChats.creatorId', '=', 'owner.id')
        .where('aiChats.publicId', '=', turn.chatId)
        .returning('aiChats.id'),
    )
    .with('made', (qb) =>
      qb
        .insertInto('aiChats')
        .columns(['workspaceId', 'creatorId', 'clientId', 'autoTitle'])
        .expression((eb) =>
          eb
            .selectFrom('owner')
            .select(['owner.workspaceId', 'owner.id'])
            .select(({ val }) => [
              val(turn.chatId).as('clientId'),
              val(titleOf(partsOf(turn))).as('autoTitle'),
            ])
            .where(({ not, exists, selectFrom }) =>
              not(exists(selectFrom('touched').select('touched.id'))),
            ),
        )
        .onConflict((conflict) => conflict.constraint('ai_chats_public_id_key').doNothing())
        .returning('id'),
    )
    .selectFrom('touched')
    .select(['touched.id', sql<boolean>`false`.as('isNew')])
    .unionAll((eb) => eb.selectFrom('made').select(['made.id', sql<boolean>`true`.as('isNew')]))
    .executeTakeFirst()

/** What a turn says, if it says something. */
const partsOf = (turn: NewTurn): readonly MessagePart[] =>
  (turn.kind === 'regenerate' ? turn.unsent?.parts : turn.message.parts) ?? []

type Begin = Extract<TurnPlan, { kind: 'begin' }>

async function insertTurn(
  trx: OutlastDatabase,
  chatId: string,
  turn: NewTurn,
  plan: Begin,
): Promise<RunRecord> {
  const { replaced } = plan
  const question = await questionOf(trx, chatId, turn, plan)
  const run = await insertRun(trx, { chatId, question }, turn, plan)
  if (!run) throw await refusal(trx, turn)
  if (replaced && !('message' in plan))
    await supersede(trx, chatId, replaced, run.assistantMessageId!)
  return run
}

/** What is answered: a message of the chat, or the row of a new one. */
async function questionOf(
  trx: OutlastDatabase,
  chatId: string,
  turn: NewTurn,
  plan: Begin,
): Promise<string | MessageRow> {
  if (!('message' in plan)) return plan.userMessageId
  const row = await questionRow(trx, chatId, turn, plan.message)
  return plan.replaced ? replaceQuestion(trx, plan.replaced, row) : row
}

/** The run with its answer and, if it is new, its question; undefined when there are as many runs as may be. */
const insertRun = (
  trx: OutlastDatabase,
  { chatId, question }: { readonly chatId: string; readonly question: string | MessageRow },
  turn: NewTurn,
  plan: Begin,
): Promise<RunRecord | undefined> => {
  const { workspaceId, userId } = turn.principal
  const { limits } = turn
  const row = {
    chatId,
    workspaceId,
    createdBy: userId,
    trigger: turn.trigger,
    driver: 'engine' as const,
    agent: turn.agent,
    options: turn.options === undefined ? null : json(turn.options),
    traceParent: turn.traceParent ?? null,
    replacesMessageId: plan.replaced?.id ?? null,
    requestKey: plan.requestKey ?? null,
    idempotencyKey: turn.turnKey?.key ?? null,
    requestHash: turn.turnKey ? requestHash(turn.turnKey) : null,
  }
  const columns = Object.keys(row) as (keyof typeof row)[]
  return trx
    .with('question', (qb) =>
      typeof question === 'string'
        ? qb
            .selectFrom('aiChatMessages')
            .select('id')
            .where('id', '=', question)
            .where('workspaceId', '=', workspaceId)
        : qb.insertInto('aiChatMessages').values(question).returning('id'),
    )
    .with('answer', (qb) =>
      qb
        .insertInto('aiChatMessages')
        .columns(['chatId', 'workspaceId', 'role', 'status'])
        // From the question, so that it comes after it.
        .expression((eb) =>
          eb
            .selectFrom('question')
            .select(({ val }) => [
              val(chatId).as('chatId'),
              val(workspaceId).as('workspaceId'),
              val('assistant').as('role'),
              val('streaming').as('status'),
            ]),
        )
        .returning('id'),
    )
    .insertInto('aiChatRuns')
    .columns(['userMessageId', 'assistantMessageId', 'bound', 'admittedAt', ...columns])
    .expression((eb) =>
      eb
        .selectFrom(['question', 'answer'])
        .select(['question.id as userMessageId', 'answer.id as assistantMessageId'])
        .select(() => isBound(trx, workspaceId).as('bound'))
        .select(() => admittedAt(trx, turn).as('admittedAt'))
        .select(({ val }) => columns.map((column) => val(row[column]).as(column)))
        .$if(limits !== undefined, (query) =>
          query
            .where(
              countedRuns(trx, turn).select(eb.fn.countAll<number>().as('runs')),
              '<',
              limits!.activeRuns,
            )
            .where((may) =>
              may.or([
                isBound(trx, workspaceId),
                may.not(
                  may.or([
                    may.exists(lastPending(trx, limits!.workspacePendingRuns, workspaceId)),
                    may.exists(lastPending(trx, limits!.pendingRuns)),
                  ]),
                ),
              ]),
            ),
        ),
    )
    .returning(runColumns)
    .executeTakeFirst()
}

/** Whether the workspace's runs end with their request; they do not when the setting is absent. */
const isBound = (trx: OutlastDatabase, workspaceId: string) =>
  trx
    .selectFrom('workspaces')
    .select(
      sql<boolean>`coalesce(settings -> 'ai' -> 'autonomousRuns' = 'false'::jsonb, false)`.as(
        'bound',
      ),
    )
    .where('id', '=', workspaceId)

/** Nobody lets a bound run in. */
const admittedAt = (trx: OutlastDatabase, { admitted = false, principal }: NewTurn) =>
  sql<Date | null>`case when ${admitted} and not ${isBound(trx, principal.workspaceId)} then now() end`

/** Of the user, whose row is locked. Waiting for a person counts against no limit. */
const countedRuns = (trx: OutlastDatabase, { principal }: NewTurn) =>
  trx
    .selectFrom('aiChatRuns')
    .where('workspaceId', '=', principal.workspaceId)
    .where('createdBy', '=', principal.userId)
    .where('status', 'in', ['pending', 'running'])

/** The last of as many runs as may wait to be let in; none while there is room. In the order of an index, which is all that is read. */
const lastPending = (trx: OutlastDatabase, most: number, workspaceId?: string) =>
  trx
    .selectFrom('aiChatRuns')
    .select('id')
    .where(isPending)
    .$if(workspaceId !== undefined, (query) => query.where('workspaceId', '=', workspaceId!))
    .orderBy('workspaceId')
    .orderBy('createdAt')
    .orderBy('id')
    .offset(most - 1)
    .limit(1)

/** Why there is no run. */
async function refusal(trx: OutlastDatabase, turn: NewTurn): Promise<OutlastError> {
  const { activeRuns, workspacePendingRuns, pendingRuns } = turn.limits!
  const runs = await countedRuns(trx, turn).select('id').orderBy('createdAt').execute()
  const ids = runs.map(({ id }) => id)
  if (ids.length >= activeRuns)
    return new TooManyActiveRunsError(limitSentence('activeRuns', activeRuns), ids)
  const { workspaceId } = turn.principal
  const ofWorkspace = await lastPending(trx, workspacePendingRuns, workspaceId).executeTakeFirst()
  return new QueueFullError(
    ofWorkspace
      ? limitSentence('workspacePendingRuns', workspacePendingRuns)
      : limitSentence('pendingRuns', pendingRuns),
  )
}

type MessageRow = Insertable<AiChatMessagesTable>

async function questionRow(
  trx: OutlastDatabase,
  chatId: string,
  { principal, limits }: NewTurn,
  message: NewMessage,
): Promise<MessageRow> {
  const { workspaceId, userId } = principal
  const owned = { owner: principal, maxOwnerBytes: limits?.ownerBytes ?? Number.POSITIVE_INFINITY }
  const chat = { id: chatId, workspaceId }
  const parts = cleanJson(await keepMessageFiles(trx, owned, chat, message.parts)) as MessagePart[]
  return {
    chatId,
    workspaceId,
    userId,
    clientId: message.id ?? null,
    role: 'user',
    content: cleanText(textOf(parts)),
    metadata: json({ parts }),
  }
}

/** Its id is free only after what it replaces has given way, for which it has to exist. */
async function replaceQuestion(
  trx: OutlastDatabase,
  replaced: Place,
  { clientId, ...row }: MessageRow,
): Promise<string> {
  const { id } = await trx
    .insertInto('aiChatMessages')
    .values(row)
    .returning('id')
    .executeTakeFirstOrThrow()
  await supersede(trx, row.chatId, replaced, id)
  await trx
    .updateTable('aiChatMessages')
    .set({ clientId: clientId ?? null })
    .where('id', '=', id)
    .where('workspaceId', '=', row.workspaceId)
    .execute()
  return id
}

/** What was replaced, and everything that was said after it, gives way; nothing is deleted. */
const supersede = (trx: OutlastDatabase, chatId: string, replaced: Place, by: string) =>
  trx
    .updateTable('aiChatMessages')
    .set({ supersededBy: by, updatedAt: now })
    .where('chatId', '=', chatId)
    .where('supersededBy', 'is', null)
    .where('seq', '>=', replaced.seq)
    .where('id', '<>', by)
    .execute()
