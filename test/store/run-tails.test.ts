/** What runs say, kept in PostgreSQL. */
import { sql } from 'kysely'
import { afterAll, beforeAll } from 'vitest'
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
