/** The trace that a run belongs to. */
import { sql, type Kysely } from 'kysely'

export const traceParent = (schema: string) => ({
  async up(db: Kysely<unknown>): Promise<void> {
    const runs = sql.id(schema, 'ai_chat_runs')
    await sql`alter table ${runs} add column trace_parent text`.execute(db)
  },
})
