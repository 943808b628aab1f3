/** Who executes which run, decided by the database: every guard is in a WHERE, every time is the database's. */
import { sql, type ExpressionBuilder, type QueryCreator } from 'kysely'
import type { Decision } from '../domain/decision.ts'
import { ACTIVE_STATUSES, type Lease, type RunRecord } from '../domain/run.ts'
import type { LeaseState, NewTurn, Project, RunStore, Settlement } from '../engine/ports.ts'
import { beginTurn } from './begin-turn.ts'
import { isInHand } from './admissions.ts'
import type { OutlastDatabase } from './database.ts'
import { inMs, now } from './fence.ts'
import { decide, wait } from './decide.ts'
import { beginHold, endHolds, endLost } from './holds.ts'
import { sayingOutage } from './outage.ts'
import { isLapsed, runColumns } from './rows.ts'
import type { Database } from './schema.ts'
import { settleRun } from './settle-run.ts'

export const createRunStore = (db: OutlastDatabase): RunStore =>
  sayingOutage({
    begin: (turn: NewTurn) => beginTurn(db, turn),
    claim: (runId: string, holder: string, ttlMs: number, epoch?: number) =>
      claim(db, { runId, holder, ttlMs }, epoch),
    findUnheld: (limit: number) => findUnheld(db, limit),
    renew: (leases: readonly Lease[], ttlMs: number) => renew(db, leases, ttlMs),
    release: (leases: readonly Lease[]) => release(db, leases),
    requestStop: (runId: string, workspaceId: string) => requestStop(db, runId, workspaceId),
    settle: (lease: Lease, settlement: Settlement, project: Project) =>
      settleRun(db, lease, settlement, project),
    wait: (lease: Lease) => wait(db, lease),
    decide: (lease: Lease, userId: string, decisions: readonly Decision[]) =>
      decide(db, lease, userId, decisions),
    seize: (runId: string, holder: string, ttlMs: number) => seize(db, runId, holder, ttlMs),
  })

type RunExpression = ExpressionBuilder<Database, 'aiChatRuns'>

/** The run's next lease; the row decides whether there is one. */
const nextLease = (
  db: QueryCreator<Database>,
  { runId, holder, ttlMs }: { runId: string; holder: string; ttlMs: number },
) =>
  db
    .updateTable('aiChatRuns')
    .set((eb) => ({
      status: 'running',
      leaseEpoch: eb('leaseEpoch', '+', 1),
      leaseHolder: holder,
      leaseExpiresAt: inMs(ttlMs),
      updatedAt: now,
    }))
    .where('id', '=', runId)
    .where('driver', '=', 'engine')

type NextLease = ReturnType<typeof nextLease>

/** The lease and who has it now are written together. */
const acquire = (
  db: OutlastDatabase,
  wanted: Parameters<typeof nextLease>[1],
  where: (lease: NextLease) => NextLease,
): Promise<RunRecord | undefined> =>
  db
    .with('acquired', (qb) => where(nextLease(qb, wanted)).returning(runColumns))
    .with('lost', endLost)
    .with('began', (qb) => beginHold(qb, wanted.holder))
    .selectFrom('acquired')
    .selectAll()
    .executeTakeFirst()

/**
 * INVARIANT: a bound run has one execution: who holds its socket starts it, and nobody goes on with it.
 * INVARIANT: what is not bound was let in before.
 */
const mayExecute = (eb: RunExpression) =>
  eb.and([
    eb('stopRequestedAt', 'is', null),
    eb.or([
      eb.and([
        eb('status', '=', 'pending'),
        eb.or([eb('bound', '=', true), eb('admittedAt', 'is not', null)]),
      ]),
      eb.and([eb('status', '=', 'running'), eb('bound', '=', false), isLapsed(eb)]),
    ]),
  ])

const claim = (
  db: OutlastDatabase,
  wanted: Parameters<typeof nextLease>[1],
  epoch: number | undefined,
): Promise<RunRecord | undefined> =>
  acquire(db, wanted, (lease) =>
    lease
      .set((eb) => ({
        attempt: eb('attempt', '+', 1),
        startedAt: eb.fn.coalesce('startedAt', now),
      }))
      .where(mayExecute)
      .$if(epoch !== undefined, (one) => one.where('leaseEpoch', '=', epoch!)),
  )

const seize = (
  db: OutlastDatabase,
  runId: string,
  holder: string,
  ttlMs: number,
): Promise<RunRecord | undefined> =>
  acquire(db, { runId, holder, ttlMs }, (lease) =>
    lease.where((eb) =>
      eb.or([
        eb('status', '=', 'pending'),
        // Whoever saw it before it began to wait may not end the wait.
        eb.and([eb('status', '=', 'waiting'), eb('stopRequestedAt', 'is not', null)]),
        eb.and([eb('status', '=', 'running'), isLapsed(eb)]),
      ]),
    ),
  )

/** How long a bound run is left to the socket that made it. */
const BOUND_MS = 30_000

/** How long a run that was let in is left to whoever it was offered to. */
const OFFERED_MS = 2000

const isNobodys = (eb: RunExpression) =>
  eb.or([
    eb('stopRequestedAt', 'is not', null),
    eb('admittedAt', '<', inMs(-OFFERED_MS)),
    // Since it began, or since a person let it go on.
    eb.and([eb('bound', '=', true), eb('updatedAt', '<', inMs(-BOUND_MS))]),
  ])

/** A waiting run waits for a person, unless somebody has asked it to stop. */
const findUnheld = (db: OutlastDatabase, limit: number): Promise<RunRecord[]> =>
  db
    .selectFrom('aiChatRuns')
    .select(runColumns)
    .where(isInHand)
    .where((eb) =>
      eb.or([
        eb.and([eb('status', '=', 'pending'), isNobodys(eb)]),
        eb.and([eb('status', '=', 'running'), isLapsed(eb)]),
        eb.and([eb('status', '=', 'waiting'), eb('stopRequestedAt', 'is not', null)]),
      ]),
    )
    .orderBy('createdAt')
    .orderBy('id')
    .limit(limit)
    .execute()

/** Leases as rows of a table, in one parameter a column however many there are. */
const table = (leases: readonly Lease[]) =>
  sql<{ runId: string; workspaceId: string; epoch: number }>`unnest(
    ${leases.map(({ runId }) => runId)}::text[],
    ${leases.map(({ workspaceId }) => workspaceId)}::text[],
    ${leases.map(({ epoch }) => epoch)}::integer[]
  )`.as<'lease'>(sql`lease(run_id, workspace_id, epoch)`)

/** Those of the leases that are the newest of their run and were not given back, lapsed or not. */
const ofHolder = (db: QueryCreator<Database>, leases: readonly Lease[]) =>
  db
    .updateTable('aiChatRuns')
    .from(table(leases))
    .whereRef('aiChatRuns.id', '=', 'lease.runId')
    .whereRef('aiChatRuns.workspaceId', '=', 'lease.workspaceId')
    .whereRef('aiChatRuns.leaseEpoch', '=', 'lease.epoch')
    .where('aiChatRuns.leaseHolder', 'is not', null)
    .where('aiChatRuns.status', '=', 'running')

async function renew(
  db: OutlastDatabase,
  leases: readonly Lease[],
  ttlMs: number,
): Promise<LeaseState[]> {
  if (leases.length === 0) return []
  return ofHolder(db, leases)
    .set({ leaseExpiresAt: inMs(ttlMs), updatedAt: now })
    .returning((eb) => [
      'aiChatRuns.id as runId',
      'aiChatRuns.leaseEpoch as epoch',
      eb('aiChatRuns.stopRequestedAt', 'is not', null).$castTo<boolean>().as('stopRequested'),
    ])
    .execute()
}

async function release(db: OutlastDatabase, leases: readonly Lease[]): Promise<void> {
  if (leases.length === 0) return
  await db
    .with('givenUp', (qb) =>
      ofHolder(qb, leases)
        .set({
          leaseHolder: null,
          leaseExpiresAt: null,
          attempt: sql<number>`greatest(attempt - 1, 0)`,
          updatedAt: now,
        })
        .returning(['aiChatRuns.id', 'aiChatRuns.workspaceId', 'aiChatRuns.leaseEpoch']),
    )
    .with('ended', (qb) => endHolds(qb, 'released'))
    .selectFrom('givenUp')
    .select('id')
    .execute()
}

const requestStop = (
  db: OutlastDatabase,
  runId: string,
  workspaceId: string,
): Promise<RunRecord | undefined> =>
  db
    .updateTable('aiChatRuns')
    .set((eb) => ({ stopRequestedAt: eb.fn.coalesce('stopRequestedAt', now), updatedAt: now }))
    .where('id', '=', runId)
    .where('workspaceId', '=', workspaceId)
    .where('status', 'in', ACTIVE_STATUSES)
    .returning(runColumns)
    .executeTakeFirst()
