/** The embedded database keeps what it acknowledged, cleans up after itself and leaves its process room to breathe. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { lockDataFolder } from '../../src/store/data-folder.ts'
import { openDatabase, type OutlastDatabase } from '../../src/store/database.ts'
import { EMBEDDED_MAJOR } from '../../src/store/embedded.ts'
import { runFixture } from './fixtures/child.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'
import { eventually } from '../support/eventually.ts'

const MEGABYTE = 1024 * 1024

const query = async <Row>(db: OutlastDatabase, text: string): Promise<Row[]> =>
  (await sql.raw<Row>(text).execute(db)).rows

const folderSize = (path: string): number =>
  readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0)

describe('a data folder', () => {
  test('keeps its rows from one opening to the next, and is locked in between', async () => {
    await using folder = await temporaryFolder()
    {
      await using db = await openDatabase({ dataDir: folder.path })
      await query(db, 'CREATE TABLE kept AS SELECT 7 AS n')
      await expect(openDatabase({ dataDir: folder.path })).rejects.toMatchObject({
        code: 'DATA_FOLDER_LOCKED',
      })
      expect(await query(db, 'SELECT n FROM kept')).toEqual([{ n: 7 }])
    }
    await using db = await openDatabase({ dataDir: folder.path })
    expect(await query(db, 'SELECT n FROM kept')).toEqual([{ n: 7 }])
  })

  test('can be used again by a process that closed it twice', async () => {
    await using folder = await temporaryFolder()
    const db = await openDatabase({ dataDir: folder.path })
    await db.destroy()
    await db.destroy()
    using lock = lockDataFolder(folder.path)
    expect(lock.dir).toBe(folder.path)
  })

  test('lets its process end when it is closed', async () => {
    await using folder = await temporaryFolder()
    await using child = runFixture('open-database.ts', folder.path)
    expect(await child.ended()).toBe(0)
  })

  test('is shut down in good order when it is closed, with nothing to recover', async () => {
    await using folder = await temporaryFolder()
    const db = await openDatabase({ dataDir: folder.path })
    await query(db, 'CREATE TABLE filled AS SELECT n FROM generate_series(1, 2000) n')
    await db.destroy()
    // The state of a PostgreSQL cluster: 1 is shut down, 6 is in production.
    const control = await readFile(join(folder.path, 'pg', 'global', 'pg_control'))
    expect(control.readInt32LE(16)).toBe(1)
  })

  test('that is removed while it is in use keeps nothing, and no query says it did', async () => {
    await using folder = await temporaryFolder()
    const dataDir = join(folder.path, 'data')
    const db = await openDatabase({ dataDir })
    await query(db, 'CREATE TABLE lost (n int)')
    await rm(dataDir, { recursive: true })
    await expect(query(db, 'INSERT INTO lost VALUES (1)')).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    })
    await db.destroy()
    await using other = await openDatabase({ dataDir })
    await query(other, 'CREATE TABLE lost (n int)')
  })

  test('of another PostgreSQL is refused with the versions, and not kept', async () => {
    await using folder = await temporaryFolder()
    await (await openDatabase({ dataDir: folder.path })).destroy()
    await writeFile(join(folder.path, 'pg', 'PG_VERSION'), '17\n')
    await expect(openDatabase({ dataDir: folder.path })).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringMatching(
        new RegExp(`PostgreSQL 17, and this version of Outlast embeds ${EMBEDDED_MAJOR}`),
      ),
    })
    lockDataFolder(folder.path).release()
  })

  test('that is damaged is refused with what PostgreSQL says, and not kept', async () => {
    await using folder = await temporaryFolder()
    await (await openDatabase({ dataDir: folder.path })).destroy()
    await writeFile(join(folder.path, 'pg', 'global', 'pg_control'), 'gone')
    await expect(openDatabase({ dataDir: folder.path })).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringMatching(/does not start: .*pg_control/),
    })
    lockDataFolder(folder.path).release()
  })
})

describe('a killed process', () => {
  test('in the middle of the first opening leaves a folder that opens', async () => {
    await using folder = await temporaryFolder()
    let interrupted = 0
    for (let round = 0; round < 6; round++) {
      const dataDir = join(folder.path, String(round))
      await using victim = runFixture('open-database.ts', dataDir)
      await victim.nextLine()
      await delay(round * 100)
      await victim.kill()
      if (!existsSync(join(dataDir, 'pg'))) interrupted++

      await using next = runFixture('open-database.ts', dataDir)
      expect(await next.ended()).toBe(0)
    }
    expect(interrupted).toBeGreaterThan(0)
  }, 300_000)

  test('loses no row that was acknowledged', async () => {
    await using folder = await temporaryFolder()
    let next = 0
    for (let round = 0; round < 8; round++) {
      await using writer = runFixture('write-rows.ts', folder.path, String(next))
      const acknowledgements = 1 + Math.floor(Math.random() * 400)
      for (let seen = 0; seen < acknowledgements; seen++) {
        next = Number(await writer.nextLine()) + 1
      }
      await writer.kill()
      for (let line = await writer.nextLine(); line !== undefined; line = await writer.nextLine()) {
        next = Number(line) + 1
      }

      await using db = await openDatabase({ dataDir: folder.path })
      const [row] = await query<{ rows: number; last: number }>(
        db,
        'SELECT count(*) AS rows, max(n) AS last FROM acknowledged',
      )
      expect(row?.last).toBeGreaterThanOrEqual(next - 1)
      expect(row?.rows).toBe((row?.last ?? 0) + 1)
      next = (row?.last ?? 0) + 1
    }
  }, 300_000)
})

describe('maintenance', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  test('keeps the write-ahead log small while 100 MB are written', async () => {
    await using folder = await temporaryFolder()
    await using db = await openDatabase({ dataDir: folder.path })
    await query(db, 'CREATE TABLE filled (content text)')
    let largest = 0
    for (let written = 0; written < 100; written++) {
      await sql`INSERT INTO filled VALUES (${randomBytes(MEGABYTE / 2).toString('hex')})`.execute(
        db,
      )
      largest = Math.max(largest, folderSize(join(folder.path, 'pg', 'pg_wal')))
    }
    expect(largest).toBeLessThan(80 * MEGABYTE)
  }, 120_000)

  test('vacuums and analyses tables that have changed', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    await using db = await openDatabase()
    await query(db, 'CREATE TABLE changed AS SELECT n FROM generate_series(1, 1000) n')
    await query(db, 'UPDATE changed SET n = n + 1')
    await eventually(
      async () => {
        vi.advanceTimersByTime(61_000)
        const [row] = await query<{ dead: number; vacuumed: boolean; analysed: boolean }>(
          db,
          `SELECT n_dead_tup AS dead, last_vacuum IS NOT NULL AS vacuumed, last_analyze IS NOT NULL AS analysed
         FROM pg_stat_user_tables WHERE relname = 'changed'`,
        )
        expect(row).toEqual({ dead: 0, vacuumed: true, analysed: true })
      },
      { timeout: 25_000 },
    )
  })

  test('reports what it cannot do, and the database goes on', async () => {
    const errors: Error[] = []
    await using db = await openDatabase({ onError: (error) => errors.push(error) })
    await query(db, 'CREATE ROLE nobody')
    await query(db, 'CREATE SCHEMA AUTHORIZATION nobody')
    await query(db, 'SET ROLE nobody')
    await query(db, 'CREATE TABLE nobody.filled AS SELECT n FROM generate_series(1, 500000) n')
    await expect.poll(() => errors.length).toBeGreaterThan(0)
    expect(errors[0]?.message).toContain('permission denied')
    expect(await query(db, 'SELECT count(*) AS n FROM nobody.filled')).toEqual([{ n: 500_000 }])
  })
})

describe('the process of an embedded database', () => {
  test('hears its timers while queries run one after the other', async () => {
    await using db = await openDatabase()
    let heard = false
    setTimeout(() => (heard = true), 1)
    let queries = 0
    while (!heard && queries < 20_000) {
      await sql`SELECT 1`.execute(db)
      queries++
    }
    expect(heard).toBe(true)
  })

  test('hears its timers while a long queue of queries is served', async () => {
    await using db = await openDatabase()
    let answered = 0
    const queue = Array.from({ length: 5_000 }, async () => {
      await sql`SELECT 1`.execute(db)
      answered++
    })
    await delay(1)
    expect(answered).toBeLessThan(5_000)
    await Promise.all(queue)
  })

  test('embeds the version it says', async () => {
    await using db = await openDatabase()
    const [row] = await query<{ version: number }>(
      db,
      `SELECT current_setting('server_version_num')::int AS version`,
    )
    expect(Math.floor((row?.version ?? 0) / 10_000)).toBe(EMBEDDED_MAJOR)
  })
})
