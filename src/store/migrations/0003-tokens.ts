/** Bearer tokens of users. */
import { sql, type Kysely } from 'kysely'

export const tokens = (schema: string) => ({
  async up(db: Kysely<unknown>): Promise<void> {
    const table = (name: string) => sql.id(schema, name)
    await sql`
      create table ${table('tokens')} (
        id text primary key default ${sql.id(schema, 'uuid_v7')}(),
        workspace_id text not null,
        user_id text not null,
        name text not null,
        token_hash text not null,
        created_at timestamptz not null default now(),
        expires_at timestamptz,
        last_used_at timestamptz,
        revoked_at timestamptz,
        constraint tokens_token_hash_key unique (token_hash),
        foreign key (workspace_id, user_id) references ${table('users')} (workspace_id, id) on delete cascade
      )`.execute(db)
    await sql`create index tokens_owner on ${table('tokens')} (workspace_id, user_id)`.execute(db)
  },
})
