/** Finds a PostgreSQL server for the tests, or starts one of its own; a run without any fails with one sentence. */
import { userInfo } from 'node:os'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from './embedded-postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of a database whose user may create databases. */
    postgresUrl: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const found = await findPostgres()
  if (found !== undefined) {
    project.provide('postgresUrl', found)
    return async () => {}
  }
  const started = await startEmbeddedPostgres().catch((cause: unknown) => {
    throw new Error(
      'The tests need PostgreSQL 15 or newer: set TEST_DATABASE_URL, or let one listen on 127.0.0.1:5432 with trust; starting the embedded one failed.',
      { cause },
    )
  })
  project.provide('postgresUrl', started.url)
  return () => started.stop()
}

const findPostgres = async (): Promise<string | undefined> => {
  const given = process.env['TEST_DATABASE_URL']
  if (given) {
    const problem = await whyUnusable(given)
    if (problem === undefined) return given
    throw new Error(`TEST_DATABASE_URL cannot be used: ${problem}.`)
  }
  for (const user of ['postgres', userInfo().username]) {
    const url = `postgres://${encodeURIComponent(user)}@127.0.0.1:5432/postgres`
    if ((await whyUnusable(url)) === undefined) return url
  }
  return undefined
}

/** Says what keeps a server from being used, or undefined when it can be. */
const whyUnusable = async (connectionString: string): Promise<string | undefined> => {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 })
  try {
    await client.connect()
    const { rows } = await client.query<{ version: number; allowed: boolean }>(
      `SELECT current_setting('server_version_num')::int AS version, rolsuper OR rolcreatedb AS allowed
         FROM pg_roles WHERE rolname = current_user`,
    )
    if ((rows[0]?.version ?? 0) < 150_000) return 'the server is older than PostgreSQL 15'
    if (!rows[0]?.allowed) return 'its user may not create databases'
    return undefined
  } catch (error) {
    return error instanceof Error && error.message ? error.message : String(error)
  } finally {
    await client.end().catch(() => {})
  }
}
