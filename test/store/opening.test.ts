/** A connection that breaks while the database is opened fails the opening, and nothing else. */
import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { openPreparedStore } from '../../src/open-store.ts'
import { openDatabase } from '../../src/store/database.ts'
import { eventually } from '../support/eventually.ts'
import { outageProxy } from '../support/outage-proxy.ts'
import { createTestDatabase } from '../support/postgres.ts'

it('a connection that breaks while the database is opened is told, and the opening may be tried again', async () => {
  await using database = await createTestDatabase()
  await using proxy = await outageProxy(database.url)
  await using admin = await openDatabase({ url: database.url })
  const told: string[] = []
  const onError = (error: Error) => told.push(error.message)
  const to = { database: { url: proxy.url, schema: 'one' }, log: undefined, onError }
  const open = () => openPreparedStore(to, async () => {})
  await admin.transaction().execute(async (trx) => {
    // Whoever opens it wants to make the schema too, and waits for us.
    await sql`create schema one`.execute(trx)
    const opening = open().then(
      () => 'open',
      (error: unknown) => error,
    )
    await eventually(async () => {
      await sql`select pg_stat_clear_snapshot()`.execute(trx)
      const { rows } = await sql`
        select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(trx)
      expect(rows).toHaveLength(1)
    })
    proxy.down()
    expect(await opening).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true })
  })
  expect(told).toEqual([expect.stringContaining('It is tried again.')])
  proxy.up()
  await using store = await open()
  expect(store.embedded).toBe(false)
})
