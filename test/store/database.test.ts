/** PostgreSQL and PGlite open as the same thing: our schema, the same types, closed as a whole. */
import { inspect } from 'node:util'
import { type Generated, type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase, openStore, type OutlastDatabase } from '../../src/store/database.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { proxyTo } from './fixtures/tcp-proxy.ts'

type TestTables = {
  fencedRuns: {
    id: Generated<number>
    leaseEpoch: number
    details: unknown
    updatedAt: Date | null
  }
  runSteps: { runId: number; stepIndex: number; tokenCount: string | number }
}

/** Ours without the tables that migrations make. */
const withTables = async (db: OutlastDatabase): Promise<Kysely<TestTables>> => {
  await sql`CREATE TABLE fenced_runs (
    id serial PRIMARY KEY, lease_epoch int NOT NULL, details jsonb, updated_at timestamptz
  )`.execute(db)
  await sql`CREATE TABLE run_steps (run_id int, step_index int, token_count bigint)`.execute(db)
  return db as unknown as Kysely<TestTables>
}

let server: TestDatabase
beforeAll(async () => {
  server = await createTestDatabase()
})
afterAll(() => server[Symbol.asyncDispose]())

const withCredentials = (user: string, password: string, database?: string): string => {
  const url = new URL(server.url)
  url.username = user
  url.password = password
  if (database !== undefined) url.pathname = `/${database}`
  return url.href
}

describe.each(['PGlite', 'PostgreSQL'])('%s', (kind) => {
  const open = async (schema = 'outlast'): Promise<OutlastDatabase> =>
    openDatabase(kind === 'PGlite' ? { schema } : { schema, url: server.url })

  test('resolves built and raw names in our schema only', async () => {
    await using ours = await open('first_place')
    const db = await withTables(ours)
    await db.insertInto('fencedRuns').values({ leaseEpoch: 1 }).execute()
    const { rows } = await sql`SELECT lease_epoch FROM fenced_runs`.execute(db)
    expect(rows).toEqual([{ leaseEpoch: 1 }])
    expect(await db.selectFrom('fencedRuns').select('leaseEpoch').execute()).toEqual(rows)
    const { rows: places } = await sql`
      SELECT schemaname FROM pg_tables WHERE tablename = 'fenced_runs'`.execute(db)
    expect(places).toEqual([{ schemaname: 'first_place' }])

    await sql`CREATE TABLE public.theirs_alone ()`.execute(db)
    await expect(sql`SELECT FROM theirs_alone`.execute(db)).rejects.toMatchObject({ code: '42P01' })
    await sql`DROP TABLE public.theirs_alone`.execute(db)
  })

  test('fences in one statement with a data-modifying CTE, inside a transaction too', async () => {
    await using ours = await open('fence_place')
    const db = await withTables(ours)
    const { id } = await db
      .insertInto('fencedRuns')
      .values({ leaseEpoch: 2 })
      .returning('id')
      .executeTakeFirstOrThrow()
    const append = (on: Kysely<TestTables>, epoch: number, stepIndex: number) =>
      on
        .with('fence', (qb) =>
          qb
            .updateTable('fencedRuns')
            .set({ updatedAt: sql`now()` })
            .where('id', '=', id)
            .where('leaseEpoch', '=', epoch)
            .returning('fencedRuns.id'),
        )
        .insertInto('runSteps')
        .columns(['runId', 'stepIndex', 'tokenCount'])
        .expression((qb) =>
          qb
            .selectFrom('fence')
            .select([
              'fence.id as runId',
              sql<number>`${stepIndex}::int`.as('stepIndex'),
              sql<number>`12`.as('tokenCount'),
            ]),
        )
        .returning('stepIndex')
        .execute()

    expect(await append(db, 1, 0)).toEqual([])
    expect(await append(db, 2, 1)).toEqual([{ stepIndex: 1 }])
    await db.transaction().execute(async (trx) => {
      expect(await append(trx, 1, 2)).toEqual([])
      expect(await append(trx, 2, 3)).toEqual([{ stepIndex: 3 }])
    })
    const steps = await db.selectFrom('runSteps').select('stepIndex').orderBy('stepIndex').execute()
    expect(steps).toEqual([{ stepIndex: 1 }, { stepIndex: 3 }])
  })

  test('rolls a failed transaction back', async () => {
    await using ours = await open('rollback_place')
    const db = await withTables(ours)
    const failed = db.transaction().execute(async (trx) => {
      await trx.insertInto('fencedRuns').values({ leaseEpoch: 1 }).execute()
      await sql`SELECT 1 / 0`.execute(trx)
    })
    await expect(failed).rejects.toMatchObject({ code: '22012' })
    expect(await db.selectFrom('fencedRuns').selectAll().execute()).toEqual([])
  })

  test('gives numbers, dates and JSON as JavaScript has them, and keys inside JSON as they are', async () => {
    await using ours = await open('types_place')
    const db = await withTables(ours)
    const details = { snake_case: [1, { camelCase: null }] }
    const at = new Date('2026-02-03T04:05:06.789Z')
    await db
      .insertInto('fencedRuns')
      .values({ leaseEpoch: 1, details: JSON.stringify(details), updatedAt: at })
      .execute()
    const row = await db
      .selectFrom('fencedRuns')
      .select((eb) => [
        'details',
        'updatedAt',
        eb.fn.countAll().as('counted'),
        sql`9007199254740991::bigint`.as('largest'),
        sql`9007199254740993::bigint`.as('tooLarge'),
        sql`(SELECT sum(n) FROM generate_series(1, 10::bigint) n)`.as('summed'),
        sql`0.25::numeric`.as('fraction'),
        sql`'{"a_b": 1}'::json`.as('verbatim'),
      ])
      .groupBy('id')
      .executeTakeFirstOrThrow()
    expect(row).toEqual({
      details,
      updatedAt: at,
      counted: 1,
      largest: Number.MAX_SAFE_INTEGER,
      tooLarge: '9007199254740993',
      summed: 55,
      fraction: 0.25,
      verbatim: { a_b: 1 },
    })
  })

  test('says whether it is embedded', async () => {
    await using store = await openStore(kind === 'PGlite' ? {} : { url: server.url })
    expect(store).toMatchObject({ embedded: kind === 'PGlite', schema: 'outlast' })
  })

  test('answers everybody who waits for a connection when it is closed', async () => {
    const db = await open()
    const waiting = Array.from({ length: 50 }, () => sql`SELECT 1`.execute(db))
    await Promise.race(waiting)
    const closed = db.destroy()
    const outcomes = await Promise.allSettled(waiting)
    await closed
    await db.destroy()
    expect(outcomes.some(({ status }) => status === 'rejected')).toBe(true)
    await expect(sql`SELECT 1`.execute(db)).rejects.toThrow('destroyed')
  })
})

describe('a server', () => {
  test('is opened by twenty at the same time', async () => {
    const opened = await Promise.all(
      Array.from({ length: 20 }, () =>
        openDatabase({ url: server.url, schema: 'crowded', maxConnections: 1 }),
      ),
    )
    expect(opened).toHaveLength(20)
    await Promise.all(opened.map((db) => db.destroy()))
  })

  test('may get our schema from somebody else at the same moment', async () => {
    await using admin = await openDatabase({ url: server.url, schema: 'other' })
    const opening = await admin.transaction().execute(async (trx) => {
      await sql`CREATE SCHEMA contested`.execute(trx)
      const opened = openDatabase({ url: server.url, schema: 'contested' })
      await expect
        .poll(async () => {
          const { rows } = await sql`
            SELECT pid FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(admin)
          return rows.length
        })
        .toBe(1)
      return { opened }
    })
    await using db = await opening.opened
    const { rows } = await sql`SELECT current_schema AS name`.execute(db)
    expect(rows).toEqual([{ name: 'contested' }])
  })

  test('lets a user in who may use the schema and not create one', async () => {
    await using admin = await openDatabase({ url: server.url, schema: 'granted' })
    const user = `guest_${Math.random().toString(36).slice(2)}`
    await sql`CREATE ROLE ${sql.id(user)} LOGIN`.execute(admin)
    try {
      await sql`GRANT USAGE ON SCHEMA granted TO ${sql.id(user)}`.execute(admin)
      const guest = await openDatabase({ url: withCredentials(user, 'x'), schema: 'granted' })
      await guest.destroy()
      await expect(
        openDatabase({ url: withCredentials(user, 'x'), schema: 'not_granted' }),
      ).rejects.toMatchObject({
        code: 'INVALID_CONFIG',
        message: expect.stringContaining('grant CREATE'),
      })
    } finally {
      await sql`DROP OWNED BY ${sql.id(user)}`.execute(admin)
      await sql`DROP ROLE ${sql.id(user)}`.execute(admin)
    }
  })

  test('that does not listen is an outage, told without the password', async () => {
    await using proxy = await proxyTo(server.url)
    const url = new URL(proxy.url)
    url.password = 'sesame-open'
    await proxy[Symbol.asyncDispose]()
    const error: unknown = await openDatabase({ url: url.href }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(new RegExp(`${url.host}.*ECONNREFUSED.*DATABASE_URL`)),
    })
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('sesame')
  })

  test.each([
    [
      'a database that is missing',
      () => withCredentials('postgres', 'sesame-open', 'nowhere'),
      /no database nowhere/,
    ],
    [
      'a user that is refused',
      () => withCredentials('nobody_at_all', 'sesame-open'),
      /refused nobody_at_all/,
    ],
    ['TLS where there is none', () => `${server.url}?sslmode=verify-full`, /TLS with PostgreSQL/],
    [
      'another protocol',
      () => 'mysql://root:sesame-open@127.0.0.1/app',
      /must look like postgres:/,
    ],
    ['no URL at all', () => 'sesame-open', /must look like postgres:/],
    [
      'a certificate that is missing',
      () => `${server.url}?sslrootcert=/no/ca.pem`,
      /cannot be used: ENOENT/,
    ],
  ])(
    'with %s is a mistake in the configuration, told without the password',
    async (_name, url, sentence) => {
      const error: unknown = await openDatabase({ url: url() }).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({
        code: 'INVALID_CONFIG',
        message: expect.stringMatching(sentence),
      })
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('sesame')
    },
  )

  test('older than 15 is refused with its version', async () => {
    await using proxy = await proxyTo(server.url, (answer) =>
      Buffer.from(answer.toString('latin1').replace(/\b1[5-9]00\d\d\b/g, '140011'), 'latin1'),
    )
    await expect(openDatabase({ url: proxy.url })).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining('PostgreSQL 14.11 is too old'),
    })
  })

  test('that cuts connections, idle and in a transaction, ends no process and is used again', async () => {
    const errors: Error[] = []
    const url = new URL(server.url)
    url.password = 'sesame-open'
    await using proxy = await proxyTo(url.href)
    await using db = await openDatabase({ url: proxy.url, onError: (error) => errors.push(error) })
    await Promise.all([1, 2, 3].map(() => sql`SELECT pg_sleep(0.05)`.execute(db)))
    const cutOff = db.transaction().execute(async (trx) => {
      await sql`SELECT 1`.execute(trx)
      proxy.cut()
      await expect.poll(() => errors.length).toBeGreaterThanOrEqual(3)
      await sql`SELECT 1`.execute(trx)
    })
    await expect(cutOff).rejects.toThrow()
    const { rows } = await sql`SELECT 1 AS one`.execute(db)
    expect(rows).toEqual([{ one: 1 }])
    expect(inspect(errors, { depth: 10, showHidden: true })).not.toContain('sesame')
  })

  test('says nothing of connections that are cut off while it closes them', async () => {
    const errors: Error[] = []
    for (let round = 0; round < 5; round++) {
      const database = await createTestDatabase()
      const onError = (error: Error) => errors.push(error)
      const db = await openDatabase({ url: database.url, onError })
      await Promise.all(Array.from({ length: 20 }, () => sql`SELECT pg_sleep(0.01)`.execute(db)))
      await db.destroy()
      await database[Symbol.asyncDispose]()
    }
    expect(errors).toEqual([])
  })

  test('behind a pooler keeps the settings of the connections it shares', async () => {
    // A pooler gives each client a process id of its own making: here the server's, changed on its way.
    const keyData = Buffer.from([0x4b, 0, 0, 0, 12])
    await using proxy = await proxyTo(server.url, (answer) => {
      const at = answer.indexOf(keyData)
      if (at >= 0) answer.writeInt32BE(1, at + keyData.length)
      return answer
    })
    await using pooled = await openDatabase({ url: proxy.url, schema: 'pooled' })
    await using direct = await openDatabase({ url: server.url, schema: 'pooled' })
    const settings = async (db: OutlastDatabase) =>
      (
        await sql<{ path: string; jit: string }>`
          SELECT current_setting('search_path') AS path, current_setting('jit') AS jit`.execute(db)
      ).rows[0]
    const { rows } = await sql<{
      jit: string
    }>`SELECT reset_val AS jit FROM pg_settings WHERE name = 'jit'`.execute(direct)
    expect(await settings(direct)).toEqual({ path: '"pooled"', jit: 'off' })
    expect(await settings(pooled)).toEqual({ path: '"$user", public', jit: rows[0]?.jit })
    await withTables(direct)
    const built = pooled as unknown as Kysely<TestTables>
    expect(await built.selectFrom('fencedRuns').selectAll().execute()).toEqual([])
  })
})

test('a URL and a data folder together are refused', async () => {
  await expect(openDatabase({ url: 'postgres://localhost/x', dataDir: 'x' })).rejects.toThrow(
    'not both',
  )
})

test.each(['', 'Capital', '1st', 'pg_own', 'a"b', 'x'.repeat(64)])(
  'a schema named %j is refused',
  async (schema) => {
    await expect(openDatabase({ schema })).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
  },
)
