/** PGlite has no checkpointer and no autovacuum: this is both, so that its log and its tables stay small. */
import type { Pool } from 'pg'
import { coerceError } from '../domain/errors.ts'

/** After activity, the log is looked at this much later; an idle database sets no timer. */
const LOOK_AFTER_MS = 250
const CHECKPOINT_AFTER_BYTES = 16 * 1024 * 1024
const VACUUM_AFTER_MS = 60_000

const WAL_SINCE_CHECKPOINT = `
  SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn)::float8 AS bytes
  FROM pg_control_checkpoint()`

/** The rules of PostgreSQL's autovacuum with its default settings, the protection against wraparound included. */
const TABLES_TO_VACUUM = `
  SELECT format('%I.%I', s.schemaname, s.relname) AS name
  FROM pg_stat_all_tables s
  JOIN pg_class c ON c.oid = s.relid
  WHERE s.schemaname NOT IN ('pg_toast', 'information_schema')
    AND (s.n_dead_tup > 50 + 0.2 * greatest(c.reltuples, 0)
      OR s.n_ins_since_vacuum > 1000 + 0.2 * greatest(c.reltuples, 0)
      OR s.n_mod_since_analyze > 50 + 0.1 * greatest(c.reltuples, 0)
      OR age(c.relfrozenxid) > 100000000)`

export type Maintenance = {
  /** Starts nothing more and waits for what is under way; PGlite makes the last checkpoint when it is closed. */
  stop(): Promise<void>
}

/** Works through the same pool as everybody else: PGlite has one connection, and nothing may run beside it. */
export function startMaintenance(pool: Pool, onError: (error: Error) => void): Maintenance {
  let timer: NodeJS.Timeout | undefined
  let working: Promise<void> | undefined
  let lastVacuum = performance.now()

  const work = async (): Promise<void> => {
    try {
      if ((await walBytes(pool)) > CHECKPOINT_AFTER_BYTES) await pool.query('CHECKPOINT')
      if (performance.now() - lastVacuum > VACUUM_AFTER_MS) {
        await vacuum(pool)
        lastVacuum = performance.now()
      }
    } catch (error) {
      onError(coerceError(error))
    }
  }
  const noteActivity = (): void => {
    if (timer !== undefined || working !== undefined) return
    timer = setTimeout(() => {
      timer = undefined
      working = work().finally(() => (working = undefined))
    }, LOOK_AFTER_MS).unref()
  }
  pool.on('acquire', noteActivity)

  const stop = async (): Promise<void> => {
    pool.off('acquire', noteActivity)
    clearTimeout(timer)
    await working
  }
  return { stop }
}

async function walBytes(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ bytes: number }>(WAL_SINCE_CHECKPOINT)
  return rows[0]?.bytes ?? 0
}

/** One table a statement, so that queries of others get their turn in between. */
async function vacuum(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ name: string }>(TABLES_TO_VACUUM)
  for (const { name } of rows) await pool.query(`VACUUM (ANALYZE) ${name}`)
}
