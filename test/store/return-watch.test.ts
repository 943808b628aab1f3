/** A database is back when it takes writes again and nothing fails any more. */
import { sql } from 'kysely'
import { expect, it, vi } from 'vitest'
import { openDatabase } from '../../src/store/database.ts'
import { ReturnWatch } from '../../src/store/return-watch.ts'
import { createTestDatabase } from '../support/postgres.ts'

/** Settles when it was counted so often. */
const countdown = (times: number) => {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { promise, count: () => (times -= 1) === 0 && resolve() }
}

it('a database that only reads is not back, one that takes writes is, once', async () => {
  await using database = await createTestDatabase()
  await using db = await openDatabase({ url: database.url, maxConnections: 1 })
  const only = async (mode: 'on' | 'off') =>
    sql`select set_config('default_transaction_read_only', ${mode}, false)`.execute(db)
  await only('on')
  const looks = countdown(2)
  const watched = db.withPlugin({
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      looks.count()
      return result
    },
  })
  let returns = 0
  using watch = new ReturnWatch(watched, () => (returns += 1))
  watch.failed()
  await looks.promise
  expect(returns).toBe(0)
  await only('off')
  await expect.poll(() => returns).toBe(1)
  watch.failed()
  await expect.poll(() => returns).toBe(2)
})

it('what fails after its end is not asked for', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    await using db = await openDatabase()
    const watch = new ReturnWatch(db, () => undefined)
    watch.failed()
    expect(vi.getTimerCount()).toBe(1)
    watch[Symbol.dispose]()
    watch.failed()
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})
