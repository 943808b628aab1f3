/** A database for one chaos run, dropped with it. */
import { randomBytes } from 'node:crypto'
import pg from 'pg'

export type ChaosDatabase = AsyncDisposable & { readonly url: string }

/** @param adminUrl - of a database whose user may create databases */
export const createChaosDatabase = async (adminUrl: string): Promise<ChaosDatabase> => {
  const name = `outlast_chaos_${randomBytes(6).toString('hex')}`
  await runAsAdmin(adminUrl, `CREATE DATABASE ${name} TEMPLATE template0`)
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  return {
    url: url.href,
    [Symbol.asyncDispose]: () =>
      runAsAdmin(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  }
}

const runAsAdmin = async (adminUrl: string, sql: string): Promise<void> => {
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
