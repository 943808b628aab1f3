/**
 * What runs said that the journal does not have yet, for readers in other processes. A *stream* is what one holder has written
 * of one run: a head, and a row a flush.
 *
 * INVARIANT: a run has one stream, that of the highest epoch, and its rows are dense after its snapshot.
 */
import { sql } from 'kysely'
import type { TailPlace, TailRead, TailWrite } from '../domain/run-tail.ts'
import type { OutlastDatabase } from './database.ts'
import { sayingOutage } from './outage.ts'

/** A head that nobody has written to for so long, and whose run nobody executes, was left behind. */
const LEFT_MS = 60_000

/** @param schema - where the tables are: raw SQL has to say so, because a pooler shares its sessions */
export const createRunTails = (db: OutlastDatabase, schema: string) =>
  sayingOutage({
    /** @returns the runs whose writes were taken; the others are of an older epoch, or their stream is gone */
    write: async (writes: readonly TailWrite[]): Promise<ReadonlySet<string>> => {
      const { rows } = await writing(schema, writes).execute(db)
      return new Set(rows.map(({ runId }) => runId))
    },
    /** What there is beyond these places: of a higher epoch, or further in the same one. */
    read: async (places: readonly TailPlace[]): Promise<readonly TailRead[]> => {
      const { rows } = await reading(schema, places).execute(db)
      return rows
    },
    drop: async (runId: string, epoch: number): Promise<void> => {
      const { heads, lines } = tablesOf(schema)
      await sql`
        with gone as (
          delete from ${heads} where run_id = ${runId} and epoch <= ${epoch} returning stream
        )
        delete from ${lines} as line using gone where line.stream = gone.stream`.execute(db)
    },
    /** Removes what processes that died have left. */
    sweep: async (): Promise<void> => {
      const { heads, lines, runs } = tablesOf(schema)
      await sql`
        delete from ${heads} as head
        where updated_at < now() - ${LEFT_MS} * interval '1 millisecond'
          and not exists (select from ${runs} as run where run.id = head.run_id and run.status = 'running')
      `.execute(db)
      await sql`
        delete from ${lines} as line
        where not exists (select from ${heads} as head where head.stream = line.stream)`.execute(db)
    },
  })

const tablesOf = (schema: string) => ({
  heads: sql.id(schema, 'ai_chat_run_tails'),
  lines: sql.id(schema, 'ai_chat_run_tail_rows'),
  runs: sql.id(schema, 'ai_chat_runs'),
})

/** Of any row. */
const LAST = sql.lit(2 ** 31 - 1)

// The planner knows nothing of tables that are made anew with each restart, so what is removed and read is written as looks
// into the index: joined as sets, each flush would go through all rows of all runs.

const writing = (schema: string, writes: readonly TailWrite[]) => {
  const { heads, lines, runs } = tablesOf(schema)
  const all = <Key extends keyof TailWrite>(key: Key) => writes.map((write) => write[key])
  const trimmed = writes.filter(({ trim }) => trim !== null)
  return sql<{ runId: string }>`
    with given as (
      select * from unnest(
        ${all('runId')}::text[], ${all('epoch')}::int[], ${all('stream')}::text[], ${all('after')}::int[],
        ${all('last')}::int[], ${all('entries')}::text[], ${all('snapshot')}::text[]
      ) as given (run_id, epoch, stream, after_n, last_n, entries, snapshot)
    ), begun as (
      insert into ${heads} as head (run_id, epoch, stream, last_n, snapshot)
      select run_id, epoch, stream, last_n, snapshot from given
      where after_n is null
        and not exists (select from ${runs} as run where run.id = given.run_id and run.lease_epoch > given.epoch)
      on conflict (run_id) do update set
        epoch = excluded.epoch, stream = excluded.stream, last_n = excluded.last_n,
        snapshot = excluded.snapshot, snapshots = 0, updated_at = now()
      where head.epoch <= excluded.epoch
      returning run_id
    ), grown as (
      update ${heads} as head set
        last_n = given.last_n, snapshot = coalesce(given.snapshot, head.snapshot),
        snapshots = head.snapshots + (given.snapshot is not null)::int, updated_at = now()
      from given
      where head.run_id = given.run_id and head.stream = given.stream and head.last_n = given.after_n
      returning head.run_id
    ), taken as (
      select run_id from begun union all select run_id from grown
    ), added as (
      insert into ${lines} (stream, last_n, entries)
      select given.stream, given.last_n, given.entries from given join taken using (run_id)
      where given.entries is not null
    ), past as (
      select * from unnest(${trimmed.map(({ stream }) => stream)}::text[], ${trimmed.map(({ trim }) => trim)}::int[])
        as trimmed (stream, last_n)
      union all
      select head.stream, ${LAST} from begun join ${heads} as head using (run_id)
    ), removed as (
      delete from ${lines} where ctid = any(array(
        select line.ctid from past cross join lateral (
          select ctid from ${lines} as line
          where line.stream = past.stream and line.last_n <= past.last_n
          offset 0
        ) as line
      ))
    )
    select run_id from taken`
}

const reading = (schema: string, places: readonly TailPlace[]) => {
  const { heads, lines } = tablesOf(schema)
  const all = <Key extends keyof TailPlace>(key: Key) => places.map((place) => place[key])
  return sql<TailRead>`
    select head.run_id, head.epoch, head.stream, head.last_n as last, head.snapshots,
      case when head.stream is distinct from place.stream or head.snapshots <> place.snapshots
        then head.snapshot end as snapshot,
      (
        select '[' || string_agg(line.entries, ',' order by line.last_n) || ']' from ${lines} as line
        where line.stream = head.stream
          and line.last_n > case when head.stream = place.stream then place.last_n else -1 end
      ) as rows
    from unnest(
      ${all('runId')}::text[], ${all('epoch')}::int[], ${all('stream')}::text[], ${all('last')}::int[],
      ${all('snapshots')}::int[]
    ) as place (run_id, epoch, stream, last_n, snapshots)
    join ${heads} as head using (run_id)
    where (head.epoch, head.last_n) > (place.epoch, place.last_n)`
}
