/** Callers with a signed JWT of an issuer that this server trusts. */
import { errors, jwtVerify, type JWTPayload, type JWTVerifyOptions } from 'jose'
import { NotAuthenticatedError } from '../../domain/errors.ts'
import { TOKEN_PREFIX } from '../../domain/token.ts'
import { bearerOf, isId, type Authenticate, type Caller } from './identity.ts'
import { jwtKeys, type JwtKeyOptions, type JwtKeys } from './jwt-keys.ts'

/** Names of the claims that say who somebody is. */
export type JwtClaims = {
  /** Without it everybody is in the workspace `default`. */
  readonly workspace?: string
  /** `sub` unless set. */
  readonly user?: string
  readonly workspaceName?: string
  /** `name` unless set. */
  readonly userName?: string
}

export type JwtIdentityOptions = JwtKeyOptions & {
  /** The `iss` of its tokens. */
  readonly issuer: string
  /** What this server is called in `aud`; one of them has to be there. */
  readonly audience: string | readonly string[]
  /** How far the issuer's clock may be from ours; 5 unless set. */
  readonly clockToleranceSeconds?: number
  readonly claims?: JwtClaims
}

/**
 * Takes `Authorization: Bearer <JWT>` that is signed, has not expired (`exp` is required), and is from the issuer and for
 * the audience.
 *
 * @throws ConfigError for keys that protect nothing
 * @example jwtIdentity({ jwksUrl: 'https://id.example/jwks.json', issuer: 'https://id.example', audience: 'chat' })
 */
export const jwtIdentity = (options: JwtIdentityOptions): Authenticate => {
  const { issuer, audience, clockToleranceSeconds = 5, claims = {} } = options
  const keys = jwtKeys(options)
  const verification: JWTVerifyOptions = {
    algorithms: keys.algorithms,
    issuer,
    audience: [audience].flat(),
    clockTolerance: clockToleranceSeconds,
    requiredClaims: ['exp'],
  }
  return async (request) => {
    const token = bearerOf(request)
    if (token === undefined || token.startsWith(TOKEN_PREFIX)) return null
    return callerOf(await verify(token, keys, verification), claims)
  }
}

const verify = async (
  token: string,
  { key }: JwtKeys,
  options: JWTVerifyOptions,
): Promise<JWTPayload> => {
  try {
    return (await jwtVerify(token, key, options)).payload
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys)
      return verifyWithAny(token, error, options)
    throw refusalOf(error)
  }
}

/** The issuer has several keys of this kind, and the token does not say which one signed it. */
const verifyWithAny = async (
  token: string,
  candidates: errors.JWKSMultipleMatchingKeys,
  options: JWTVerifyOptions,
): Promise<JWTPayload> => {
  for await (const key of candidates)
    try {
      return (await jwtVerify(token, key, options)).payload
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw refusalOf(error)
    }
  throw new NotAuthenticatedError(INVALID)
}

const INVALID = 'The token is not valid.'

/** Says of a token only what its bearer can read in it; what is not the token's fault stays what it is. */
const refusalOf = (error: unknown): unknown => {
  if (!(error instanceof errors.JOSEError)) return error
  return new NotAuthenticatedError(sentence(error), { cause: error })
}

const sentence = (error: errors.JOSEError): string => {
  if (error instanceof errors.JWTExpired) return 'The token has expired.'
  if (!(error instanceof errors.JWTClaimValidationFailed)) return INVALID
  return error.claim === 'nbf'
    ? 'The token is not valid yet.'
    : `The token is not for this server: its claim ${error.claim} is missing or another one.`
}

const callerOf = (payload: JWTPayload, claims: JwtClaims): Caller => ({
  workspaceId: claims.workspace === undefined ? 'default' : idOf(payload, claims.workspace),
  userId: idOf(payload, claims.user ?? 'sub'),
  workspaceName: nameOf(payload, claims.workspaceName),
  userName: nameOf(payload, claims.userName ?? 'name'),
})

const idOf = (payload: JWTPayload, claim: string): string => {
  const value = own(payload, claim)
  const id = Number.isSafeInteger(value) ? String(value) : value
  if (isId(id)) return id
  throw new NotAuthenticatedError(`The token does not say who asks: it has no claim ${claim}.`)
}

const nameOf = (payload: JWTPayload, claim: string | undefined): string | undefined => {
  const name = claim === undefined ? undefined : own(payload, claim)
  return isId(name) ? name : undefined
}

const own = (payload: JWTPayload, claim: string): unknown =>
  Object.hasOwn(payload, claim) ? payload[claim] : undefined
