/** Processes that execute runs and answer nobody. */
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { outageProxy } from '../support/outage-proxy.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { startServerProcess } from '../support/server-process.ts'
import { eventually } from '../support/eventually.ts'

const EMBEDDED = fileURLToPath(new URL('fixtures/embedded.ts', import.meta.url))

it.each([
  {
    name: 'a worker that has nothing to do',
    command: { words: ['work', '--concurrency', '1'] },
    lastWords: 'SIGTERM',
  },
  { name: 'a program that embeds it', command: { program: EMBEDDED }, lastWords: 'closed' },
])('$name stays while its database is away, until it is told to end', async (one) => {
  await using database = await createTestDatabase()
  await using proxy = await outageProxy(database.url)
  const env = { DATABASE_URL: proxy.url }
  await using started = await startServerProcess({ ...one.command, env })
  proxy.down()
  await eventually(() => expect(proxy.refused).toBeGreaterThan(5), { timeout: 30_000 })
  expect(started.said).toContain('Runs wait for it, and go on by themselves.')
  proxy.up()
  started.signal('SIGTERM')
  expect(await started.ended()).toBe(0)
  expect(started.said).toContain(one.lastWords)
})
