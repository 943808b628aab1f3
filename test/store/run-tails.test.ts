/** What runs say, kept in PostgreSQL. */
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { DEFAULT_SCHEMA } from '../../src/store/database.ts'
import { createRunTails } from '../../src/store/run-tails.ts'
import { openPostgres, type PostgresDatabase } from '../conformance/databases.ts'
import { describeTailStore } from '../conformance/tail-store.ts'

let database: PostgresDatabase
beforeAll(async () => {
  database = await openPostgres()
})
afterAll(() => database[Symbol.asyncDispose]())

describeTailStore('PostgreSQL', () => ({
  tails: createRunTails(database.db, DEFAULT_SCHEMA),
  lose: async (runId) =>
    void (await sql`delete from outlast.ai_chat_run_tails where run_id = ${runId}`.execute(
      database.db,
    )),
}))

it('who holds the run is the one of its row, also when nothing of it is written down', async () => {
  const tails = createRunTails(database.db, DEFAULT_SCHEMA)
  await database.db.transaction().execute(async (trx) => {
    await sql`set local session_replication_role = replica`.execute(trx)
    await sql`
      insert into outlast.ai_chat_runs (id, chat_id, workspace_id, created_by, driver, status, lease_epoch)
      values ('held', 'c', 'w', 'u', 'engine', 'running', 2)`.execute(trx)
  })
  const begin = (epoch: number) => ({
    ...{ runId: 'held', epoch, stream: `of ${epoch}`, after: null, last: 1 },
    ...{ entries: '[]', snapshot: null, trim: null },
  })
  expect(await tails.write([begin(1)])).toEqual(new Set())
  expect(await tails.write([begin(2)])).toEqual(new Set(['held']))
})
