/** Who had each run in hand, the attempts of its model calls, the processes that execute runs, and the runs of a user by their time. */
import { sql, type Kysely } from 'kysely'

export const runRecords = (schema: string) => ({
  async up(db: Kysely<unknown>): Promise<void> {
    const table = (name: string) => sql.id(schema, name)
    await sql`
      create table ${table('ai_chat_run_holds')} (
        run_id text not null,
        workspace_id text not null,
        epoch integer not null,
        holder text not null,
        began_at timestamptz not null default now(),
        ended_at timestamptz,
        "end" text check ("end" in ('settled', 'waiting', 'released', 'lost')),
        primary key (run_id, epoch),
        foreign key (run_id, workspace_id) references ${table('ai_chat_runs')} (id, workspace_id) on delete cascade
      ) with (fillfactor = 90)`.execute(db)
    await sql`
      alter table ${table('ai_chat_run_steps')}
        add column first_chunk_at timestamptz,
        add column broken_attempts json`.execute(db)
    await sql`
      create table ${table('workers')} (
        id text primary key,
        version text not null,
        started_at timestamptz not null default now(),
        seen_at timestamptz not null default now()
      ) with (fillfactor = 50)`.execute(db)
    await sql`
      create index ai_chat_runs_newest
      on ${table('ai_chat_runs')} (workspace_id, created_by, created_at desc, id desc)`.execute(db)
  },
})
