/** Files of chats: each once for its owner, in pieces, and which chats use it; and the active runs of a user. */
import { sql, type Kysely } from 'kysely'

export const files = (schema: string) => ({
  async up(db: Kysely<unknown>): Promise<void> {
    const table = (name: string) => sql.id(schema, name)

    await sql`
      create table ${table('ai_chat_files')} (
        id text primary key default ${sql.id(schema, 'uuid_v7')}(),
        workspace_id text not null,
        owner_id text not null,
        sha256 text not null,
        media_type text not null,
        filename text,
        size bigint not null,
        created_at timestamptz not null default now(),
        touched_at timestamptz not null default now(),
        unique (id, workspace_id),
        constraint ai_chat_files_content_key
          unique nulls not distinct (workspace_id, owner_id, sha256, media_type, filename),
        foreign key (workspace_id, owner_id) references ${table('users')} (workspace_id, id) on delete cascade
      ) with (fillfactor = 90)`.execute(db)

    await sql`
      create table ${table('ai_chat_file_pieces')} (
        file_id text not null references ${table('ai_chat_files')} on delete cascade,
        position integer not null,
        bytes bytea not null,
        primary key (file_id, position)
      )`.execute(db)
    // Files are compressed already: trying again would only cost time.
    await sql`
      alter table ${table('ai_chat_file_pieces')} alter column bytes set storage external`.execute(
      db,
    )

    await sql`
      create table ${table('ai_chat_file_uses')} (
        chat_id text not null,
        file_id text not null,
        workspace_id text not null,
        primary key (chat_id, file_id),
        foreign key (chat_id, workspace_id) references ${table('ai_chats')} (id, workspace_id) on delete cascade,
        foreign key (file_id, workspace_id) references ${table('ai_chat_files')} (id, workspace_id) on delete cascade
      )`.execute(db)
    await sql`
      create index ai_chat_file_uses_file on ${table('ai_chat_file_uses')} (file_id)`.execute(db)

    await sql`
      create index ai_chat_runs_active_of_user
      on ${table('ai_chat_runs')} (workspace_id, created_by)
      where status in ('pending', 'running', 'waiting')`.execute(db)
  },
})
