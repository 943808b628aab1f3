/** Versions that meet in one database: a process that does not know the tables leaves them alone, one that does goes on. */
import { dirname } from 'node:path'
import { sql } from 'kysely'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { barrier, finish, text } from '../support/fake-provider.ts'
import { messageParts } from '../support/engine.ts'
import { latestOf, Tab } from '../support/run-client.ts'
import { runCli, type ServerProcess } from '../support/server-process.ts'
import {
  asks,
  rowsOf,
  says,
  settledRow,
  startFleet,
  storedParts,
  type Fleet,
} from './fixtures/fleet.ts'

let fleet: Fleet
let server: ServerProcess

beforeEach(async () => {
  fleet = await startFleet(1)
  server = fleet.servers[0]!
})
afterEach(() => fleet[Symbol.asyncDispose]())

/** What the next version does to the database when it is started: more columns, and a note that it was here. */
const migrateToTheNextVersion = async (): Promise<void> => {
  await fleet.db.transaction().execute(async (trx) => {
    for (const table of [
      'ai_chat_runs',
      'ai_chat_run_steps',
      'ai_chat_run_tool_calls',
      'ai_chat_messages',
    ])
      await sql`ALTER TABLE ${sql.id('outlast', table)} ADD COLUMN from_the_future jsonb`.execute(
        trx,
      )
    await sql`INSERT INTO outlast.migrations (name) VALUES ('9999-the-future')`.execute(trx)
  })
}

/** Every table of the schema with all its rows, and every column. */
const everything = async (): Promise<unknown> => {
  const { rows: columns } = await sql<{ table: string; column: string }>`
    SELECT table_name AS "table", column_name AS "column" FROM information_schema.columns
    WHERE table_schema = 'outlast' ORDER BY 1, ordinal_position`.execute(fleet.db)
  const tables = [...new Set(columns.map(({ table }) => table))]
  const rows = await Promise.all(
    tables.map(async (table) => {
      const found = await sql<{ row: unknown }>`
        SELECT to_jsonb(t) AS row FROM ${sql.id('outlast', table)} t ORDER BY 1`.execute(fleet.db)
      return [table, found.rows] as const
    }),
  )
  return { columns, rows: Object.fromEntries(rows) }
}

const startOlderVersion = () => runCli(dirname(server.dataDir), { ...fleet.env, PORT: '0' })

const ask = async (words: string, ...turns: Parameters<Fleet['teach']>[0][string]) => {
  fleet.teach({ [words]: turns })
  const tab = new Tab(words.replaceAll(' ', '-'))
  await tab.ask(server.url, words)
  return tab
}

it('a process refuses a database of a newer version, says why, and changes nothing', async () => {
  const silent = barrier()
  const left = await ask('left behind', [[text('Once upon'), silent, finish()]])
  await silent.barrier.reached
  await server.kill()
  await migrateToTheNextVersion()
  // Also what would be everybody's to take over.
  await fleet.db
    .updateTable('aiChatRuns')
    .set({ leaseExpiresAt: new Date(0) })
    .where('id', '=', left.runId)
    .execute()
  const before = await everything()
  const { code, said } = await startOlderVersion()
  expect(code).toBe(1)
  expect(said.trim()).toMatch(
    /^The database was changed by a newer version of Outlast \(9999-the-future\)\. .*DATABASE_URL.*\.$/,
  )
  expect(await everything()).toEqual(before)
  expect(fleet.calls('left behind')).toHaveLength(1)
})

it('a process that runs while a newer version adds columns goes on, and does not start again', async () => {
  const speaking = barrier()
  const steps = [[[text('I will. '), speaking, ...asks({ name: 'act' })]], [says('Done')]] as const
  const tab = await ask('under way', ...steps)
  await speaking.barrier.reached
  await migrateToTheNextVersion()
  speaking.barrier.release()
  const fresh = await ask('fresh', [asks({ name: 'more' })], [says('Done')])
  for (const one of [tab, fresh]) {
    expect(await settledRow(fleet, one)).toMatchObject({ status: 'succeeded', stepCount: 2 })
    expect(await one.closed()).toBe('done')
    const rows = await rowsOf(fleet, one)
    expect(rows.calls).toMatchObject([{ status: 'succeeded' }])
    expect(await messageParts(one.chunks)).toEqual(storedParts(rows))
    expect((await latestOf(server.url, one.chatId)).message.parts).toEqual(storedParts(rows))
  }
  expect((await startOlderVersion()).code).toBe(1)
  server.signal('SIGTERM')
  expect(await server.ended()).toBe(0)
  await expect(server.start()).rejects.toThrow('newer version of Outlast')
})

it('a process that meets tables it cannot write to fails the run in so many words, and goes on when it can', async () => {
  const speaking = barrier()
  const tab = await ask('in the way', [[text('Once upon'), speaking, finish()]])
  await speaking.barrier.reached
  const journal = sql.id('outlast', 'ai_chat_run_steps')
  await sql`ALTER TABLE ${journal} ADD COLUMN required text NOT NULL`.execute(fleet.db)
  speaking.barrier.release()
  const run = await settledRow(fleet, tab)
  expect(run).toMatchObject({ status: 'failed', errorCode: 'internal_error', leaseHolder: null })
  expect(await tab.closed()).toBe('done')
  const { steps, calls, message } = await rowsOf(fleet, tab)
  expect([...steps, ...calls]).toEqual([])
  expect(message.status).toBe('error')
  expect(server.said).toContain('"required"')
  await sql`ALTER TABLE ${journal} DROP COLUMN required`.execute(fleet.db)
  const next = await ask('out of the way', [says('There I am')])
  expect(await settledRow(fleet, next)).toMatchObject({ status: 'succeeded', attempt: 0 })
})
