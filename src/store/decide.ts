/** A run waits for a person, and what the person says: the row of the run is locked before any of its calls changes. */
import type { Decision } from '../domain/decision.ts'
import type { Lease, RunRecord, RunStatus } from '../domain/run.ts'
import { cleanJson, cleanText } from '../domain/text.ts'
import type { OutlastDatabase } from './database.ts'
import { held, heldRun, now } from './fence.ts'
import { endHolds } from './holds.ts'
import { json, runColumns } from './rows.ts'
import { sql } from 'kysely'
import { transact } from './transaction.ts'

const unlessStopped = <T>(value: T, otherwise: string) =>
  sql<T>`case when stop_requested_at is null then ${value} else ${sql.ref(otherwise)} end`

/** INVARIANT: the row itself decides between the wait and a stop. */
export async function wait(db: OutlastDatabase, lease: Lease): Promise<RunRecord> {
  const patch = {
    status: unlessStopped<RunStatus>('waiting', 'status'),
    leaseHolder: unlessStopped<string | null>(null, 'lease_holder'),
    leaseExpiresAt: sql<Date>`case when stop_requested_at is not null then lease_expires_at end`,
    attempt: 0,
    admittedAt: sql<null>`case when stop_requested_at is not null then admitted_at end`,
  }
  const run = await db
    .with('touched', (qb) => heldRun(qb, lease, patch).returning(runColumns))
    .with('givenUp', (qb) => qb.selectFrom('touched').selectAll().where('status', '=', 'waiting'))
    .with('ended', (qb) => endHolds(qb, 'waiting'))
    .selectFrom('touched')
    .selectAll()
    .executeTakeFirst()
  return held(run, lease)
}

export const decide = (
  db: OutlastDatabase,
  lease: Lease,
  userId: string,
  decisions: readonly Decision[],
): Promise<RunRecord | undefined> =>
  transact(db, async (trx) => {
    const run = await waitingRun(trx, lease)
    if (!run) return undefined
    for (const decision of decisions) await answer(trx, run, userId, decision)
    const open = await trx
      .selectFrom('aiChatRunToolCalls')
      .select('id')
      .where('runId', '=', run.id)
      .where('workspaceId', '=', run.workspaceId)
      .where('status', 'in', ['asked', 'awaited'])
      .executeTakeFirst()
    return open ? run : resumed(trx, run)
  })

const waitingRun = (
  trx: OutlastDatabase,
  { runId, workspaceId, epoch }: Lease,
): Promise<RunRecord | undefined> =>
  trx
    .updateTable('aiChatRuns')
    .set({ updatedAt: now })
    .where('id', '=', runId)
    .where('workspaceId', '=', workspaceId)
    .where('leaseEpoch', '=', epoch)
    .where('driver', '=', 'engine')
    .where('status', '=', 'waiting')
    .where('stopRequestedAt', 'is', null)
    .returning(runColumns)
    .executeTakeFirst()

/** INVARIANT: only a call that waits for this kind of answer takes it, so the first one stays. */
async function answer(
  trx: OutlastDatabase,
  run: RunRecord,
  userId: string,
  decision: Decision,
): Promise<void> {
  await trx
    .updateTable('aiChatRunToolCalls')
    .set({ decidedEpoch: run.leaseEpoch, decidedBy: userId, decidedAt: now, ...patchOf(decision) })
    .where('runId', '=', run.id)
    .where('workspaceId', '=', run.workspaceId)
    .where('stepIndex', '=', run.stepCount - 1)
    .where('toolCallId', '=', decision.toolCallId)
    .where('status', '=', decision.kind === 'approval' ? 'asked' : 'awaited')
    .execute()
}

const patchOf = (decision: Decision) => {
  switch (decision.kind) {
    case 'approval': {
      const { approved, reason } = decision
      const said = json({
        approved,
        ...(reason === undefined ? {} : { reason: cleanText(reason) }),
      })
      return {
        status: approved ? ('approved' as const) : ('denied' as const),
        approval: sql<string>`(approval::jsonb || ${said}::jsonb)::json`,
        ...(approved ? {} : { finishedAt: now }),
      }
    }
    case 'output': {
      const { output, modelOutput } = decision
      return {
        status: 'succeeded' as const,
        output: json(cleanJson(output)),
        modelOutput: modelOutput === undefined ? null : json(cleanJson(modelOutput)),
        finishedAt: now,
      }
    }
    case 'error':
      return { status: 'failed' as const, error: cleanText(decision.error), finishedAt: now }
    default:
      return decision satisfies never
  }
}

const resumed = (trx: OutlastDatabase, { id, workspaceId }: RunRecord): Promise<RunRecord> =>
  trx
    .updateTable('aiChatRuns')
    .set({ status: 'pending', updatedAt: now })
    .where('id', '=', id)
    .where('workspaceId', '=', workspaceId)
    .returning(runColumns)
    .executeTakeFirstOrThrow()
