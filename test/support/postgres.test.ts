import pg from 'pg'
import { expect, test } from 'vitest'
import { startEmbeddedPostgres } from './embedded-postgres.ts'
import { createTestDatabase } from './postgres.ts'

const ask = async (connectionString: string, sql: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

test('a test database is empty, its own, and gone after use', async () => {
  const tables = `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`
  let url = ''
  {
    await using first = await createTestDatabase()
    await using second = await createTestDatabase()
    await ask(first.url, 'CREATE TABLE mine (id int)')
    expect(await ask(first.url, tables)).toEqual([{ tablename: 'mine' }])
    expect(await ask(second.url, tables)).toEqual([])
    url = first.url
  }
  await expect(ask(url, tables)).rejects.toThrow('does not exist')
})

test('the embedded server answers on its own port and ends when told', async () => {
  const server = await startEmbeddedPostgres()
  try {
    expect(await ask(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  } finally {
    await server.stop()
  }
  await expect(ask(server.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED')
})
