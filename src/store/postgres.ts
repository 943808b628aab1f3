/** A pool of connections to a PostgreSQL server that survives broken connections and says what to check when it cannot connect. */
import type { Socket } from 'node:net'
import pg from 'pg'
import { coerceError, ConfigError, OutlastError, StoreUnavailableError } from '../domain/errors.ts'
import {
  codeOf,
  isCredentialsRefused,
  isDatabaseMissing,
  isPermissionDenied,
  isTlsFailure,
  isUnavailable,
  reasonOf,
} from './pg-errors.ts'

const DEFAULT_CONNECTIONS = 10
/** How long a caller waits for a connection, from the server or from the pool. */
const CONNECT_TIMEOUT_MS = 10_000
/** A connection on which nothing arrives for so long, with somebody waiting, is taken for dead. */
const SILENCE_MS = 20_000

/** Connections to one database, whichever it is. */
export type Connections = {
  connect(): Promise<pg.PoolClient>
  close(): Promise<void>
  /** Why a call failed, in a sentence for the operator where that is known. */
  explain(error: unknown): unknown
}

export type ConnectionOptions = {
  types: pg.CustomTypesConfig
  /** Runs on each new connection before anybody gets it. A promise is waited for, which the pool's types do not say. */
  onConnect: NonNullable<pg.PoolConfig['onConnect']>
  onError: (error: Error) => void
}

/** Makes the pool; the first connection is made when somebody asks for it. */
export function poolPostgres(
  options: ConnectionOptions & {
    url: string
    maxConnections?: number | undefined
    silenceMs?: number | undefined
  },
): Connections {
  const server = describeServer(options.url)
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.maxConnections ?? DEFAULT_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    fallback_application_name: 'outlast',
    types: options.types,
    onConnect: options.onConnect,
  })
  // A connection may break while it is idle or between two statements of a transaction. Without these two listeners that
  // ends the process; with them the pool replaces it and the next statement of its user fails.
  pool.on('connect', (client) =>
    client.on('error', (error) => {
      // Those that the pool says goodbye to may still be cut off, and nobody needs them.
      if (!pool.ending) options.onError(error)
    }),
  )
  // A network that swallows packets gives no error for hours. The pool closes idle connections sooner than this.
  pool.on('connect', (client) => giveUpSilence(client, options.silenceMs ?? SILENCE_MS))
  // The client's own listener has reported it; with the client, the pool hangs the password on the error.
  pool.on('error', (error: Error & { client?: unknown }) => delete error.client)
  return {
    connect: () => pool.connect(),
    close: () => pool.end(),
    explain: (error) => explain(error, server),
  }
}

export function giveUpSilence(client: pg.ClientBase, ms: number): void {
  const stream = streamOf(client)
  const silent = new StoreUnavailableError(`PostgreSQL did not answer for ${ms / 1000} s.`)
  stream.setTimeout(ms, () => stream.destroy(silent))
}

export const streamOf = (client: pg.ClientBase): Socket =>
  (client as unknown as { connection: { stream: Socket } }).connection.stream

type Server = { address: string; user: string; database: string }

/** Never the password, and never the URL as a whole: it may be in there. */
function describeServer(text: string): Server {
  const url = URL.parse(text)
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) {
    throw new ConfigError(
      'The database URL (DATABASE_URL) must look like postgres://user:password@host:5432/name.',
    )
  }
  const host = url.searchParams.get('host') ?? (url.hostname || 'localhost')
  return {
    address: host.startsWith('/') ? host : `${host}:${url.port || '5432'}`,
    user: url.username || 'the default user',
    database: url.pathname.slice(1) || 'the default database',
  }
}

function explain(error: unknown, { address, user, database }: Server): unknown {
  if (error instanceof OutlastError) return error
  const because = (sentence: string) => new ConfigError(sentence, { cause: error })
  if (isCredentialsRefused(error)) {
    return because(
      `PostgreSQL at ${address} refused ${user}: check user and password in DATABASE_URL.`,
    )
  }
  if (isDatabaseMissing(error)) {
    return because(
      `PostgreSQL at ${address} has no database ${database}: create it, or change DATABASE_URL.`,
    )
  }
  if (isPermissionDenied(error)) {
    return because(
      `PostgreSQL at ${address} does not let ${user} create a schema in ${database}: grant CREATE on the database, or create the schema for that user.`,
    )
  }
  if (isTlsFailure(error)) {
    return because(
      `TLS with PostgreSQL at ${address} failed (${codeOf(error) ?? String(error)}): check sslmode and certificates in DATABASE_URL.`,
    )
  }
  if (!isUnavailable(error)) {
    if (error instanceof pg.DatabaseError) return error
    return because(`DATABASE_URL cannot be used: ${coerceError(error).message}.`)
  }
  const sentence =
    error instanceof pg.DatabaseError
      ? `PostgreSQL at ${address} refuses for now: ${reasonOf(error)}.`
      : `PostgreSQL at ${address} does not answer (${codeOf(error) ?? reasonOf(error)}): check that it runs, that this machine can reach it and that DATABASE_URL is right.`
  return new StoreUnavailableError(sentence, { cause: error })
}
