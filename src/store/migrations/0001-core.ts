/** Workspaces, users, chats, messages, runs, their journal and their ledger. */
import { sql, type Kysely } from 'kysely'

/** Where PostgreSQL (before 18) has no `uuidv7()`: 48 bits of milliseconds, version and variant, then random bits. */
const uuidV7 = (schema: string) => sql`
  create or replace function ${sql.id(schema, 'uuid_v7')}() returns text
  language sql volatile parallel safe as $$
    select encode(
      set_bit(
        set_bit(
          overlay(
            uuid_send(gen_random_uuid())
            placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
            from 1 for 6
          ),
          52, 1
        ),
        53, 1
      ),
      'hex'
    )::uuid::text
  $$`

export const core = (schema: string) => ({
  async up(db: Kysely<unknown>): Promise<void> {
    const table = (name: string) => sql.id(schema, name)
    const id = sql`id text primary key default ${sql.id(schema, 'uuid_v7')}()`
    await uuidV7(schema).execute(db)

    await sql`
      create table ${table('workspaces')} (
        ${id},
        name text not null,
        settings jsonb not null default '{}',
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      )`.execute(db)

    await sql`
      create table ${table('users')} (
        id text not null default ${sql.id(schema, 'uuid_v7')}(),
        workspace_id text not null references ${table('workspaces')} on delete cascade,
        name text not null,
        created_at timestamptz not null default now(),
        primary key (workspace_id, id)
      )`.execute(db)

    await sql`
      create table ${table('ai_chats')} (
        ${id},
        workspace_id text not null,
        creator_id text not null,
        client_id text,
        public_id text not null generated always as (coalesce(client_id, id)) stored,
        title text,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        unique (id, workspace_id),
        constraint ai_chats_public_id_key unique (workspace_id, creator_id, public_id),
        foreign key (workspace_id, creator_id) references ${table('users')} (workspace_id, id) on delete cascade
      )`.execute(db)

    await sql`
      create table ${table('ai_chat_messages')} (
        ${id},
        chat_id text not null,
        workspace_id text not null,
        user_id text,
        client_id text,
        public_id text not null generated always as (coalesce(client_id, id)) stored,
        seq bigint not null generated always as identity,
        role text not null check (role in ('user', 'assistant', 'system')),
        content text not null default '',
        status text not null default 'completed'
          check (status in ('streaming', 'completed', 'error', 'aborted')),
        metadata jsonb,
        superseded_by text,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        unique (id, workspace_id),
        constraint ai_chat_messages_public_id_key unique (chat_id, public_id),
        foreign key (chat_id, workspace_id) references ${table('ai_chats')} (id, workspace_id) on delete cascade,
        foreign key (superseded_by, workspace_id)
          references ${table('ai_chat_messages')} (id, workspace_id) on delete set null (superseded_by)
      )`.execute(db)
    await sql`
      create index ai_chat_messages_chat_seq
      on ${table('ai_chat_messages')} (chat_id, seq)`.execute(db)
    // For the foreign key: without it each deleted message reads the whole table.
    await sql`
      create index ai_chat_messages_superseded_by on ${table('ai_chat_messages')} (superseded_by)
      where superseded_by is not null`.execute(db)

    await sql`
      create table ${table('ai_chat_runs')} (
        ${id},
        chat_id text not null,
        workspace_id text not null,
        created_by text not null,
        status text not null default 'pending'
          check (status in ('pending', 'running', 'waiting', 'succeeded', 'failed', 'aborted')),
        trigger text not null default 'user'
          check (trigger in ('user', 'api', 'schedule', 'webhook', 'continuation')),
        driver text not null default 'external' check (driver in ('external', 'engine')),
        assistant_message_id text,
        user_message_id text,
        replaces_message_id text,
        request_key text,
        agent text,
        options json,
        bound boolean not null default false,
        error text,
        error_code text,
        step_count integer not null default 0,
        attempt integer not null default 0,
        stop_requested_at timestamptz,
        started_at timestamptz,
        finished_at timestamptz,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        lease_holder text,
        lease_epoch integer not null default 0,
        lease_expires_at timestamptz,
        unique (id, workspace_id),
        constraint ai_chat_runs_request_key_key unique (chat_id, request_key),
        foreign key (chat_id, workspace_id) references ${table('ai_chats')} (id, workspace_id) on delete cascade,
        foreign key (assistant_message_id, workspace_id)
          references ${table('ai_chat_messages')} (id, workspace_id) on delete set null (assistant_message_id),
        foreign key (user_message_id, workspace_id)
          references ${table('ai_chat_messages')} (id, workspace_id) on delete set null (user_message_id)
      ) with (fillfactor = 70)`.execute(db)
    await sql`
      create unique index ai_chat_runs_one_active_per_chat on ${table('ai_chat_runs')} (chat_id)
      where status in ('pending', 'running', 'waiting')`.execute(db)
    await sql`
      create index ai_chat_runs_chat
      on ${table('ai_chat_runs')} (chat_id, created_at desc, id desc)`.execute(db)
    await sql`
      create index ai_chat_runs_assistant_message
      on ${table('ai_chat_runs')} (assistant_message_id)`.execute(db)
    await sql`
      create index ai_chat_runs_user_message
      on ${table('ai_chat_runs')} (user_message_id)`.execute(db)

    await sql`
      create table ${table('ai_chat_run_steps')} (
        ${id},
        run_id text not null,
        workspace_id text not null,
        step_index integer not null,
        format_version integer not null default 1,
        content json not null,
        epoch integer not null,
        unit_from integer not null,
        unit_to integer not null,
        spans json not null,
        finish_reason text not null,
        raw_finish_reason text,
        response_id text,
        provider text,
        model_id text,
        warnings json,
        usage json,
        started_at timestamptz,
        finished_at timestamptz,
        created_at timestamptz not null default now(),
        unique (run_id, step_index),
        foreign key (run_id, workspace_id) references ${table('ai_chat_runs')} (id, workspace_id) on delete cascade
      )`.execute(db)

    await sql`
      create table ${table('ai_chat_run_tool_calls')} (
        ${id},
        run_id text not null,
        workspace_id text not null,
        step_index integer not null,
        tool_call_id text not null,
        tool_name text not null,
        seq bigint not null generated always as identity,
        input json not null,
        status text not null default 'started'
          check (status in ('started', 'succeeded', 'failed', 'unknown')),
        output json,
        model_output json,
        error text,
        data json,
        epoch integer not null,
        unit_from integer not null,
        unit_to integer,
        attempt integer not null default 1,
        started_at timestamptz not null default now(),
        finished_at timestamptz,
        unique (run_id, step_index, tool_call_id),
        foreign key (run_id, workspace_id) references ${table('ai_chat_runs')} (id, workspace_id) on delete cascade
      )`.execute(db)
  },
})
