/** What real databases, drivers and pools throw is told apart. */
import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { StoreUnavailableError } from '../../src/domain/errors.ts'
import { openDatabase, type OutlastDatabase } from '../../src/store/database.ts'
import {
  isForeignKeyViolation,
  isSerializationClash,
  isUnavailable,
  isUniqueViolation,
  toStoreError,
} from '../../src/store/pg-errors.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { createBarrier } from '../support/barrier.ts'
import { proxyTo } from './fixtures/tcp-proxy.ts'

let server: TestDatabase
beforeAll(async () => {
  server = await createTestDatabase()
})
afterAll(() => server[Symbol.asyncDispose]())

const thrownBy = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    await work
  } catch (error) {
    return error
  }
  throw new Error('It was expected to fail.')
}

describe.each(['PGlite', 'PostgreSQL'])('%s', (kind) => {
  let db: OutlastDatabase
  beforeAll(async () => {
    db = await openDatabase(kind === 'PGlite' ? {} : { url: server.url, schema: 'errors' })
    await sql`CREATE TABLE parents (id int CONSTRAINT parents_key PRIMARY KEY)`.execute(db)
    await sql`CREATE TABLE children (
      parent int CONSTRAINT children_parent REFERENCES parents,
      name text CONSTRAINT children_name UNIQUE
    )`.execute(db)
  })
  afterAll(() => db.destroy())

  const failing = (text: string) => thrownBy(sql.raw(text).execute(db))

  test('a second row with the same key is a unique violation of that constraint', async () => {
    await sql`INSERT INTO parents VALUES (1)`.execute(db)
    const error = await failing('INSERT INTO parents VALUES (1)')
    expect(isUniqueViolation(error)).toBe(true)
    expect(isUniqueViolation(error, 'parents_key')).toBe(true)
    expect(isUniqueViolation(error, 'children_name')).toBe(false)
    expect(isForeignKeyViolation(error)).toBe(false)
    expect(isUnavailable(error)).toBe(false)
    expect(toStoreError(error)).toBe(error)
  })

  test('a reference to nothing is a foreign key violation of that constraint', async () => {
    const error = await failing('INSERT INTO children VALUES (99)')
    expect(isForeignKeyViolation(error, 'children_parent')).toBe(true)
    expect(isForeignKeyViolation(error, 'children_name')).toBe(false)
    expect(isUniqueViolation(error)).toBe(false)
  })

  test('a write to a standby is an outage', async () => {
    const error = await thrownBy(
      db
        .transaction()
        .setAccessMode('read only')
        .execute((trx) => sql`INSERT INTO parents VALUES (2)`.execute(trx)),
    )
    expect(isUnavailable(error)).toBe(true)
    expect(toStoreError(error)).toMatchObject({ code: 'STORE_UNAVAILABLE', cause: error })
  })

  test.each(['57P01', '57P02', '57P03', '53100', '53200', '53300', '08006', '08P01'])(
    'SQLSTATE %s is an outage',
    async (state) => {
      const error = await failing(
        `DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '${state}'; END $$`,
      )
      expect(error).toMatchObject({ code: state })
      expect(isUnavailable(error)).toBe(true)
    },
  )

  test.each(['42P01', '22012', '57014', '55P03', '40001', '23514', 'P0001'])(
    'SQLSTATE %s is none',
    async (state) => {
      const error = await failing(
        `DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '${state}'; END $$`,
      )
      expect(isUnavailable(error)).toBe(false)
      expect(isSerializationClash(error)).toBe(state === '40001')
    },
  )

  test('a query on a closed database meets an outage', async () => {
    const closed = await openDatabase(kind === 'PGlite' ? {} : { url: server.url })
    await closed.destroy()
    expect(isUnavailable(await thrownBy(sql`SELECT 1`.execute(closed)))).toBe(true)
  })
})

describe('a server', () => {
  test('that lets two transactions write what the other has read reports a clash', async () => {
    await using db = await openDatabase({ url: server.url, schema: 'clash' })
    await sql`CREATE TABLE doctors (on_call boolean)`.execute(db)
    await sql`INSERT INTO doctors VALUES (true), (true)`.execute(db)
    const bothRead = createBarrier()
    let readers = 0
    const leave = () =>
      db
        .transaction()
        .setIsolationLevel('serializable')
        .execute(async (trx) => {
          await sql`SELECT count(*) FROM doctors WHERE on_call`.execute(trx)
          if (++readers === 2) bothRead.release()
          await bothRead.promise
          await sql`INSERT INTO doctors VALUES (false)`.execute(trx)
        })
    const outcomes = await Promise.allSettled([leave(), leave()])
    const errors = outcomes.flatMap((o) => (o.status === 'rejected' ? [o.reason] : []))
    expect(errors.map(isSerializationClash)).toEqual([true])
  })

  test('that terminates a connection in the middle of a query is an outage', async () => {
    await using db = await openDatabase({ url: server.url })
    const error = await thrownBy(
      sql`SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(10)`.execute(db),
    )
    expect(error).toMatchObject({ code: '57P01' })
    expect(isUnavailable(error)).toBe(true)
  })

  test('that vanishes in the middle of a query, and before the next one, is an outage', async () => {
    await using proxy = await proxyTo(server.url)
    await using db = await openDatabase({ url: proxy.url })
    const errors: unknown[] = []
    await thrownBy(
      db.connection().execute(async (connection) => {
        const query = thrownBy(sql`SELECT pg_sleep(10)`.execute(connection))
        setImmediate(() => proxy.cut())
        errors.push(await query)
        errors.push(await thrownBy(sql`SELECT 1`.execute(connection)))
        throw new Error('done')
      }),
    )
    expect(errors).toHaveLength(2)
    expect(errors.map(isUnavailable)).toEqual([true, true])
  })

  test('that closes a connection in good order in the middle of a query is an outage', async () => {
    let answers = 0
    await using proxy = await proxyTo(server.url, (answer) => {
      answers++
      return answer
    })
    const client = new pg.Client(proxy.url)
    client.on('error', () => {})
    await client.connect()
    expect(answers).toBeGreaterThan(0)
    const query = thrownBy(client.query('SELECT pg_sleep(10)'))
    proxy.end()
    expect(isUnavailable(await query)).toBe(true)
  })

  test('that cannot be reached, by any name, is an outage', async () => {
    const proxy = await proxyTo(server.url)
    await proxy[Symbol.asyncDispose]()
    const urls = [proxy.url, 'postgres://database.invalid/x', 'postgres:///x?host=/no/such/folder']
    for (const url of urls) {
      const client = new pg.Client(url)
      const error = await thrownBy(client.connect())
      expect([url, isUnavailable(error)]).toEqual([url, true])
    }
  })

  test('whose pool is exhausted or closed is an outage', async () => {
    const pool = new pg.Pool({ connectionString: server.url, max: 1, connectionTimeoutMillis: 50 })
    const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
    const holder = await pool.connect()
    expect(isUnavailable(await thrownBy(sql`SELECT 1`.execute(db)))).toBe(true)
    holder.release()
    await pool.end()
    expect(isUnavailable(await thrownBy(sql`SELECT 1`.execute(db)))).toBe(true)
  })

  test('that does not answer in time is an outage', async () => {
    await using proxy = await proxyTo(server.url, () => Buffer.alloc(0))
    const pool = new pg.Pool({ connectionString: proxy.url, connectionTimeoutMillis: 50 })
    expect(isUnavailable(await thrownBy(pool.connect()))).toBe(true)
    await pool.end()

    const impatient = new pg.Client({ connectionString: server.url, query_timeout: 50 })
    await impatient.connect()
    expect(isUnavailable(await thrownBy(impatient.query('SELECT pg_sleep(0.5)')))).toBe(true)
    await impatient.end()
  })
})

test('what is no database error stays what it is', () => {
  const error = new TypeError('x is not a function')
  expect(isUnavailable(error)).toBe(false)
  expect(toStoreError(error)).toBe(error)
  expect(toStoreError('a string')).toMatchObject({ code: 'INVARIANT', cause: 'a string' })
  expect([undefined, null, 'EPIPE', 3].map(isUnavailable)).toEqual([false, false, false, false])
  const outage = new StoreUnavailableError('down')
  expect(toStoreError(outage)).toBe(outage)
})
