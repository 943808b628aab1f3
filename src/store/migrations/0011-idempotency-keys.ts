/** Keys that clients give to their requests, each with what was asked under it. */
import { sql, type Kysely } from 'kysely'

export const idempotencyKeys = (schema: string) => ({
  async up(db: Kysely<unknown>): Promise<void> {
    const runs = sql.id(schema, 'ai_chat_runs')
    await sql`
      alter table ${runs}
        add column idempotency_key text,
        add column request_hash text`.execute(db)
    await sql`
      create unique index ai_chat_runs_idempotency_key
      on ${runs} (chat_id, idempotency_key)
      where idempotency_key is not null`.execute(db)
  },
})
