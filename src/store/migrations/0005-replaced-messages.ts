/** An edited message keeps the id that clients know, so that id is unique only among messages that were not replaced. */
import { sql, type Kysely } from 'kysely'

export const replacedMessages = (schema: string) => ({
  async up(db: Kysely<unknown>): Promise<void> {
    const messages = sql.id(schema, 'ai_chat_messages')
    // Each version was replaced by another message, and null is one value here.
    await sql`
      alter table ${messages}
        drop constraint ai_chat_messages_public_id_key,
        add constraint ai_chat_messages_public_id_key
          unique nulls not distinct (chat_id, public_id, superseded_by)`.execute(db)
  },
})
