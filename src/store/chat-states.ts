/** What followers of chats are told: one statement for everybody who follows in a process. */
import { sql } from 'kysely'
import type { LatestTurn } from '../domain/catalog.ts'
import type { MessageRecord } from '../domain/message.ts'
import { ACTIVE_STATUSES, type Principal, type RunStatus } from '../domain/run.ts'
import type {
  ChatStates,
  KnownRun,
  Look,
  NamedChat,
  Sight,
  WatchedChat,
} from '../engine/catalog-ports.ts'
import { allListings, toListing, type ListingRow } from './chat-listing.ts'
import type { OutlastDatabase } from './database.ts'
import { sayingOutage } from './outage.ts'
import { messageColumns, runColumns, toMessage } from './rows.ts'

/**
 * A turn is as old as its transaction, and may become visible so much later: the transaction waits for its user and its chat,
 * whose locks nobody holds for long.
 */
const MARGIN_MICROS = 15_000_000

const NEWEST = 100

export const createChatStates = (db: OutlastDatabase): ChatStates =>
  sayingOutage({
    look: (wanted: Look) => look(db, wanted),
    turns: (principal: Principal, publicIds: readonly string[]) => turns(db, principal, publicIds),
  })

async function look(db: OutlastDatabase, wanted: Look): Promise<Sight> {
  const rows = await db
    .selectFrom(clock(db, wanted.known))
    .leftJoin(watched(db, wanted).as('chat'), (join) => join.onTrue())
    .select(['clock.at', 'clock.gone'])
    .selectAll('chat')
    .execute()
  const [{ at, gone } = { at: 0, gone: null }] = rows
  const chats = rows.flatMap(({ at: _at, gone: _gone, ...row }) =>
    isFound(row) ? toWatched(row) : [],
  )
  return { at, gone: gone ?? [], chats }
}

type WatchedRow = ListingRow & {
  readonly workspaceId: string
  readonly creatorId: string
  readonly isStopping: boolean
  readonly leaseEpoch: number | null
  readonly isChanged: boolean
  readonly isNewest: boolean
}

/** The clock's row stands alone where there is nothing. */
const isFound = (row: {
  readonly [Key in keyof WatchedRow]: WatchedRow[Key] | null
}): row is WatchedRow => row.id !== null

const toWatched = (row: WatchedRow): WatchedChat => ({
  ...toListing(row),
  id: row.id,
  owner: { workspaceId: row.workspaceId, userId: row.creatorId },
  isStopping: row.isStopping,
  epoch: row.leaseEpoch ?? 0,
  isChanged: row.isChanged,
  isNewest: row.isNewest,
})

const clock = (db: OutlastDatabase, known: readonly KnownRun[]) => {
  // A run goes with its chat only.
  const gone = db
    .selectFrom(knownTable(known))
    .select(sql<string[] | null>`array_agg(known.chat_id)`.as('chatIds'))
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('aiChatRuns')
            .select('aiChatRuns.id')
            .whereRef('aiChatRuns.id', '=', 'known.id'),
        ),
      ),
    )
  return sql<{ at: number; gone: string[] | null }>`(
    select (extract(epoch from now()) * 1000000)::bigint as at, (${gone}) as gone
  )`.as<'clock'>(sql`clock`)
}

const watched = (db: OutlastDatabase, wanted: Look) => {
  const known = wanted.known.map(({ id }) => id)
  return allListings(db)
    .innerJoin(found(db, wanted).as('found'), 'found.id', 'aiChats.id')
    .select(({ eb }) => [
      'aiChats.workspaceId',
      'aiChats.creatorId',
      'found.isNewest',
      'latest.leaseEpoch',
      eb('latest.stopRequestedAt', 'is not', null).$castTo<boolean>().as('isStopping'),
      sql<boolean>`found.is_changed or found.is_begun`.as('isChanged'),
    ])
    .where(({ eb, or, and }) =>
      or([
        eb('found.isChanged', '=', true),
        eb('found.isNamed', '=', true),
        and([
          eb('found.isBegun', '=', true),
          eb('latest.runId', 'is not', null),
          sql<boolean>`latest.run_id <> all(${known}::text[])`,
        ]),
        and([
          eb('found.isNewest', '=', true),
          or([
            eb('latest.runStatus', 'in', ACTIVE_STATUSES),
            eb('latest.runId', 'is distinct from', eb.ref('aiChats.seenRunId')),
          ]),
        ]),
      ]),
    )
}

/** The chats that are looked for, each once, with the reasons. */
const found = (db: OutlastDatabase, wanted: Look) => {
  const all = changed(db, wanted.changed)
    .unionAll(moved(db, wanted.known))
    .unionAll(begun(db, wanted.begun))
    .unionAll(named(db, wanted.named))
    .unionAll(newest(db, wanted.newest))
  return db
    .selectFrom(all.as('one'))
    .select('one.id')
    .select([
      sql<boolean>`bool_or(reason = 'begun')`.as('isBegun'),
      sql<boolean>`bool_or(reason = 'changed')`.as('isChanged'),
      sql<boolean>`bool_or(reason = 'named')`.as('isNamed'),
      sql<boolean>`bool_or(reason = 'newest')`.as('isNewest'),
    ])
    .groupBy('one.id')
}

type Reason = 'begun' | 'changed' | 'named' | 'newest'

const because = (reason: Reason) => sql<Reason>`${sql.lit(reason)}`.as('reason')

const begun = (db: OutlastDatabase, { owners, since }: Look['begun']) =>
  db
    .selectFrom(ownerTable(owners))
    .innerJoin('aiChats', (join) =>
      join
        .onRef('aiChats.workspaceId', '=', 'owner.workspaceId')
        .onRef('aiChats.creatorId', '=', 'owner.userId')
        .on(
          'aiChats.updatedAt',
          '>',
          sql<Date>`'epoch'::timestamptz + ${since - MARGIN_MICROS}::float8 * interval '1 microsecond'`,
        ),
    )
    .select(['aiChats.id', because('begun')])

/** No longer as they are known. */
const moved = (db: OutlastDatabase, known: readonly KnownRun[]) =>
  db
    .selectFrom(knownTable(known))
    .innerJoin('aiChatRuns', 'aiChatRuns.id', 'known.id')
    .where(({ or, eb }) =>
      or([
        eb('aiChatRuns.status', '<>', eb.ref('known.status')),
        eb('aiChatRuns.leaseEpoch', '<>', eb.ref('known.epoch')),
        sql<boolean>`(stop_requested_at is not null) <> known.stopping`,
      ]),
    )
    .select(['aiChatRuns.chatId as id', because('changed')])

const changed = (db: OutlastDatabase, ids: readonly string[]) =>
  db
    .selectFrom('aiChats')
    .where('aiChats.id', '=', sql<string>`any(${ids}::text[])`)
    .select(['aiChats.id', because('changed')])

const named = (db: OutlastDatabase, chats: readonly NamedChat[]) =>
  db
    .selectFrom(
      sql<NamedChat>`unnest(
        ${chats.map(({ workspaceId }) => workspaceId)}::text[],
        ${chats.map(({ userId }) => userId)}::text[],
        ${chats.map(({ chatId }) => chatId)}::text[]
      )`.as<'named'>(sql`named(workspace_id, user_id, chat_id)`),
    )
    .innerJoin('aiChats', (join) =>
      join
        .onRef('aiChats.workspaceId', '=', 'named.workspaceId')
        .onRef('aiChats.creatorId', '=', 'named.userId')
        .onRef('aiChats.publicId', '=', 'named.chatId'),
    )
    .select(['aiChats.id', because('named')])

const newest = (db: OutlastDatabase, owners: readonly Principal[]) =>
  db
    .selectFrom(ownerTable(owners))
    .innerJoinLateral(
      ({ selectFrom }) =>
        selectFrom('aiChats')
          .select('aiChats.id')
          .whereRef('aiChats.workspaceId', '=', 'owner.workspaceId')
          .whereRef('aiChats.creatorId', '=', 'owner.userId')
          .orderBy('aiChats.updatedAt', 'desc')
          .orderBy('aiChats.id', 'desc')
          .limit(NEWEST)
          .as('own'),
      (join) => join.onTrue(),
    )
    .select(['own.id', because('newest')])

/* Values as tables, in one parameter a column however many there are */

const ownerTable = (owners: readonly Principal[]) =>
  sql<Principal>`unnest(
    ${owners.map(({ workspaceId }) => workspaceId)}::text[],
    ${owners.map(({ userId }) => userId)}::text[]
  )`.as<'owner'>(sql`owner(workspace_id, user_id)`)

const knownTable = (known: readonly KnownRun[]) =>
  sql<{ id: string; chatId: string; status: RunStatus; stopping: boolean; epoch: number }>`unnest(
    ${known.map(({ id }) => id)}::text[],
    ${known.map(({ chatId }) => chatId)}::text[],
    ${known.map(({ status }) => status)}::text[],
    ${known.map(({ isStopping }) => isStopping)}::boolean[],
    ${known.map(({ epoch }) => epoch)}::integer[]
  )`.as<'known'>(sql`known(id, chat_id, status, stopping, epoch)`)

async function turns(
  db: OutlastDatabase,
  { workspaceId, userId }: Principal,
  publicIds: readonly string[],
): Promise<LatestTurn[]> {
  const runs = await db
    .selectFrom('aiChats')
    .innerJoinLateral(
      ({ selectFrom }) =>
        selectFrom('aiChatRuns as run')
          .select('run.id')
          .whereRef('run.chatId', '=', 'aiChats.id')
          .orderBy('run.createdAt', 'desc')
          .orderBy('run.id', 'desc')
          .limit(1)
          .as('latest'),
      (join) => join.onTrue(),
    )
    .innerJoin('aiChatRuns', 'aiChatRuns.id', 'latest.id')
    .where('aiChats.workspaceId', '=', workspaceId)
    .where('aiChats.creatorId', '=', userId)
    .where('aiChats.publicId', '=', sql<string>`any(${publicIds}::text[])`)
    .select(runColumns)
    .select('aiChats.publicId as chatPublicId')
    .execute()
  const questions = await questionsOf(db, workspaceId, runs)
  return runs.map(({ chatPublicId, ...run }) => {
    const asked = questions.get(run.userMessageId ?? '')
    return {
      run,
      chatPublicId,
      question: asked?.message,
      previousPublicId: asked?.previousPublicId ?? undefined,
    }
  })
}

type Question = { readonly message: MessageRecord; readonly previousPublicId: string | null }

async function questionsOf(
  db: OutlastDatabase,
  workspaceId: string,
  runs: readonly { readonly userMessageId: string | null }[],
): Promise<ReadonlyMap<string, Question>> {
  const ids = runs.flatMap(({ userMessageId }) => userMessageId ?? [])
  if (ids.length === 0) return new Map()
  const rows = await db
    .selectFrom('aiChatMessages')
    .select(messageColumns)
    .select(({ selectFrom }) =>
      selectFrom('aiChatMessages as before')
        .select('before.publicId')
        .whereRef('before.chatId', '=', 'aiChatMessages.chatId')
        .whereRef('before.seq', '<', 'aiChatMessages.seq')
        .where('before.supersededBy', 'is', null)
        .orderBy('before.seq', 'desc')
        .limit(1)
        .as('previousPublicId'),
    )
    .where('aiChatMessages.id', 'in', ids)
    .where('aiChatMessages.workspaceId', '=', workspaceId)
    .execute()
  return new Map(
    rows.map(({ previousPublicId, ...row }) => [
      row.id,
      { message: toMessage(row), previousPublicId },
    ]),
  )
}
