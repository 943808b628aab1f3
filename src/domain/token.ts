/** Bearer tokens: what they look like, and what is known of one after it was shown once. */
import type { Principal } from './run.ts'

/** Makes a token recognisable to people and to scanners of leaked secrets. */
export const TOKEN_PREFIX = 'ol_'

/** The prefix and 256 random bits in base64url. */
const TOKEN = /^ol_[A-Za-z0-9_-]{43}$/

export const isToken = (text: string): boolean => TOKEN.test(text)

export type TokenRecord = Principal & {
  readonly id: string
  readonly name: string
  readonly createdAt: Date
  /** Null: valid until it is revoked. */
  readonly expiresAt: Date | null
  /** To the minute. */
  readonly lastUsedAt: Date | null
  readonly revokedAt: Date | null
}

export type NewToken = {
  /** On whose behalf requests with this token are made. */
  readonly principal: Principal
  /** What people tell it by. */
  readonly name: string
  readonly expiresAt?: Date | undefined
}

/** The tokens of a workspace or of one of its users. `all` is for operators. */
export type TokenScope = 'all' | { readonly workspaceId: string; readonly userId?: string }

/** What became of a token that somebody presented. */
export type TokenCheck =
  | { readonly kind: 'valid'; readonly principal: Principal }
  | { readonly kind: 'expired' | 'revoked' | 'unknown' }
