/** The end of a run: its last step, its calls, its message and its status change together, and the database decides about a stop. */
import { sql } from 'kysely'
import { textOf, type MessagePart, type MessageStatus } from '../domain/message.ts'
import type { Lease, RunOutcome, RunRecord, SettledStatus } from '../domain/run.ts'
import { abandoned, type ToolCallRecord } from '../domain/step.ts'
import { cleanJson, cleanText } from '../domain/text.ts'
import type { Project, RunJournal, Settlement } from '../engine/ports.ts'
import type { OutlastDatabase } from './database.ts'
import { held, heldRun, now } from './fence.ts'
import { endHolds } from './holds.ts'
import { loadJournal } from './journal.ts'
import { callEndPatch, json, runColumns, stepRow } from './rows.ts'
import { transact } from './transaction.ts'

export const settleRun = (
  db: OutlastDatabase,
  lease: Lease,
  settlement: Settlement,
  project: Project,
): Promise<RunRecord> =>
  transact(db, async (trx) => {
    const run = held(await settleRow(trx, lease, settlement), lease)
    await writeMessage(trx, run, project(run, await endJournal(trx, lease, settlement)))
    return run
  })

/**
 * Settles a run that waits for a person, within the transaction that begins the next one; undefined when it does not wait
 * (any more), or was asked to stop. The epoch is raised: the closing units are the settler's.
 */
export async function supersedeRun(
  trx: OutlastDatabase,
  { id, workspaceId }: RunRecord,
  project: Project,
): Promise<RunRecord | undefined> {
  const run = await trx
    .updateTable('aiChatRuns')
    .set((eb) => ({
      status: 'aborted',
      error: 'A new message was sent while the run was waiting.',
      errorCode: 'superseded',
      leaseEpoch: eb('leaseEpoch', '+', 1),
      finishedAt: now,
      updatedAt: now,
    }))
    .where('id', '=', id)
    .where('workspaceId', '=', workspaceId)
    .where('driver', '=', 'engine')
    .where('status', '=', 'waiting')
    .where('stopRequestedAt', 'is', null)
    .returning(runColumns)
    .executeTakeFirst()
  if (!run) return undefined
  const { leaseEpoch: epoch } = run
  const journal = await endJournal(trx, { runId: id, workspaceId, epoch }, { calls: [] })
  await writeMessage(trx, run, project(run, journal))
  return run
}

/** INVARIANT: a stop that was acknowledged before this row was locked wins over the outcome. */
const settleRow = (
  trx: OutlastDatabase,
  lease: Lease,
  { outcome, step }: Settlement,
): Promise<RunRecord | undefined> => {
  const { status, error, errorCode, output } = columnsOf(outcome)
  const unlessStopped = (value: string | null) =>
    sql<null>`case when stop_requested_at is null then ${value} end`
  const patch = {
    status: sql<SettledStatus>`case when stop_requested_at is null then ${status} else 'aborted' end`,
    error: unlessStopped(error),
    errorCode: unlessStopped(errorCode),
    output: sql<null>`case when stop_requested_at is null then ${output}::json end`,
    finishedAt: now,
    leaseHolder: null,
    leaseExpiresAt: null,
    ...(step ? { stepCount: step.stepIndex + 1 } : {}),
  }
  return trx
    .with('givenUp', (qb) => heldRun(qb, lease, patch).returning(runColumns))
    .with('ended', (qb) => endHolds(qb, 'settled'))
    .selectFrom('givenUp')
    .selectAll()
    .executeTakeFirst()
}

const columnsOf = (outcome: RunOutcome) => {
  const { status } = outcome
  const none = { status, error: null, errorCode: null, output: null }
  if (status === 'failed')
    return { ...none, error: cleanText(outcome.error), errorCode: outcome.code }
  const hasOutput = status === 'succeeded' && outcome.output !== undefined
  return { ...none, output: hasOutput ? json(cleanJson(outcome.output)) : null }
}

/** INVARIANT: each call of a settled run has an end. @returns the journal as it stays */
async function endJournal(
  trx: OutlastDatabase,
  { runId, workspaceId, epoch }: Lease,
  { step, calls }: Omit<Settlement, 'outcome'>,
): Promise<RunJournal> {
  if (step) {
    await trx
      .insertInto('aiChatRunSteps')
      .values({ runId, workspaceId, ...stepRow(step) })
      .execute()
  }
  for (const { end, ...call } of calls)
    await callOf(trx, { runId, workspaceId }, call)
      .set({ ...callEndPatch(end), epoch })
      .where('status', '=', 'started')
      .execute()
  // The run's row is locked: nothing is added to the journal between this look and the end of the transaction.
  const journal = await loadJournal(trx, runId, workspaceId)
  const left = journal.calls.flatMap((call) => ({ call, end: abandoned(call) }))
  for (const { call, end } of left) {
    if (!end) continue
    const approval = end.approval ? { approval: json(end.approval) } : {}
    await callOf(trx, { runId, workspaceId }, call)
      .set({ status: end.status, error: end.error ?? null, ...approval, finishedAt: now })
      .execute()
  }
  return left.some(({ end }) => end) ? loadJournal(trx, runId, workspaceId) : journal
}

const callOf = (
  trx: OutlastDatabase,
  { runId, workspaceId }: Pick<Lease, 'runId' | 'workspaceId'>,
  { stepIndex, toolCallId }: Pick<ToolCallRecord, 'stepIndex' | 'toolCallId'>,
) =>
  trx
    .updateTable('aiChatRunToolCalls')
    .where('runId', '=', runId)
    .where('workspaceId', '=', workspaceId)
    .where('stepIndex', '=', stepIndex)
    .where('toolCallId', '=', toolCallId)

const MESSAGE_STATUS = {
  succeeded: 'completed',
  failed: 'error',
  aborted: 'aborted',
} as const satisfies Record<SettledStatus, MessageStatus>

async function writeMessage(
  trx: OutlastDatabase,
  run: RunRecord,
  projected: readonly MessagePart[],
): Promise<void> {
  if (run.assistantMessageId === null) return
  const parts = cleanJson(projected) as MessagePart[]
  await trx
    .updateTable('aiChatMessages')
    .set({
      status: MESSAGE_STATUS[run.status as SettledStatus],
      content: textOf(parts),
      metadata: json({ parts, runId: run.id }),
      updatedAt: now,
    })
    .where('id', '=', run.assistantMessageId)
    .where('workspaceId', '=', run.workspaceId)
    .execute()
}
