/** A process that executes runs and answers nobody. */
import { expect, it, vi } from 'vitest'
import { outageProxy } from '../support/outage-proxy.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { startServerProcess } from '../support/server-process.ts'

it('a worker stays while its database is away, although it has nothing to do', async () => {
  await using database = await createTestDatabase()
  await using proxy = await outageProxy(database.url)
  await using worker = await startServerProcess({
    words: ['work', '--concurrency', '1'],
    env: { DATABASE_URL: proxy.url },
  })
  proxy.down()
  const troubles = () => worker.said.match(/While sweeping/g) ?? []
  await vi.waitFor(() => expect(troubles().length).toBeGreaterThan(2), { timeout: 30_000 })
  proxy.up()
  worker.signal('SIGTERM')
  expect(await worker.ended()).toBe(0)
  expect(worker.said).toContain('SIGTERM')
})
