/** What a process says of a database that is away: a few lines with reasons, and one when it answers again. */
import { randomBytes } from 'node:crypto'
import { rename } from 'node:fs/promises'
import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { openDatabase } from '../../src/store/database.ts'
import { outageProxy } from '../support/outage-proxy.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { startServerProcess, type ServerProcess } from '../support/server-process.ts'

/** Everything that a process has said beside what it is. */
const complaints = ({ said }: ServerProcess): string[] =>
  said.split('\n').filter((line) => line && !/^(Outlast|data|model|executes) /.test(line))

const BACK = 'The database answers again, and everything goes on'

const isReady = async ({ url }: ServerProcess): Promise<boolean> =>
  (await fetch(`${url}/readyz`)).ok

it('each outage is told once, without a stack, and so is its end', async () => {
  await using database = await createTestDatabase()
  await using proxy = await outageProxy(database.url)
  await using server = await startServerProcess({ env: { DATABASE_URL: proxy.url } })
  for (const outage of [1, 2]) {
    proxy.down()
    await expect.poll(() => isReady(server)).toBe(false)
    await expect
      .poll(() => complaints(server).filter((line) => line.includes('Runs wait')))
      .toHaveLength(outage)
    // Many calls, all of which fail.
    for (let n = 0; n < 20; n++)
      expect((await fetch(`${server.url}/ai-chat/runs`)).status).toBe(503)
    proxy.up()
    await expect
      .poll(() => complaints(server).filter((line) => line === BACK), { timeout: 40_000 })
      .toHaveLength(outage)
    expect(await isReady(server)).toBe(true)
  }
  const reasons = complaints(server).filter((line) => line !== BACK)
  // Twice an outage that a call met, and what broke while nobody waited for it.
  expect(reasons.length).toBeLessThan(10)
  for (const reason of reasons)
    expect(reason).toMatch(/^While using the database: .*(ECONNRESET|terminated|reset).*\.$/)
})

it('a user who is not let in any more is told what to do, and is back when it was done', async () => {
  await using database = await createTestDatabase()
  const user = `outlast_test_${randomBytes(8).toString('hex')}`
  await using admin = await openDatabase({ url: database.url })
  await sql`create role ${sql.id(user)} login`.execute(admin)
  await sql`grant all on schema outlast to ${sql.id(user)}`.execute(admin)
  await using _role = {
    async [Symbol.asyncDispose]() {
      await sql`drop owned by ${sql.id(user)}`.execute(admin)
      await sql`drop role ${sql.id(user)}`.execute(admin)
    },
  }
  const url = new URL(database.url)
  url.username = user
  await using server = await startServerProcess({ env: { DATABASE_URL: url.href } })
  await sql`alter role ${sql.id(user)} nologin`.execute(admin)
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where usename = ${user}`.execute(
    admin,
  )
  await expect.poll(() => isReady(server)).toBe(false)
  const refused = `While using the database: PostgreSQL at ${url.host} refused ${user}: check user and password in DATABASE_URL.`
  await expect.poll(() => complaints(server)).toContain(refused)
  expect((await fetch(`${server.url}/ai-chat/runs`)).status).toBe(503)
  await sql`alter role ${sql.id(user)} login`.execute(admin)
  await expect.poll(() => complaints(server), { timeout: 40_000 }).toContain(BACK)
  expect(await isReady(server)).toBe(true)
  expect(complaints(server).filter((line) => line === refused)).toHaveLength(1)
})

it('a data folder that is taken away is told once, and browsers do not hear where it was', async () => {
  await using server = await startServerProcess()
  await rename(server.dataDir, `${server.dataDir}.elsewhere`)
  await expect.poll(() => isReady(server)).toBe(false)
  const answer = await fetch(`${server.url}/ai-chat/runs`)
  expect(answer.status).toBe(503)
  expect(await answer.text()).not.toContain(server.dataDir)
  await expect
    .poll(() => complaints(server))
    .toEqual([
      expect.stringMatching(
        `^While using the database: The data folder ${server.dataDir} was removed or replaced .*Restart`,
      ),
    ])
  server.signal('SIGTERM')
  expect(await server.ended()).toBe(0)
})
