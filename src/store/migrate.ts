/** Brings a database to the schema of this version, once, however many processes start at the same time. */
import { sql, TableNode, type Kysely } from 'kysely'
import { ConfigError } from '../domain/errors.ts'
import type { OutlastDatabase } from './database.ts'
import { core } from './migrations/0001-core.ts'
import { stepRequest } from './migrations/0002-step-request.ts'
import { tokens } from './migrations/0003-tokens.ts'
import { files } from './migrations/0004-files.ts'
import { replacedMessages } from './migrations/0005-replaced-messages.ts'
import { traceParent } from './migrations/0006-trace-parent.ts'
import { chatTitles } from './migrations/0007-chat-titles.ts'
import { waiting } from './migrations/0008-waiting.ts'
import { seenRuns } from './migrations/0009-seen-runs.ts'
import { tickets } from './migrations/0010-tickets.ts'
import { idempotencyKeys } from './migrations/0011-idempotency-keys.ts'
import { runRecords } from './migrations/0012-run-records.ts'
import { runTails } from './migrations/0013-run-tails.ts'
import { admission } from './migrations/0014-admission.ts'
import { rethrow } from './outage.ts'

type Migration = { up(db: Kysely<unknown>): Promise<void> }

/** In the order in which they run; a released one is never edited. */
const MIGRATIONS: ReadonlyMap<string, (schema: string) => Migration> = new Map([
  ['0001-core', core],
  ['0002-step-request', stepRequest],
  ['0003-tokens', tokens],
  ['0004-files', files],
  ['0005-replaced-messages', replacedMessages],
  ['0006-trace-parent', traceParent],
  ['0007-chat-titles', chatTitles],
  ['0008-waiting', waiting],
  ['0009-seen-runs', seenRuns],
  ['0010-tickets', tickets],
  ['0011-idempotency-keys', idempotencyKeys],
  ['0012-run-records', runRecords],
  ['0013-run-tails', runTails],
  ['0014-admission', admission],
])

/**
 * Makes or completes the tables. All of it is one transaction behind a lock of that transaction, which also works through a
 * transaction pooler; a database that is complete is only read, so its user may lack the right to create tables.
 *
 * @param options.schema - the PostgreSQL schema, default the one that `db` resolves its names in
 * @returns the names of the migrations that this call has applied
 * @throws ConfigError when a newer version has changed this database
 */
export async function migrate(
  db: OutlastDatabase,
  options: { readonly schema?: string } = {},
): Promise<string[]> {
  const schema = options.schema ?? schemaOf(db)
  return run(db, schema).catch(rethrow)
}

/** For those who only look. @throws ConfigError when the database is not of this version */
export async function checkMigrated(db: OutlastDatabase): Promise<void> {
  const names = await missing(db, schemaOf(db)).catch(rethrow)
  if (names.length === 0) return
  throw new ConfigError(
    `The database is not at this version of Outlast yet (${names.join(', ')}). Run "outlast migrate", or start the server.`,
  )
}

async function run(db: OutlastDatabase, schema: string): Promise<string[]> {
  if ((await missing(db, schema)).length === 0) return []
  return db
    .transaction()
    .setIsolationLevel('read committed')
    .execute(async (trx) => {
      const lock = `outlast ${schema}`
      await sql`select pg_advisory_xact_lock(hashtextextended(${lock}, 0))`.execute(trx)
      await sql`
        create table if not exists ${table(schema)} (
          name text primary key,
          applied_at timestamptz not null default now()
        )`.execute(trx)
      const names = await missing(trx, schema)
      for (const name of names) {
        await MIGRATIONS.get(name)?.(schema).up(trx as unknown as Kysely<unknown>)
        await sql`insert into ${table(schema)} (name) values (${name})`.execute(trx)
      }
      return names
    })
}

/** Names of the migrations that this database does not have yet. */
async function missing(db: OutlastDatabase, schema: string): Promise<string[]> {
  const known = [...MIGRATIONS.keys()]
  const { rows: found } = await sql<{ present: boolean }>`
    select exists (
      select from pg_tables where schemaname = ${schema} and tablename = 'migrations'
    ) as present`.execute(db)
  if (found[0]?.present !== true) return known
  const { rows } = await sql<{ name: string }>`select name from ${table(schema)}`.execute(db)
  const applied = new Set(rows.map(({ name }) => name))
  const foreign = [...applied].filter((name) => !MIGRATIONS.has(name))
  if (foreign.length > 0) throw newerDatabase(foreign)
  return known.filter((name) => !applied.has(name))
}

const table = (schema: string) => sql.id(schema, 'migrations')

const newerDatabase = (names: readonly string[]): ConfigError =>
  new ConfigError(
    `The database was changed by a newer version of Outlast (${names.toSorted().join(', ')}). ` +
      'Run that version, or set DATABASE_URL or OUTLAST_DATA_DIR to another database.',
  )

/** Where the instance looks for our tables. */
function schemaOf(db: OutlastDatabase): string {
  const [from] = db.selectFrom('workspaces').selectAll().toOperationNode().from?.froms ?? []
  const schema = from && TableNode.is(from) ? from.table.schema?.name : undefined
  if (schema !== undefined) return schema
  throw new ConfigError('migrate needs a database from openDatabase, or the name of a schema.')
}
