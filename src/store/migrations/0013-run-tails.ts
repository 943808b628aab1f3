/** What runs say before the journal has it, for readers in other processes. The journal is the truth: a crash may empty these tables. */
import { sql, type Kysely } from 'kysely'

export const runTails = (schema: string) => ({
  async up(db: Kysely<unknown>): Promise<void> {
    const table = (name: string) => sql.id(schema, name)
    // No foreign key: checking it would lock the row of the run, which is a write to the log of the database.
    await sql`
      create unlogged table ${table('ai_chat_run_tails')} (
        run_id text primary key,
        epoch integer not null,
        stream text not null,
        last_n integer not null,
        snapshot text,
        snapshots integer not null default 0,
        updated_at timestamptz not null default now()
      ) with (fillfactor = 50)`.execute(db)
    await sql`
      create unlogged table ${table('ai_chat_run_tail_rows')} (
        stream text not null,
        last_n integer not null,
        entries text not null,
        primary key (stream, last_n)
      )`.execute(db)
  },
})
