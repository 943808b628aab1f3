/** A database is brought to this version's schema once, by whoever comes first. */
import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { openDatabase, type OutlastDatabase } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { DATABASES, openPostgres } from '../conformance/databases.ts'
import { createTestDatabase } from '../support/postgres.ts'

const TABLES = [
  'ai_chat_file_pieces',
  'ai_chat_file_uses',
  'ai_chat_files',
  'ai_chat_messages',
  'ai_chat_run_holds',
  'ai_chat_run_steps',
  'ai_chat_run_tail_rows',
  'ai_chat_run_tails',
  'ai_chat_run_tool_calls',
  'ai_chat_runs',
  'ai_chats',
  'migrations',
  'tickets',
  'tokens',
  'users',
  'workers',
  'workspaces',
]

const tablesOf = async (db: OutlastDatabase, schema: string): Promise<string[]> => {
  const { rows } = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = ${schema} order by 1`.execute(db)
  return rows.map(({ name }) => name)
}

describe.each(DATABASES)('migrations on %s', (_name, open) => {
  test('make the tables in our schema and nothing beside it', async () => {
    await using opened = await open()
    expect(await tablesOf(opened.db, 'outlast')).toEqual(TABLES)
    expect(await tablesOf(opened.db, 'public')).toEqual([])
  })

  test('run once', async () => {
    await using opened = await open()
    await opened.db.insertInto('workspaces').values({ name: 'Kept' }).execute()
    const applied = () => sql`select * from migrations order by name`.execute(opened.db)
    const { rows } = await applied()
    expect(rows[0]).toMatchObject({ name: '0001-core' })
    expect(await migrate(opened.db)).toEqual([])
    expect((await applied()).rows).toEqual(rows)
    expect(await opened.db.selectFrom('workspaces').select('name').execute()).toHaveLength(1)
  })

  test('refuse a database that a newer version has changed', async () => {
    await using opened = await open()
    await sql`insert into migrations (name) values ('9999-future')`.execute(opened.db)
    await expect(migrate(opened.db)).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining('newer version of Outlast (9999-future)'),
    })
  })

  test('give ids that are version 7 UUIDs in the order of their time', async () => {
    await using opened = await open()
    const { rows } = await sql<{ id: string; ms: number }>`
      select uuid_v7() as id, extract(epoch from clock_timestamp()) * 1000 as ms
      from generate_series(1, 2000)`.execute(opened.db)
    const timeOf = (id: string) => Number.parseInt(id.replace('-', '').slice(0, 12), 16)
    for (const { id, ms } of rows) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      expect(Math.abs(timeOf(id) - ms)).toBeLessThan(1_000)
    }
    const times = rows.map(({ id }) => timeOf(id))
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
    expect(times.at(-1)).toBeGreaterThan(times[0]!)
  })
})

test('migrations on PGlite make all tables where none was copied', async () => {
  const schema = 'another'
  const db = await openDatabase({ schema })
  try {
    expect(await tablesOf(db, schema)).toEqual([])
    await migrate(db)
    expect(await tablesOf(db, schema)).toEqual(TABLES)
  } finally {
    await db.destroy()
  }
})

describe('migrations on PostgreSQL', () => {
  test('let ten processes start at once', async () => {
    await using database = await createTestDatabase()
    const opened = await Promise.all(
      Array.from({ length: 10 }, () => openDatabase({ url: database.url, maxConnections: 2 })),
    )
    try {
      await Promise.all(opened.map((db) => migrate(db)))
      expect(await tablesOf(opened[0]!, 'outlast')).toEqual(TABLES)
    } finally {
      await Promise.all(opened.map((db) => db.destroy()))
    }
  })

  test('go where the names of the database resolve, or where they are told to go', async () => {
    await using database = await createTestDatabase()
    const db = await openDatabase({ url: database.url, schema: 'elsewhere' })
    try {
      await migrate(db)
      expect(await tablesOf(db, 'elsewhere')).toEqual(TABLES)
      await sql`create schema third`.execute(db)
      await migrate(db, { schema: 'third' })
      expect(await tablesOf(db, 'third')).toEqual(TABLES)
      expect(await tablesOf(db, 'outlast')).toEqual([])
    } finally {
      await db.destroy()
    }
  })

  test('ask for no rights when there is nothing to do', async () => {
    const role = `outlast_test_${randomBytes(8).toString('hex')}`
    await using owner = await openPostgres()
    await sql`create role ${sql.id(role)} login`.execute(owner.db)
    try {
      await sql`grant usage on schema outlast to ${sql.id(role)}`.execute(owner.db)
      await sql`grant select on all tables in schema outlast to ${sql.id(role)}`.execute(owner.db)
      const url = new URL(owner.url)
      url.username = role
      const db = await openDatabase({ url: url.href })
      try {
        await expect(migrate(db)).resolves.toEqual([])
      } finally {
        await db.destroy()
      }
    } finally {
      await sql`drop owned by ${sql.id(role)}`.execute(owner.db)
      await sql`drop role ${sql.id(role)}`.execute(owner.db)
    }
  })
})
