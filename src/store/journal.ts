/** Journal and ledger of runs: append-only, fenced, each write all or nothing. */
import type { ExpressionBuilder, OnConflictDatabase, OnConflictTables } from 'kysely'
import { InvariantError } from '../domain/errors.ts'
import type { Lease } from '../domain/run.ts'
import type { StepRecord, ToolCallEnd, ToolCallRecord } from '../domain/step.ts'
import type { Journal, RunJournal } from '../engine/ports.ts'
import type { OutlastDatabase } from './database.ts'
import { held, heldRun } from './fence.ts'
import { sayingOutage } from './outage.ts'
import { callEndPatch, recordedCallRow, startedCallRow, stepRow, toCall, toStep } from './rows.ts'
import type { Database } from './schema.ts'
import { transact } from './transaction.ts'

/** Writing the same thing twice is writing it once: the first answer may have been lost with the connection. */
export const createJournal = (db: OutlastDatabase): Journal =>
  sayingOutage({
    appendStep: (lease: Lease, step: StepRecord) => appendStep(db, lease, step),
    startCall: (lease: Lease, call: ToolCallRecord) => startCall(db, lease, call),
    recordCalls: (lease: Lease, calls: readonly ToolCallRecord[]) => recordCalls(db, lease, calls),
    endCall: (lease: Lease, stepIndex: number, toolCallId: string, end: ToolCallEnd) =>
      endCall(db, lease, { stepIndex, toolCallId }, end),
    load: (runId: string, workspaceId: string) => loadJournal(db, runId, workspaceId),
  })

async function appendStep(db: OutlastDatabase, lease: Lease, step: StepRecord): Promise<void> {
  const row = stepRow(step)
  const columns = Object.keys(row) as (keyof typeof row)[]
  const result = await db
    .with('held', (qb) =>
      heldRun(qb, lease, { stepCount: step.stepIndex + 1, attempt: 0 }).returning([
        'id',
        'workspaceId',
      ]),
    )
    .with('written', (qb) =>
      qb
        .insertInto('aiChatRunSteps')
        .columns(['runId', 'workspaceId', ...columns])
        .expression((eb) =>
          eb
            .selectFrom('held')
            .select(['held.id', 'held.workspaceId'])
            .select(({ val }) => columns.map((column) => val(row[column]).as(column))),
        )
        .onConflict((conflict) =>
          conflict
            .columns(['runId', 'stepIndex'])
            .doUpdateSet((eb) => ({ epoch: eb.ref('excluded.epoch') }))
            .whereRef('aiChatRunSteps.epoch', '=', 'excluded.epoch')
            .whereRef('aiChatRunSteps.unitFrom', '=', 'excluded.unitFrom'),
        )
        .returning('id'),
    )
    .selectFrom('held')
    .leftJoin('written', (join) => join.onTrue())
    .select('written.id')
    .executeTakeFirst()
  const { id } = held(result, lease)
  if (id === null)
    throw new InvariantError(`Step ${step.stepIndex} of run ${lease.runId} is already journaled.`)
}

type Conflict = ExpressionBuilder<
  OnConflictDatabase<Database, 'aiChatRunToolCalls'>,
  OnConflictTables<'aiChatRunToolCalls'>
>

/** The same unit is the same start, written twice. */
const startedAgain = (eb: Conflict) => ({
  attempt: eb
    .case()
    .when(
      eb.and([
        eb('aiChatRunToolCalls.epoch', '=', eb.ref('excluded.epoch')),
        eb('aiChatRunToolCalls.unitFrom', '=', eb.ref('excluded.unitFrom')),
      ]),
    )
    .then(eb.ref('aiChatRunToolCalls.attempt'))
    .else(eb('aiChatRunToolCalls.attempt', '+', 1))
    .end(),
  status: eb.val('started' as const),
  epoch: eb.ref('excluded.epoch'),
  unitFrom: eb.ref('excluded.unitFrom'),
  startedAt: eb.ref('excluded.startedAt'),
})

async function startCall(db: OutlastDatabase, lease: Lease, call: ToolCallRecord): Promise<void> {
  const row = startedCallRow(call)
  const columns = Object.keys(row) as (keyof typeof row)[]
  const result = await db
    .with('held', (qb) => heldRun(qb, lease).returning(['id', 'workspaceId']))
    .with('written', (qb) =>
      qb
        .insertInto('aiChatRunToolCalls')
        .columns(['runId', 'workspaceId', ...columns])
        .expression((eb) =>
          eb
            .selectFrom('held')
            .select(['held.id', 'held.workspaceId'])
            .select(({ val }) => columns.map((column) => val(row[column]).as(column))),
        )
        .onConflict((conflict) =>
          conflict
            .columns(['runId', 'stepIndex', 'toolCallId'])
            .doUpdateSet(startedAgain)
            .where('aiChatRunToolCalls.status', 'in', ['started', 'approved']),
        )
        .returning('id'),
    )
    .selectFrom('held')
    .leftJoin('written', (join) => join.onTrue())
    .select('written.id')
    .executeTakeFirst()
  const { id } = held(result, lease)
  if (id === null)
    throw new InvariantError(`Call ${call.toolCallId} of run ${lease.runId} has its result.`)
}

type CallKey = Pick<ToolCallRecord, 'stepIndex' | 'toolCallId'>

/** What a person has said of a call stays as it is; only its units are new. */
const recordCalls = (
  db: OutlastDatabase,
  lease: Lease,
  calls: readonly ToolCallRecord[],
): Promise<void> =>
  transact(db, async (trx) => {
    held(await heldRun(trx, lease).returning('id').executeTakeFirst(), lease)
    const { runId, workspaceId } = lease
    await trx
      .insertInto('aiChatRunToolCalls')
      .values(calls.map((call) => ({ runId, workspaceId, ...recordedCallRow(call) })))
      .onConflict((conflict) =>
        conflict.columns(['runId', 'stepIndex', 'toolCallId']).doUpdateSet((eb) => ({
          status: eb.ref('excluded.status'),
          approval: eb.ref('excluded.approval'),
          epoch: eb.ref('excluded.epoch'),
          unitFrom: eb.ref('excluded.unitFrom'),
          unitTo: eb.ref('excluded.unitTo'),
        })),
      )
      .execute()
  })

/** The first result stays. */
async function endCall(
  db: OutlastDatabase,
  lease: Lease,
  { stepIndex, toolCallId }: CallKey,
  end: ToolCallEnd,
): Promise<void> {
  const result = await db
    .with('held', (qb) => heldRun(qb, lease).returning('id'))
    .with('written', (qb) =>
      qb
        .updateTable('aiChatRunToolCalls')
        .from('held')
        .set({ ...callEndPatch(end), epoch: lease.epoch })
        .whereRef('aiChatRunToolCalls.runId', '=', 'held.id')
        .where('stepIndex', '=', stepIndex)
        .where('toolCallId', '=', toolCallId)
        .where('aiChatRunToolCalls.status', '=', 'started')
        .returning('aiChatRunToolCalls.id'),
    )
    .selectFrom('held')
    .leftJoin('aiChatRunToolCalls as call', (join) =>
      join
        .onRef('call.runId', '=', 'held.id')
        .on('call.stepIndex', '=', stepIndex)
        .on('call.toolCallId', '=', toolCallId),
    )
    .select('call.id')
    .executeTakeFirst()
  const { id } = held(result, lease)
  if (id === null)
    throw new InvariantError(`Call ${toolCallId} of run ${lease.runId} was never started.`)
}

export async function loadJournal(
  db: OutlastDatabase,
  runId: string,
  workspaceId: string,
): Promise<RunJournal> {
  const journals = await loadJournals(db, [runId], workspaceId)
  return journals.get(runId) ?? { steps: [], calls: [] }
}

/** The journals of several runs, in at most two statements; a run without an entry has none. */
export async function loadJournals(
  db: OutlastDatabase,
  runIds: readonly string[],
  workspaceId: string,
): Promise<ReadonlyMap<string, RunJournal>> {
  const journals = new Map<string, { steps: StepRecord[]; calls: ToolCallRecord[] }>()
  if (runIds.length === 0) return journals
  const of = (runId: string) => {
    const journal = journals.get(runId) ?? { steps: [], calls: [] }
    journals.set(runId, journal)
    return journal
  }
  // Steps first: calls that are newer than a step are what the run was a moment later, steps newer than calls never were.
  const steps = await db
    .selectFrom('aiChatRunSteps')
    .selectAll()
    .where('runId', 'in', runIds)
    .where('workspaceId', '=', workspaceId)
    .orderBy('stepIndex')
    .execute()
  for (const row of steps) of(row.runId).steps.push(toStep(row))
  // A call is of a step that was journaled before it.
  const acting = [...journals].filter(([, journal]) => journal.steps.some(hasCall))
  if (acting.length === 0) return journals
  const calls = await db
    .selectFrom('aiChatRunToolCalls')
    .selectAll()
    .where(
      'runId',
      'in',
      acting.map(([runId]) => runId),
    )
    .where('workspaceId', '=', workspaceId)
    .orderBy('seq')
    .execute()
  for (const row of calls) of(row.runId).calls.push(toCall(row))
  return journals
}

const hasCall = ({ parts }: StepRecord): boolean => parts.some(({ type }) => type === 'tool-call')
