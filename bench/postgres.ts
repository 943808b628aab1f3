/** A database for one bench, and what its server's processes cost where the system says so. */
import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { sum } from './statistics.ts'

/** Of `/proc/<pid>/stat`, on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

export type BenchDatabase = AsyncDisposable & {
  readonly url: string
  readonly version: string
  /** User and system time of the whole server so far, with what it does for others; undefined when this machine cannot see it. */
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
      const { rows } = await admin.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      return serverCpuMs(rows[0]!.pid)
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

type Stat = { readonly parent: number; readonly ms: number; readonly endedMs: number }

/** Undefined where there is no such process to see: another system, another machine, another container. */
const statOf = async (pid: string | number): Promise<Stat | undefined> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (!stat?.includes('(postgres)')) return undefined
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ms = (from: number) =>
    ((Number(fields[from]) + Number(fields[from + 1])) * 1000) / TICKS_PER_SECOND
  return { parent: Number(fields[1]), ms: ms(11), endedMs: ms(13) }
}

/** Of the parent of all sessions, of those of its children that live, and of those that have ended. */
const serverCpuMs = async (session: number): Promise<number | undefined> => {
  const parent = (await statOf(session))?.parent
  const server = parent === undefined ? undefined : await statOf(parent)
  if (!server) return undefined
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const all = await Promise.all(names.map(statOf))
  const children = all.filter((stat) => stat?.parent === parent)
  return server.ms + server.endedMs + sum(children.map((stat) => stat?.ms ?? 0))
}
