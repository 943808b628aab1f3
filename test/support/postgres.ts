/** A fresh PostgreSQL database for a test file, dropped with everything connected to it when the file is done. */
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'

export type TestDatabase = AsyncDisposable & { url: string }

/** @example await using database = await createTestDatabase() */
export const createTestDatabase = async (): Promise<TestDatabase> => {
  const name = `outlast_test_${randomBytes(8).toString('hex')}`
  await runAsAdmin(`CREATE DATABASE ${name} TEMPLATE template0`)
  const url = new URL(inject('postgresUrl'))
  url.pathname = `/${name}`
  return {
    url: url.href,
    [Symbol.asyncDispose]: () => runAsAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  }
}

const runAsAdmin = async (sql: string): Promise<void> => {
  const client = new pg.Client({ connectionString: inject('postgresUrl') })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
