/** The only file that knows SQLSTATE: it says in words what a database, its driver or its pool has thrown. */
import { coerceError, StoreUnavailableError } from '../domain/errors.ts'

const UNIQUE_VIOLATION = '23505'
const FOREIGN_KEY_VIOLATION = '23503'
const DUPLICATE_SCHEMA = '42P06'
const SERIALIZATION_CLASHES = new Set(['40001', '40P01'])
const CREDENTIALS_REFUSED = new Set(['28P01', '28000'])
const DATABASE_MISSING = '3D000'
const PERMISSION_DENIED = '42501'

/** 57P0x, 25P03: the server goes down, comes up or dropped us. 25006: a standby, as after a failover. */
const UNAVAILABLE_STATES = new Set(['57P01', '57P02', '57P03', '57P04', '57P05', '25P03', '25006'])
/** 08: the connection broke. 53: no connections, memory or disk left. 58: its own files fail it. */
const UNAVAILABLE_CLASSES = ['08', '53', '58']

const UNAVAILABLE_SYSTEM_CODES = new Set([
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
])

/** The driver, its pool, Kysely and PGlite throw these without a code; the tests provoke the ones a server can cause. */
const UNAVAILABLE_MESSAGES = new Set([
  'Connection terminated',
  'Connection terminated unexpectedly',
  'Connection terminated due to connection timeout',
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Query read timeout',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
  'Cannot use a pool after calling end on the pool',
  'driver has already been destroyed',
  'Postgres connection has been discarded',
  'PGlite is closing',
  'PGlite is closed',
])

const TLS_MESSAGES = new Set([
  'The server does not support SSL connections',
  'There was an error establishing an SSL connection',
])
const TLS_CODE = /^(ERR_TLS_|ERR_SSL_|CERT_)|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ISSUER_CERT/

/** A second row with the same key; with a name, only that constraint or unique index. */
export function isUniqueViolation(error: unknown, constraintName?: string): boolean {
  return codeOf(error) === UNIQUE_VIOLATION && namesConstraint(error, constraintName)
}

/** A reference to a row that does not exist, or the removal of one that is referred to. */
export function isForeignKeyViolation(error: unknown, constraintName?: string): boolean {
  return codeOf(error) === FOREIGN_KEY_VIOLATION && namesConstraint(error, constraintName)
}

/** Two transactions met and this one lost: the same transaction may succeed when it is run again. */
export function isSerializationClash(error: unknown): boolean {
  return SERIALIZATION_CLASHES.has(codeOf(error) ?? '')
}

/** Somebody else created the same schema at the same moment. */
export function isSchemaClash(error: unknown): boolean {
  return (
    codeOf(error) === DUPLICATE_SCHEMA || isUniqueViolation(error, 'pg_namespace_nspname_index')
  )
}

/** The server refused the user or the password. */
export function isCredentialsRefused(error: unknown): boolean {
  return CREDENTIALS_REFUSED.has(codeOf(error) ?? '')
}

/** The server has no database of that name. */
export function isDatabaseMissing(error: unknown): boolean {
  return codeOf(error) === DATABASE_MISSING
}

/** The user may not do this in this database. */
export function isPermissionDenied(error: unknown): boolean {
  return codeOf(error) === PERMISSION_DENIED
}

/** The two sides do not agree on TLS, or the certificate is not trusted. */
export function isTlsFailure(error: unknown): boolean {
  return TLS_CODE.test(codeOf(error) ?? '') || TLS_MESSAGES.has(messageOf(error))
}

/**
 * The database cannot be reached or refuses for now: nothing is wrong with the statement. Who was let in before may be
 * refused later, when a password, a certificate or a name is changed: that is mended where it was broken.
 */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof StoreUnavailableError) return true
  if (isCredentialsRefused(error) || isDatabaseMissing(error) || isTlsFailure(error)) return true
  const code = codeOf(error)
  if (code === undefined) return UNAVAILABLE_MESSAGES.has(messageOf(error))
  if (UNAVAILABLE_STATES.has(code) || UNAVAILABLE_SYSTEM_CODES.has(code)) return true
  if (isSocketMissing(error, code)) return true
  return /^[0-9A-Z]{5}$/.test(code) && UNAVAILABLE_CLASSES.includes(code.slice(0, 2))
}

/** What may leave the store: an outage becomes `StoreUnavailableError`, anything else stays as it is. */
export function toStoreError(error: unknown): Error {
  if (error instanceof StoreUnavailableError || !isUnavailable(error)) return coerceError(error)
  return outage(error)
}

/** Whoever asked for something is told no more than this; the cause is for the operator. */
export function outage(cause: unknown): StoreUnavailableError {
  return new StoreUnavailableError('The database cannot be reached or refuses for now.', { cause })
}

/** What was thrown, in words for the operator and without a full stop. */
export function reasonOf(error: unknown): string {
  // One attempt for each address of a host.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error
  const reason = messageOf(first) || codeOf(error) || String(error)
  return reason.replace(/\.$/, '')
}

/** The SQLSTATE, system or library code of what was thrown, for a message a person reads. */
export function codeOf(error: unknown): string | undefined {
  const code = field(error, 'code')
  return typeof code === 'string' ? code : undefined
}

function namesConstraint(error: unknown, constraintName: string | undefined): boolean {
  return constraintName === undefined || field(error, 'constraint') === constraintName
}

function isSocketMissing(error: unknown, code: string): boolean {
  return code === 'ENOENT' && field(error, 'syscall') === 'connect'
}

function messageOf(error: unknown): string {
  const message = field(error, 'message')
  return typeof message === 'string' ? message : ''
}

function field(error: unknown, name: string): unknown {
  if (typeof error !== 'object' || error === null) return undefined
  return (error as Record<string, unknown>)[name]
}
