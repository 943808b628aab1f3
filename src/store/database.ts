/** Opens PostgreSQL or PGlite as the same Kysely instance, whose names resolve in our schema and which closes what it opened. */
import { CamelCasePlugin, Kysely, sql } from 'kysely'
import type { ClientBase, PoolClient } from 'pg'
import { ConfigError } from '../domain/errors.ts'
import { GuardedDialect } from './guarded-dialect.ts'
import { isSchemaClash } from './pg-errors.ts'
import { pgTypes } from './pg-types.ts'
import { type ConnectionOptions, type Connections, poolPostgres } from './postgres.ts'
import type { Database } from './schema.ts'

/** The PostgreSQL schema that our tables live in unless another one is asked for. */
export const DEFAULT_SCHEMA = 'outlast'

const OLDEST_VERSION = 15

export type OutlastDatabase = Kysely<Database>

export type OpenDatabaseOptions = {
  /** A PostgreSQL server, as `postgres://user:password@host:5432/name`. */
  url?: string | undefined
  /** Where a session can be kept, so that processes on `url` hear of each other: that of the server itself where `url` is a pooler. */
  directUrl?: string | undefined
  /** A folder for an embedded database, which this process then holds. */
  dataDir?: string | undefined
  /** The PostgreSQL schema of our tables, default `outlast`. */
  schema?: string | undefined
  /** Connections to a server, default 10; the embedded database has one. */
  maxConnections?: number | undefined
  /** Milliseconds without an answer after which a connection to a server is taken for dead, default 20,000. */
  silenceMs?: number | undefined
  /**
   * Hears of trouble that fails no call of yours: a broken connection, a failed checkpoint. Ignored by default, because the
   * pool replaces the connection and the next checkpoint does the work of the last.
   */
  onError?: ((error: Error) => void) | undefined
}

/** An open database and whether this process is the only one that can have it open. */
export type Store = AsyncDisposable & {
  readonly db: OutlastDatabase
  readonly schema: string
  readonly embedded: boolean
  /** Why a call failed, in a sentence for the operator where that is known. */
  readonly explain: (error: unknown) => unknown
  /** Where processes hear of each other; undefined where there is one process only. */
  readonly directUrl: string | undefined
}

/**
 * Opens a database and makes our schema in it; `migrate` makes the tables. Without `url` and `dataDir` it is an embedded one
 * in memory. `db.destroy()` closes it with everything that belongs to it. In an embedded database, which has one connection,
 * use nothing but the transaction inside a transaction: the outer `db` would wait for it forever.
 *
 * @example const db = await openDatabase({ url: 'postgres://localhost/app' })
 */
export async function openDatabase(options: OpenDatabaseOptions = {}): Promise<OutlastDatabase> {
  const { db } = await openStore(options)
  return db
}

/** As `openDatabase`, for a caller that has to know whether it is alone. */
export async function openStore(options: OpenDatabaseOptions = {}): Promise<Store> {
  const schema = checkSchema(options.schema ?? DEFAULT_SCHEMA)
  const connections = await openConnections(options, schema)
  const pool = drainedPool(connections)
  const db = new Kysely<Database>({
    dialect: new GuardedDialect({ pool }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  }).withSchema(schema)
  try {
    await prepareSchema(db, schema)
  } catch (error) {
    await pool.end()
    throw connections.explain(error)
  }
  return {
    db,
    schema,
    embedded: options.url === undefined,
    explain: connections.explain,
    directUrl: options.url && (options.directUrl ?? options.url),
    [Symbol.asyncDispose]: () => db.destroy(),
  }
}

async function openConnections(
  { url, dataDir, maxConnections, silenceMs, onError = () => {} }: OpenDatabaseOptions,
  schema: string,
): Promise<Connections> {
  if (url !== undefined && dataDir !== undefined) {
    throw new ConfigError('A database has a URL or a data folder, not both: give one of them.')
  }
  const common: ConnectionOptions = {
    types: pgTypes,
    // oxlint-disable-next-line no-misused-promises -- the pool waits for it
    onConnect: (client) => prepareSession(schema, client),
    onError,
  }
  if (url === undefined) return (await loadEmbedded())({ ...common, dataDir })
  return poolPostgres({ ...common, url, maxConnections, silenceMs })
}

/** Its package is installed only where it is used. */
async function loadEmbedded() {
  try {
    return (await import('./embedded.ts')).openEmbedded
  } catch (error) {
    if (!isPackageMissing(error)) throw error
    throw new ConfigError(
      'The embedded database needs the package @electric-sql/pglite, which is not installed: ' +
        'run "npm install @electric-sql/pglite", or give the URL of a PostgreSQL database.',
      { cause: error },
    )
  }
}

const isPackageMissing = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  error.code === 'ERR_MODULE_NOT_FOUND' &&
  error.message.includes("'@electric-sql/pglite'")

/**
 * Where raw SQL finds its names; what Kysely builds is qualified anyway. Only our schema: a table that is missing in it must not
 * turn out to be the application's. And no compilation of statements: of tables without statistics the planner expects millions
 * of rows, and what takes a millisecond would be compiled for 40 to 700 each time. A pooler (known by the process id it makes up)
 * shares its connections with others, so there the settings are left alone and raw SQL has to qualify its names.
 */
async function prepareSession(schema: string, client: ClientBase): Promise<void> {
  await client.query(
    `SELECT set_config('search_path', $1, false), set_config('jit', 'off', false)
      WHERE $2::int IS NULL OR pg_backend_pid() = $2::int`,
    [`"${schema}"`, processIdOf(client)],
  )
}

/** As the server told it when the connection was made; PGlite tells none. */
function processIdOf(client: ClientBase): number | null {
  return 'processID' in client && typeof client.processID === 'number' ? client.processID : null
}

/** `pg.Pool.end` forgets who still waits for a connection; this one serves them first, and may be called twice. */
function drainedPool(connections: Connections) {
  const waiting = new Set<Promise<unknown>>()
  let ended: Promise<void> | undefined
  const connect = async (): Promise<PoolClient> => {
    const client = connections.connect()
    waiting.add(client)
    try {
      return await client
    } finally {
      waiting.delete(client)
    }
  }
  const end = (): Promise<void> => {
    ended ??= Promise.allSettled(waiting).then(() => connections.close())
    return ended
  }
  return { connect, end, options: {} }
}

async function prepareSchema(db: OutlastDatabase, schema: string): Promise<void> {
  const { rows } = await sql<{ version: number; present: boolean }>`
    SELECT
      current_setting('server_version_num')::int AS version,
      EXISTS (SELECT FROM pg_namespace WHERE nspname = ${schema}) AS present`.execute(db)
  const [found] = rows
  if (found !== undefined) checkVersion(found.version)
  // Asked first, because CREATE SCHEMA IF NOT EXISTS wants the right to create one even where it exists.
  if (found?.present === true) return
  try {
    await sql`CREATE SCHEMA IF NOT EXISTS ${sql.id(schema)}`.execute(db)
  } catch (error) {
    if (!isSchemaClash(error)) throw error
  }
}

function checkVersion(version: number): void {
  const major = Math.floor(version / 10_000)
  if (major >= OLDEST_VERSION) return
  throw new ConfigError(
    `PostgreSQL ${major}.${version % 10_000} is too old: Outlast needs ${OLDEST_VERSION} or newer. Check DATABASE_URL.`,
  )
}

function checkSchema(schema: string): string {
  if (/^[a-z_][a-z0-9_]{0,62}$/.test(schema) && !schema.startsWith('pg_')) return schema
  throw new ConfigError(
    'The name of a PostgreSQL schema has to be of a-z, 0-9 and _, without a digit or pg_ in front.',
  )
}
