/** Runs as the owner of their chats lists and inspects them. */
import { sql } from 'kysely'
import type { Page, PageRequest, RunFilter, RunListing, StepDetails } from '../domain/catalog.ts'
import type { Principal, RunErrorCode, RunHold, RunRecord } from '../domain/run.ts'
import type { Usage } from '../domain/step.ts'
import type { RunCatalog } from '../engine/catalog-ports.ts'
import type { OutlastDatabase } from './database.ts'
import { holdsOf } from './holds.ts'
import { isBehind, microsOf, pageOf } from './keyset.ts'
import { sayingOutage } from './outage.ts'
import { runColumns, toCall, toStep } from './rows.ts'

export const createRunCatalog = (db: OutlastDatabase): RunCatalog =>
  sayingOutage({
    list: (principal: Principal, filter: RunFilter, page: PageRequest) =>
      list(db, principal, filter, page),
    find: (principal: Principal, runId: string) => find(db, principal, runId),
    steps: (principal: Principal, runId: string) => steps(db, principal, runId),
    holds: (principal: Principal, runId: string) => holds(db, principal, runId),
  })

const USAGE = [
  'inputTokens',
  'outputTokens',
  'totalTokens',
  'reasoningTokens',
  'cachedInputTokens',
] as const satisfies readonly (keyof Usage)[]

/** The sum is null where no step has a number. */
const tokens = (key: (typeof USAGE)[number]) =>
  sql<number | null>`sum((usage ->> ${key})::bigint)`.as(key)

const runsOf = (db: OutlastDatabase, { workspaceId, userId }: Principal) =>
  db
    .selectFrom('aiChatRuns')
    .innerJoin('aiChats', 'aiChats.id', 'aiChatRuns.chatId')
    .where('aiChatRuns.workspaceId', '=', workspaceId)
    .where('aiChats.workspaceId', '=', workspaceId)
    .where('aiChats.creatorId', '=', userId)

const listings = (db: OutlastDatabase, principal: Principal) =>
  runsOf(db, principal)
    .innerJoinLateral(
      ({ selectFrom }) =>
        selectFrom('aiChatRunSteps')
          .select(USAGE.map(tokens))
          .select([
            sql<number | null>`sum(cost_micros)`.as('costMicros'),
            sql<string[] | null>`array_agg(distinct concat_ws('/', provider, model_id))
              filter (where model_id is not null)`.as('models'),
          ])
          .whereRef('aiChatRunSteps.runId', '=', 'aiChatRuns.id')
          .as('spent'),
      (join) => join.onTrue(),
    )
    .select(runColumns)
    .select((eb) => [
      'aiChats.publicId as chatPublicId',
      eb.fn.coalesce('aiChats.title', 'aiChats.autoTitle').as('chatTitle'),
      microsOf(eb.ref('aiChatRuns.createdAt')).as('micros'),
      'spent.costMicros',
      'spent.models',
      'spent.inputTokens',
      'spent.outputTokens',
      'spent.totalTokens',
      'spent.reasoningTokens',
      'spent.cachedInputTokens',
    ])

type ListingRow = RunRecord &
  Pick<RunListing, 'chatPublicId' | 'chatTitle' | 'costMicros'> & {
    readonly models: readonly string[] | null
  } & {
    readonly [key in (typeof USAGE)[number]]: number | null
  }

const toListing = ({
  chatPublicId,
  chatTitle,
  models,
  costMicros,
  ...row
}: ListingRow): RunListing => ({
  run: row,
  chatPublicId,
  chatTitle,
  models: models ?? [],
  costMicros,
  usage: Object.fromEntries(USAGE.flatMap((key) => (row[key] === null ? [] : [[key, row[key]]]))),
})

async function list(
  db: OutlastDatabase,
  principal: Principal,
  { statuses, trigger, agent, chatId, from, to, errorCode, minCostMicros }: RunFilter,
  { limit, after }: PageRequest,
): Promise<Page<RunListing>> {
  // The owner of a chat is who begins its runs; only `created_by` has an index that knows times.
  let runs = listings(db, principal).where('aiChatRuns.createdBy', '=', principal.userId)
  if (statuses !== undefined) runs = runs.where('aiChatRuns.status', 'in', statuses)
  if (trigger !== undefined) runs = runs.where('aiChatRuns.trigger', '=', trigger)
  if (agent !== undefined) runs = runs.where('aiChatRuns.agent', '=', agent)
  if (chatId !== undefined) runs = runs.where('aiChats.publicId', '=', chatId)
  if (from !== undefined) runs = runs.where('aiChatRuns.createdAt', '>=', from)
  if (to !== undefined) runs = runs.where('aiChatRuns.createdAt', '<', to)
  if (errorCode !== undefined)
    runs = runs.where('aiChatRuns.errorCode', '=', errorCode as RunErrorCode)
  if (minCostMicros !== undefined) runs = runs.where('spent.costMicros', '>=', minCostMicros)
  if (after !== undefined)
    runs = runs.where(({ ref }) =>
      isBehind(ref('aiChatRuns.createdAt'), ref('aiChatRuns.id'), after),
    )
  const rows = await runs
    .orderBy('aiChatRuns.createdAt', 'desc')
    .orderBy('aiChatRuns.id', 'desc')
    .limit(limit + 1)
    .execute()
  return pageOf(rows, limit, toListing)
}

async function find(
  db: OutlastDatabase,
  principal: Principal,
  runId: string,
): Promise<RunListing | undefined> {
  const row = await listings(db, principal).where('aiChatRuns.id', '=', runId).executeTakeFirst()
  return row && toListing(row)
}

async function holds(
  db: OutlastDatabase,
  principal: Principal,
  runId: string,
): Promise<readonly RunHold[]> {
  const run = await own(db, principal, runId)
  return run ? holdsOf(db, { runId, workspaceId: run.workspaceId }) : []
}

const own = (db: OutlastDatabase, principal: Principal, runId: string) =>
  runsOf(db, principal)
    .select(['aiChatRuns.id', 'aiChatRuns.workspaceId'])
    .where('aiChatRuns.id', '=', runId)
    .executeTakeFirst()

async function steps(
  db: OutlastDatabase,
  principal: Principal,
  runId: string,
): Promise<readonly StepDetails[] | undefined> {
  const run = await own(db, principal, runId)
  if (!run) return undefined
  // Steps first: calls that are newer than a step are what the run was a moment later.
  const stepRows = await db
    .selectFrom('aiChatRunSteps')
    .selectAll()
    .where('runId', '=', run.id)
    .where('workspaceId', '=', run.workspaceId)
    .orderBy('stepIndex')
    .execute()
  const callRows = await db
    .selectFrom('aiChatRunToolCalls')
    .selectAll()
    .where('runId', '=', run.id)
    .where('workspaceId', '=', run.workspaceId)
    .orderBy('seq')
    .execute()
  return stepRows.map((row) => ({
    step: toStep(row),
    calls: callRows
      .filter(({ stepIndex }) => stepIndex === row.stepIndex)
      .map((call) => ({
        ...toCall(call),
        startedAt: call.startedAt,
        finishedAt: call.finishedAt,
        decidedAt: call.decidedAt,
      })),
  }))
}
