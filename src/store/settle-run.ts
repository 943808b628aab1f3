/** The end of a run: its last step, its calls, its message and its status change together, and the database decides about a stop. */
import { sql } from 'kysely'
import { textOf, type MessagePart, type MessageStatus } from '../domain/message.ts'
import type { Lease, RunOutcome, RunRecord, SettledStatus } from '../domain/run.ts'
import { INTERRUPTED_CALL } from '../domain/step.ts'
import { cleanJson, cleanText } from '../domain/text.ts'
import type { RunJournal, Settlement } from '../engine/ports.ts'
import type { OutlastDatabase } from './database.ts'
import { held, heldRun, now } from './fence.ts'
import { loadJournal } from './journal.ts'
import { callEndPatch, json, runColumns, stepRow } from './rows.ts'
import { transact } from './transaction.ts'

/** The parts of the message of a run as it settled. */
export type Project = (run: RunRecord, journal: RunJournal) => readonly MessagePart[]

export const settleRun = (
  db: OutlastDatabase,
  lease: Lease,
  settlement: Settlement,
  project: Project,
): Promise<RunRecord> =>
  transact(db, async (trx) => {
    const run = held(await settleRow(trx, lease, settlement), lease)
    await endJournal(trx, lease, settlement)
    const journal = await loadJournal(trx, run.id, run.workspaceId)
    await writeMessage(trx, run, project(run, journal))
    return run
  })

/** INVARIANT: a stop that was acknowledged before this row was locked wins over the outcome. */
const settleRow = (
  trx: OutlastDatabase,
  lease: Lease,
  { outcome, step }: Settlement,
): Promise<RunRecord | undefined> => {
  const { status, error, errorCode, output } = columnsOf(outcome)
  const unlessStopped = (value: string | null) =>
    sql<null>`case when stop_requested_at is null then ${value} end`
  return heldRun(trx, lease, {
    status: sql<SettledStatus>`case when stop_requested_at is null then ${status} else 'aborted' end`,
    error: unlessStopped(error),
    errorCode: unlessStopped(errorCode),
    output: sql<null>`case when stop_requested_at is null then ${output}::json end`,
    finishedAt: now,
    leaseHolder: null,
    leaseExpiresAt: null,
    ...(step ? { stepCount: step.stepIndex + 1 } : {}),
  })
    .returning(runColumns)
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

/** INVARIANT: no call of a settled run is left `started`. */
async function endJournal(
  trx: OutlastDatabase,
  { runId, workspaceId, epoch }: Lease,
  { step, calls }: Settlement,
): Promise<void> {
  if (step) {
    await trx
      .insertInto('aiChatRunSteps')
      .values({ runId, workspaceId, ...stepRow(step) })
      .execute()
  }
  const open = trx
    .updateTable('aiChatRunToolCalls')
    .where('runId', '=', runId)
    .where('workspaceId', '=', workspaceId)
    .where('status', '=', 'started')
  for (const { stepIndex, toolCallId, end } of calls) {
    await open
      .set({ ...callEndPatch(end), epoch })
      .where('stepIndex', '=', stepIndex)
      .where('toolCallId', '=', toolCallId)
      .execute()
  }
  await open.set({ status: 'unknown', error: INTERRUPTED_CALL, finishedAt: now }).execute()
}

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
