/** What an owner's runs came to in a stretch of time: counted by the database, from an index of that owner's runs. */
import { sql, type QueryCreator } from 'kysely'
import { NO_RUNS } from '../domain/overview.ts'
import type { Durations, RunStatistics, RunTotals, TimeRange } from '../domain/overview.ts'
import { SETTLED_STATUSES, type Principal, type RunErrorCode } from '../domain/run.ts'
import type { RunOverview } from '../engine/catalog-ports.ts'
import type { OutlastDatabase } from './database.ts'
import { sayingOutage } from './outage.ts'
import type { Database } from './schema.ts'

export const createRunOverview = (db: OutlastDatabase): RunOverview =>
  sayingOutage({
    statistics: (principal: Principal, range: TimeRange, bucketMs: number) =>
      db
        .transaction()
        .setIsolationLevel('repeatable read')
        .setAccessMode('read only')
        .execute((trx) => statistics(trx, principal, range, bucketMs)),
    leases: (principal: Principal) => leases(db, principal),
  })

/** The owner of a chat is who begins its runs; only `created_by` has an index that knows times. */
const runsOf = (db: QueryCreator<Database>, { workspaceId, userId }: Principal) =>
  db
    .selectFrom('aiChatRuns')
    .innerJoin('aiChats', 'aiChats.id', 'aiChatRuns.chatId')
    .where('aiChatRuns.workspaceId', '=', workspaceId)
    .where('aiChatRuns.createdBy', '=', userId)
    .where('aiChats.workspaceId', '=', workspaceId)
    .where('aiChats.creatorId', '=', userId)

const within = (db: QueryCreator<Database>, principal: Principal, { from, to }: TimeRange) =>
  runsOf(db, principal)
    .where('aiChatRuns.createdAt', '>=', from)
    .where('aiChatRuns.createdAt', '<', to)

const tokens = (key: 'inputTokens' | 'outputTokens') =>
  sql<number | null>`sum((usage ->> ${sql.lit(key)})::bigint)`.as(key)

const costMicros = sql<number | null>`sum(cost_micros)`.as('costMicros')

async function statistics(
  db: OutlastDatabase,
  principal: Principal,
  range: TimeRange,
  bucketMs: number,
): Promise<RunStatistics> {
  const groups = await grouped(db, principal, range, bucketMs)
  const [totals = NO_RUNS] = groups.filter(({ by }) => by === BY_NOTHING).map(totalsOf)
  return {
    totals,
    buckets: groups.flatMap((row) =>
      row.by === BY_TIME && row.at ? [{ at: row.at, ...totalsOf(row) }] : [],
    ),
    byAgent: groups.flatMap((row) =>
      row.by === BY_AGENT ? [{ agent: row.agent, ...totalsOf(row) }] : [],
    ),
    byError: groups.flatMap(({ by, errorCode, runs }) =>
      by === BY_ERROR && errorCode !== null ? [{ errorCode, runs }] : [],
    ),
    byModel: await byModel(db, principal, range),
  }
}

/** What `grouping(at, agent, error_code)` says: a bit for each column that a row is not grouped by. */
const BY_NOTHING = 0b111
const BY_TIME = 0b011
const BY_AGENT = 0b101
const BY_ERROR = 0b110

const grouped = (
  db: OutlastDatabase,
  principal: Principal,
  range: TimeRange,
  bucketMs: number,
): Promise<Group[]> =>
  db
    .with('run', (qb) => measured(qb, principal, range, bucketMs))
    .selectFrom('run')
    .select([
      sql<number>`grouping(at, agent, error_code)`.as('by'),
      'at',
      'agent',
      'errorCode',
      sql<number>`count(*)`.as('runs'),
      count('succeeded').as('succeeded'),
      count('failed').as('failed'),
      count('aborted').as('aborted'),
      sql<number>`coalesce(sum(input_tokens), 0)`.as('inputTokens'),
      sql<number>`coalesce(sum(output_tokens), 0)`.as('outputTokens'),
      costMicros,
      sql<
        readonly [number, number, number] | null
      >`percentile_cont(array[0.5, 0.9, 0.99]) within group (order by duration_ms)`.as('durations'),
    ])
    .groupBy(sql`grouping sets ((), (at), (agent), (error_code))`)
    .orderBy('at')
    .orderBy('runs', 'desc')
    .orderBy('agent')
    .orderBy('errorCode')
    .execute()

const count = (status: 'succeeded' | 'failed' | 'aborted') =>
  sql<number>`count(*) filter (where status = ${sql.lit(status)})`

/** Each run of the range with what its steps used. */
const measured = (
  db: QueryCreator<Database>,
  principal: Principal,
  range: TimeRange,
  bucketMs: number,
) =>
  within(db, principal, range)
    .innerJoinLateral(
      ({ selectFrom }) =>
        selectFrom('aiChatRunSteps')
          .select([tokens('inputTokens'), tokens('outputTokens'), costMicros])
          .whereRef('aiChatRunSteps.runId', '=', 'aiChatRuns.id')
          .as('spent'),
      (join) => join.onTrue(),
    )
    .select(({ eb, ref }) => [
      'aiChatRuns.status',
      'aiChatRuns.agent',
      eb
        .case()
        .when('aiChatRuns.status', '=', 'failed')
        .then(ref('aiChatRuns.errorCode'))
        .end()
        .as('errorCode'),
      sql<Date>`date_bin(
        make_interval(secs => ${bucketMs / 1000}), ${ref('aiChatRuns.createdAt')}, timestamptz 'epoch'
      )`.as('at'),
      eb
        .case()
        .when('aiChatRuns.status', 'in', SETTLED_STATUSES)
        .then(sql<number>`(extract(epoch from finished_at - started_at) * 1000)::double precision`)
        .end()
        .as('durationMs'),
      'spent.inputTokens',
      'spent.outputTokens',
      'spent.costMicros',
    ])

const byModel = (
  db: OutlastDatabase,
  principal: Principal,
  range: TimeRange,
): Promise<RunStatistics['byModel']> =>
  db
    .with('run', (qb) => within(qb, principal, range).select('aiChatRuns.id'))
    .selectFrom('run')
    .innerJoin('aiChatRunSteps as step', 'step.runId', 'run.id')
    .select(({ fn }) => [
      fn.coalesce('step.provider', sql<string>`''`).as('provider'),
      fn.coalesce('step.modelId', sql<string>`''`).as('modelId'),
      sql<number>`count(*)`.as('steps'),
      sql<number>`coalesce(sum((usage ->> 'inputTokens')::bigint), 0)`.as('inputTokens'),
      sql<number>`coalesce(sum((usage ->> 'outputTokens')::bigint), 0)`.as('outputTokens'),
      costMicros,
    ])
    .where('step.modelId', 'is not', null)
    .groupBy(['step.provider', 'step.modelId'])
    .orderBy('steps', 'desc')
    .orderBy('step.provider')
    .orderBy('step.modelId')
    .execute()

type Group = Omit<RunTotals, 'active' | 'durationMs'> & {
  readonly by: number
  readonly at: Date | null
  readonly agent: string | null
  readonly errorCode: RunErrorCode | null
  readonly durations: readonly [number, number, number] | null
}

const totalsOf = ({ succeeded, failed, aborted, durations, ...row }: Group): RunTotals => ({
  runs: row.runs,
  ...{ succeeded, failed, aborted, active: row.runs - succeeded - failed - aborted },
  inputTokens: row.inputTokens,
  outputTokens: row.outputTokens,
  costMicros: row.costMicros,
  durationMs: durations && percentiles(durations),
})

const percentiles = ([p50, p90, p99]: readonly [number, number, number]): Durations => ({
  p50,
  p90,
  p99,
})

const leases = (db: OutlastDatabase, principal: Principal) =>
  runsOf(db, principal)
    .select([
      'aiChatRuns.id as runId',
      'aiChats.publicId as chatPublicId',
      'aiChatRuns.leaseEpoch as epoch',
      'aiChatRuns.leaseExpiresAt as expiresAt',
    ])
    .select(sql<string>`lease_holder`.as('holder'))
    .where('aiChatRuns.status', '=', 'running')
    .where('aiChatRuns.leaseHolder', 'is not', null)
    .orderBy('aiChatRuns.createdAt')
    .orderBy('aiChatRuns.id')
    .execute()
