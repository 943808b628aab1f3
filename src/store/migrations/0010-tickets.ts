/** Tickets of users: good for one request each. */
import { sql, type Kysely } from 'kysely'

export const tickets = (schema: string) => ({
  async up(db: Kysely<unknown>): Promise<void> {
    const table = (name: string) => sql.id(schema, name)
    await sql`
      create table ${table('tickets')} (
        ticket_hash text primary key,
        workspace_id text not null,
        user_id text not null,
        expires_at timestamptz not null,
        foreign key (workspace_id, user_id) references ${table('users')} (workspace_id, id) on delete cascade
      )`.execute(db)
    await sql`create index tickets_owner on ${table('tickets')} (workspace_id, user_id)`.execute(db)
    await sql`create index tickets_expiry on ${table('tickets')} (expires_at)`.execute(db)
  },
})
