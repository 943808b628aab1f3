/** Titles that chats have by themselves, and the order in which their owner sees them. */
import { sql, type Kysely } from 'kysely'

export const chatTitles = (schema: string) => ({
  async up(db: Kysely<unknown>): Promise<void> {
    const table = (name: string) => sql.id(schema, name)
    await sql`alter table ${table('ai_chats')} add column auto_title text`.execute(db)
    // Chats of before get the beginning of their first message, as it is.
    await sql`
      update ${table('ai_chats')} as chat set auto_title = (
        select nullif(left(btrim(regexp_replace(message.content, '\\s+', ' ', 'g')), 80), '')
        from ${table('ai_chat_messages')} as message
        where message.chat_id = chat.id and message.role = 'user'
        order by message.seq
        limit 1
      )`.execute(db)
    await sql`
      create index ai_chats_newest
      on ${table('ai_chats')} (workspace_id, creator_id, updated_at desc, id desc)`.execute(db)
  },
})
