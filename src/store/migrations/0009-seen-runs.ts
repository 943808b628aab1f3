/** What the owner of a chat has seen of it. */
import { sql, type Kysely } from 'kysely'

export const seenRuns = (schema: string) => ({
  async up(db: Kysely<unknown>): Promise<void> {
    const table = (name: string) => sql.id(schema, name)
    await sql`alter table ${table('ai_chats')} add column seen_run_id text`.execute(db)
    // What has settled before anybody could say so counts as seen.
    await sql`
      update ${table('ai_chats')} as chat set seen_run_id = latest.id
      from (
        select distinct on (chat_id) chat_id, id, status
        from ${table('ai_chat_runs')}
        order by chat_id, created_at desc, id desc
      ) as latest
      where latest.chat_id = chat.id and latest.status in ('succeeded', 'failed', 'aborted')`.execute(
      db,
    )
  },
})
