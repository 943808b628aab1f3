/** Who was let in to be executed, and how much each worker can execute: a turn in a queue is a matter of indexes. */
import { sql, type Kysely } from 'kysely'

export const admission = (schema: string) => ({
  async up(db: Kysely<unknown>): Promise<void> {
    const table = (name: string) => sql.id(schema, name)
    const runs = table('ai_chat_runs')
    await sql`alter table ${runs} add column admitted_at timestamptz`.execute(db)
    // When a run of it was let in last.
    await sql`alter table ${table('workspaces')} add column run_admitted_at timestamptz`.execute(db)
    await sql`alter table ${table('workers')} add column concurrency integer`.execute(db)
    await sql`
      create index ai_chat_runs_pending on ${runs} (workspace_id, created_at, id)
      where driver = 'engine' and status = 'pending' and admitted_at is null and not bound
        and stop_requested_at is null`.execute(db)
    await sql`
      create index ai_chat_runs_in_hand on ${runs} (workspace_id)
      where driver = 'engine' and status in ('pending', 'running', 'waiting')
        and (status = 'running' or bound or admitted_at is not null or stop_requested_at is not null)`.execute(
      db,
    )
  },
})
