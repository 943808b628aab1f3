/** A database for one bench, and what its server's processes cost where the system says so. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** Of `/proc/<pid>/stat`, on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

export type BenchDatabase = AsyncDisposable & {
  readonly url: string
  readonly version: string
  /** User and system time of the connections' processes so far; undefined when this machine cannot see them. */
  cpuMs(): Promise<number | undefined>
  work(): Promise<DatabaseWork>
}

export type DatabaseWork = {
  /** Statements that are a transaction of their own count too. */
  readonly transactions: number
  /** Of the whole server's log, so also of others who write to it. */
  readonly walBytes: number
}

/** @param adminUrl - of a database whose user may create databases */
export const createBenchDatabase = async (adminUrl: string): Promise<BenchDatabase> => {
  const name = `outlast_bench_${randomBytes(6).toString('hex')}`
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  await admin.query(`CREATE DATABASE ${name} TEMPLATE template0`)
  const { rows } = await admin.query<{ version: string }>(
    `SELECT current_setting('server_version') AS version`,
  )
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  return {
    url: url.href,
    version: rows[0]!.version,
    async cpuMs() {
      const backends = await admin.query<{ pid: number }>(
        'SELECT pid FROM pg_stat_activity WHERE datname = $1',
        [name],
      )
      const times = await Promise.all(backends.rows.map(({ pid }) => cpuOf(pid)))
      return times.reduce(
        (sum, ms) => (ms === undefined || sum === undefined ? undefined : sum + ms),
        0,
      )
    },
    async work() {
      // Sessions tell what they did about once a second.
      await sleep(1500)
      const { rows } = await admin.query<DatabaseWork>(
        `SELECT (xact_commit + xact_rollback)::float8 AS transactions,
                pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS "walBytes"
           FROM pg_stat_database WHERE datname = $1`,
        [name],
      )
      return rows[0]!
    },
    async [Symbol.asyncDispose]() {
      await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
      await admin.end()
    },
  }
}

/** Undefined where there is no such process to see: another system, another machine, another container. */
const cpuOf = async (pid: number): Promise<number | undefined> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (!stat?.includes('(postgres)')) return undefined
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
  return ((Number(user) + Number(system)) * 1000) / TICKS_PER_SECOND
}
