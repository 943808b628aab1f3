/** The fence: a durable write begins at the run's row, locked and still ours, so a late writer and a claim take turns. */
import { sql, type QueryCreator, type UpdateObject } from 'kysely'
import { LeaseLostError } from '../domain/errors.ts'
import type { Lease } from '../domain/run.ts'
import type { Database } from './schema.ts'

/** The database's clock. */
export const now = sql<Date>`now()`

export const inMs = (ms: number) => sql<Date>`now() + ${ms} * interval '1 millisecond'`

/**
 * Locks and touches the run's row, if the lease is still the newest and was not given back. What a statement writes beside
 * it has to come from its result: an `INSERT ... SELECT ... WHERE lease_epoch = e` alone would lock nothing.
 */
export const heldRun = (
  db: QueryCreator<Database>,
  { runId, workspaceId, epoch }: Lease,
  patch: UpdateObject<Database, 'aiChatRuns'> = {},
) =>
  db
    .updateTable('aiChatRuns')
    .set({ ...patch, updatedAt: now })
    .where('id', '=', runId)
    .where('workspaceId', '=', workspaceId)
    .where('leaseEpoch', '=', epoch)
    .where('leaseHolder', 'is not', null)
    .where('status', '=', 'running')

/** @throws LeaseLostError when a fenced statement has matched no run */
export const held = <T>(result: T | undefined, { runId, epoch }: Lease): T => {
  if (result === undefined) throw new LeaseLostError(runId, epoch)
  return result
}
