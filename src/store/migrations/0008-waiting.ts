/** Calls that wait for a person: the question, the answer, and who gave it. */
import { sql, type Kysely } from 'kysely'

export const waiting = (schema: string) => ({
  async up(db: Kysely<unknown>): Promise<void> {
    const calls = sql.id(schema, 'ai_chat_run_tool_calls')
    await sql`
      alter table ${calls}
        add column approval json,
        add column decided_epoch integer,
        add column decided_by text,
        add column decided_at timestamptz,
        drop constraint ai_chat_run_tool_calls_status_check,
        add check (status in (
          'asked', 'approved', 'awaited', 'started', 'succeeded', 'failed', 'denied', 'unknown'
        ))`.execute(db)
  },
})
