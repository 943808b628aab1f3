/** Bearer tokens in the database: only their hashes, so that who reads the database can use none of them. */
import { createHash, randomBytes } from 'node:crypto'
import { sql, type ExpressionBuilder } from 'kysely'
import { InvalidRequestError } from '../domain/errors.ts'
import { isClientId } from '../domain/message.ts'
import {
  isToken,
  TOKEN_PREFIX,
  type NewToken,
  type TokenCheck,
  type TokenRecord,
  type TokenScope,
} from '../domain/token.ts'
import type { OutlastDatabase } from './database.ts'
import { sayingOutage } from './outage.ts'
import { createPrincipals } from './principals.ts'
import type { Database } from './schema.ts'

const COLUMNS = [
  'id',
  'workspaceId',
  'userId',
  'name',
  'createdAt',
  'expiresAt',
  'lastUsedAt',
  'revokedAt',
] as const

const MAX_NAME_LENGTH = 200

const NOTED = sql<boolean>`coalesce(last_used_at > now() - interval '1 minute', false)`

export type Tokens = {
  /**
   * Makes a token; workspace and user are made when they are new. The answer is the only place where `token` is ever seen.
   * @throws InvalidRequestError when the name or the time of expiry is none
   */
  create(token: NewToken): Promise<TokenRecord & { readonly token: string }>
  /** Newest first, those that are no longer valid too. */
  list(scope: TokenScope): Promise<TokenRecord[]>
  /** From now on nobody gets in with it; undefined when the scope has no such token. */
  revoke(id: string, scope: TokenScope): Promise<TokenRecord | undefined>
  /** Whose a presented token is. Notes its use, at most once a minute. */
  check(token: string): Promise<TokenCheck>
}

export const createTokens = (db: OutlastDatabase): Tokens =>
  sayingOutage<Tokens>({
    create: (token) => create(db, token),
    list: (scope) => list(db, scope),
    revoke: (id, scope) => revoke(db, id, scope),
    check: (token) => check(db, token),
  })

async function create(
  db: OutlastDatabase,
  { principal, name, expiresAt }: NewToken,
): Promise<TokenRecord & { token: string }> {
  if (name.trim() === '' || name.length > MAX_NAME_LENGTH)
    throw new InvalidRequestError(`A token has a name of 1 to ${MAX_NAME_LENGTH} characters.`)
  if (expiresAt !== undefined && !(expiresAt.getTime() > Date.now()))
    throw new InvalidRequestError('A token expires in the future, or has no expiresAt.')
  await createPrincipals(db).ensure(principal)
  const { workspaceId, userId } = principal
  const token = TOKEN_PREFIX + randomBytes(32).toString('base64url')
  const record = await db
    .insertInto('tokens')
    .values({ workspaceId, userId, name, tokenHash: hash(token), expiresAt: expiresAt ?? null })
    .returning(COLUMNS)
    .executeTakeFirstOrThrow()
  return { ...record, token }
}

async function list(db: OutlastDatabase, scope: TokenScope): Promise<TokenRecord[]> {
  return db
    .selectFrom('tokens')
    .select(COLUMNS)
    .where(within(scope))
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .execute()
}

async function revoke(
  db: OutlastDatabase,
  id: string,
  scope: TokenScope,
): Promise<TokenRecord | undefined> {
  if (!isClientId(id)) return undefined
  return db
    .updateTable('tokens')
    .set((eb) => ({ revokedAt: eb.fn.coalesce('revokedAt', sql<Date>`now()`) }))
    .where('id', '=', id)
    .where(within(scope))
    .returning(COLUMNS)
    .executeTakeFirst()
}

/**
 * The hash is what is compared, by an index: how long that takes says nothing about a token that its hash does not say,
 * and 256 random bits cannot be found by their hash.
 */
async function check(db: OutlastDatabase, token: string): Promise<TokenCheck> {
  if (!isToken(token)) return { kind: 'unknown' }
  const found = await db
    .selectFrom('tokens')
    .select(['id', 'workspaceId', 'userId', 'revokedAt'])
    .select([sql<boolean>`coalesce(expires_at <= now(), false)`.as('expired'), NOTED.as('noted')])
    .where('tokenHash', '=', hash(token))
    .executeTakeFirst()
  if (!found) return { kind: 'unknown' }
  if (found.revokedAt) return { kind: 'revoked' }
  if (found.expired) return { kind: 'expired' }
  if (!found.noted) await noteUse(db, found.id)
  const { workspaceId, userId } = found
  return { kind: 'valid', principal: { workspaceId, userId } }
}

async function noteUse(db: OutlastDatabase, id: string): Promise<void> {
  await db
    .updateTable('tokens')
    .set({ lastUsedAt: sql<Date>`now()` })
    .where('id', '=', id)
    .where(sql<boolean>`not ${NOTED}`)
    .execute()
}

const hash = (token: string): string => createHash('sha256').update(token).digest('hex')

/** A scope without its ids, which only a caller without types can make, holds nothing. */
const within = (scope: TokenScope) => (eb: ExpressionBuilder<Database, 'tokens'>) => {
  if (scope === 'all') return eb.lit(true)
  const workspace = eb('workspaceId', '=', scope.workspaceId)
  return 'userId' in scope ? workspace.and('userId', '=', scope.userId ?? '') : workspace
}
