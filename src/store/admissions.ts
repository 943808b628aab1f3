/**
 * Who is executed next. A statement looks as far as runs wait or are in hand, however many are stored: two partial indexes
 * have the ones and the others.
 */
import { sql, type RawBuilder } from 'kysely'
import type { AdmissionBounds, Admissions, Admitted, Offer, QueueState } from '../engine/ports.ts'
import type { OutlastDatabase } from './database.ts'
import { sayingOutage } from './outage.ts'

/** As in the index `ai_chat_runs_pending`. */
export const isPending = sql<boolean>`driver = 'engine' and status = 'pending' and admitted_at is null and not bound
  and stop_requested_at is null`

/** As in the index `ai_chat_runs_in_hand`: what is let in, and what is to be settled. */
export const isInHand = sql<boolean>`driver = 'engine' and status in ('pending', 'running', 'waiting')
  and (status = 'running' or bound or admitted_at is not null or stop_requested_at is not null)`

const isIn = sql<boolean>`${isInHand}
  and (status = 'running' or status = 'pending' and (bound or admitted_at is not null))`

/** @param schema - where the tables are: raw SQL has to say so, because a pooler shares its sessions */
export const createAdmissions = (db: OutlastDatabase, schema: string): Admissions =>
  sayingOutage({
    admit: async (bounds: AdmissionBounds): Promise<Admitted> => {
      // Mostly nobody waits, or there is room for all: nothing has to be counted then, and nobody comes before anybody.
      if (!isLimited(bounds))
        return (await admitAll(db, schema, bounds.most)) ?? admit(db, schema, bounds)
      if (!(await isAnyPending(db, schema))) return { offers: [], left: false }
      // What the statement sees is of its beginning: it may not begin before the lock is ours.
      return db
        .transaction()
        .setIsolationLevel('read committed')
        .execute(async (trx) => {
          const lock = `outlast ${schema} admissions`
          await sql`select pg_advisory_xact_lock(hashtextextended(${lock}, 0))`.execute(trx)
          return admit(trx, schema, bounds)
        })
    },
    state: async (): Promise<QueueState> => {
      const runs = sql.id(schema, 'ai_chat_runs')
      const { rows } = await sql<QueueState>`
        select count(*) as pending,
          coalesce(extract(epoch from now() - min(created_at)) * 1000, 0)::float8 as oldest_ms,
          (select count(*) from ${runs} where ${isIn}) as admitted
        from ${runs} where ${isPending}`.execute(db)
      return rows[0]!
    },
  })

const isAnyPending = async (db: OutlastDatabase, schema: string): Promise<boolean> => {
  const { rows } = await sql<{ waits: boolean }>`
    select exists (select from ${sql.id(schema, 'ai_chat_runs')} where ${isPending}) as waits`.execute(
    db,
  )
  return rows[0]!.waits
}

const isLimited = ({ workspaceRuns, runs }: AdmissionBounds): boolean =>
  Number.isFinite(workspaceRuns) || Number.isFinite(runs)

/** Null where there is no limit, as SQL has it. What all workers can take together may be a large number. */
const limit = (value: number) => sql`${Number.isFinite(value) ? value : null}::bigint`

/** Undefined when more runs wait than there are places for. */
const admitAll = async (
  db: OutlastDatabase,
  schema: string,
  most: number,
): Promise<Admitted | undefined> => {
  const table = sql.id(schema, 'ai_chat_runs')
  const workspaces = sql.id(schema, 'workspaces')
  const { rows } = await sql<{ runIds: string[]; epochs: number[]; waiting: number }>`
    with waiting as materialized (
      select id from ${table} where ${isPending} order by workspace_id, created_at, id limit ${most} + 1
    ), ours as (
      select id from ${table} where id in (select id from waiting) and ${isPending}
        and (select count(*) from waiting) <= ${most}
      for update skip locked
    ), admitted as (
      update ${table} as run set admitted_at = now() from ours where run.id = ours.id
      returning run.id, lease_epoch, workspace_id, created_at
    ), turned as (${turned(workspaces)})
    select
      coalesce(array_agg(id order by created_at, id), '{}') as run_ids,
      coalesce(array_agg(lease_epoch order by created_at, id), '{}') as epochs,
      (select count(*) from waiting)::int as waiting
    from admitted`.execute(db)
  const { runIds, epochs, waiting } = rows[0]!
  if (waiting > most) return undefined
  return { offers: offersOf(runIds, epochs), left: runIds.length < waiting }
}

const offersOf = (runIds: readonly string[], epochs: readonly number[]): readonly Offer[] =>
  runIds.map((runId, index) => ({ runId, epoch: epochs[index]! }))

/** Workspaces whose runs were let in wait from now on. */
const turned = (workspaces: RawBuilder<unknown>) => sql`
  update ${workspaces} set run_admitted_at = statement_timestamp()
  where id in (
    select id from ${workspaces} where id in (select workspace_id from admitted)
    for no key update skip locked
  )`

/**
 * A run's turn is the number of runs that its workspace has in when it comes to this one; workspaces with the same turn go by
 * how long they have waited since a run of theirs was let in. Only as many workspaces are looked at as there are places: no
 * run comes before the oldest one of its workspace.
 */
const admit = async (
  db: OutlastDatabase,
  schema: string,
  { most, workspaceRuns, runs }: AdmissionBounds,
): Promise<Admitted> => {
  const table = sql.id(schema, 'ai_chat_runs')
  const workspaces = sql.id(schema, 'workspaces')
  const { rows } = await sql<{ runIds: string[]; epochs: number[]; left: boolean }>`
    with taken as materialized (
      select workspace_id, count(*) as runs from ${table} where ${isIn} group by workspace_id
    ), places as materialized (
      select greatest(0, least(${limit(most)}, ${limit(runs)} - coalesce(sum(runs), 0))) as free from taken
    ), heads as (
      select workspace_id, min(created_at) as created_at from ${table} where ${isPending} group by workspace_id
    ), spaces as (
      select workspace_id, coalesce(taken.runs, 0) as runs, greatest(heads.created_at, run_admitted_at) as since
      from heads left join taken using (workspace_id) join ${workspaces} as workspace on workspace.id = workspace_id
      where ${limit(workspaceRuns)} is null or coalesce(taken.runs, 0) < ${limit(workspaceRuns)}
      order by runs, since, heads.created_at, workspace_id
      limit (select free from places)
    ), next as (
      select id, workspace_id, created_at, since, runs + place - 1 as turn
      from spaces, lateral (
        select id, created_at, row_number() over (order by created_at, id) as place
        from ${table} where workspace_id = spaces.workspace_id and ${isPending}
        order by created_at, id
        limit least((select free from places), ${limit(workspaceRuns)} - spaces.runs)
      ) as waiting
      order by turn, since, created_at, id
      limit (select free from places)
    ), ours as (
      select id from ${table} where id in (select id from next) and ${isPending} for update skip locked
    ), admitted as (
      update ${table} as run set admitted_at = now()
      from ours join next using (id) where run.id = ours.id
      returning run.id, run.lease_epoch, next.workspace_id, next.created_at, since, turn
    ), turned as (${turned(workspaces)})
    select
      coalesce(array_agg(id order by turn, since, created_at, id), '{}') as run_ids,
      coalesce(array_agg(lease_epoch order by turn, since, created_at, id), '{}') as epochs,
      count(*) < (
        select count(*) from (
          -- In the order of the index, or the whole table may be read in search of a few.
          select from ${table} where ${isPending} order by workspace_id, created_at, id limit ${most} + 1
        ) as waiting
      ) as "left"
    from admitted`.execute(db)
  const { runIds, epochs, left } = rows[0]!
  return { offers: offersOf(runIds, epochs), left }
}
