/** A fresh PostgreSQL database for a test file, dropped with everything connected to it when the file is done. */
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'

export type TestDatabase = AsyncDisposable & { url: string }

/** @example await using database = await createTestDatabase() */
export const createTestDatabase = (): Promise<TestDatabase> =>
  createDatabase(inject('postgresUrl'), 'template0')

/** One that has our tables already: to copy them is quicker than to make them. */
export const createMigratedDatabase = (): Promise<TestDatabase> =>
  createDatabase(inject('postgresUrl'), inject('migratedDatabase'))

/** @param adminUrl - of a database whose user may create databases */
export const createDatabase = async (
  adminUrl: string,
  template: string,
): Promise<TestDatabase & { readonly name: string }> => {
  const name = `outlast_test_${randomBytes(8).toString('hex')}`
  await runAt(adminUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`)
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  const drop = () => runAt(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  return { name, url: url.href, [Symbol.asyncDispose]: drop }
}

const runAt = async (connectionString: string, sql: string): Promise<void> => {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
