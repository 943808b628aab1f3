/** What each step asked its model for, and what it cost; the validated output of a run. */
import { sql, type Kysely } from 'kysely'

export const stepRequest = (schema: string) => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      alter table ${sql.id(schema, 'ai_chat_run_steps')}
        add column request json,
        add column cost_micros bigint`.execute(db)
    await sql`alter table ${sql.id(schema, 'ai_chat_runs')} add column output json`.execute(db)
  },
})
