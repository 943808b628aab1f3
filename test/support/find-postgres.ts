/** Finds a PostgreSQL server on this machine: the one of TEST_DATABASE_URL, or one that trusts everybody. */
import { userInfo } from 'node:os'
import pg from 'pg'

/** @returns the URL of a database whose user may create databases, if there is one */
export const findPostgres = async (): Promise<string | undefined> => {
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
