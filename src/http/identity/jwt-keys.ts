/** The keys that JWTs are signed with: a shared secret, or the public keys of their issuer. */
import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose'
import { coerceError, ConfigError, IdentityUnavailableError } from '../../domain/errors.ts'

export const SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const
export const PUBLIC_KEY_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const

export type SecretAlgorithm = (typeof SECRET_ALGORITHMS)[number]
export type PublicKeyAlgorithm = (typeof PUBLIC_KEY_ALGORITHMS)[number]

/** One or the other; their algorithms never meet, so that a public key is never taken for a secret. */
export type JwtKeyOptions =
  | {
      /** Where the issuer publishes its public keys, over https. */
      readonly jwksUrl: string | URL
      /** All with public keys unless set. */
      readonly algorithms?: readonly PublicKeyAlgorithm[]
    }
  | {
      /** What the issuer shares with this server; as long as the hash of its algorithm, 32 bytes for HS256. */
      readonly secret: string | Uint8Array
      /** HS256 unless set. */
      readonly algorithms?: readonly SecretAlgorithm[]
    }

export type JwtKeys = {
  readonly key: Uint8Array | JWTVerifyGetKey
  readonly algorithms: (SecretAlgorithm | PublicKeyAlgorithm)[]
}

/** @throws ConfigError for keys that protect nothing */
export const jwtKeys = (options: JwtKeyOptions): JwtKeys => {
  if ('jwksUrl' in options) {
    const { jwksUrl, algorithms = PUBLIC_KEY_ALGORITHMS } = options
    check(algorithms, PUBLIC_KEY_ALGORITHMS, 'public keys (jwksUrl)')
    return { key: publishedKeys(checkedUrl(jwksUrl)), algorithms: [...algorithms] }
  }
  const { secret, algorithms = ['HS256'] } = options
  check(algorithms, SECRET_ALGORITHMS, 'a secret')
  const key = typeof secret === 'string' ? new TextEncoder().encode(secret) : secret
  const shortest = Math.max(...algorithms.map((name) => Number(name.slice(2)) / 8))
  if (key.byteLength < shortest)
    throw new ConfigError(
      `The secret for JWTs is too short: it needs at least ${shortest} bytes for ${algorithms.join(', ')}.`,
    )
  return { key, algorithms: [...algorithms] }
}

const check = (chosen: readonly string[], possible: readonly string[], keys: string): void => {
  if (chosen.length > 0 && chosen.every((name) => possible.includes(name))) return
  throw new ConfigError(
    `The algorithms of JWTs with ${keys} are of ${possible.join(', ')}, and not ${chosen.join(', ') || 'none at all'}.`,
  )
}

const checkedUrl = (text: string | URL): URL => {
  const url = URL.parse(text)
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(url?.hostname ?? '')
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal)) return url
  throw new ConfigError(
    'The address of the keys for JWTs (jwksUrl) has to be an https address: over http anybody could put their own keys there.',
  )
}

/** After a failure nobody is asked for so long: requests would wait for time-outs, and its server needs the rest. */
const FAILURE_PAUSE_MS = 5000

/** Kept for 10 minutes. A key that is not among them makes us look again, at most twice a minute. */
const publishedKeys = (url: URL): JWTVerifyGetKey => {
  let failedAt = -Infinity
  return createRemoteJWKSet(url, {
    [customFetch]: async (address, init) => {
      if (Date.now() - failedAt < FAILURE_PAUSE_MS) throw unavailable()
      try {
        const response = await fetch(address, init)
        const text = await response.text()
        if (response.status !== 200 || !isKeySet(text))
          throw new IdentityUnavailableError(`${address} answers ${response.status} without keys.`)
        return new Response(text)
      } catch (error) {
        failedAt = Date.now()
        throw unavailable(coerceError(error))
      }
    },
  })
}

const isKeySet = (text: string): boolean => {
  const set: unknown = JSON.parse(text)
  return typeof set === 'object' && set !== null && 'keys' in set && Array.isArray(set.keys)
}

/** Goes to callers who have proved nothing: it does not say where the keys come from. */
const unavailable = (cause?: Error): IdentityUnavailableError =>
  new IdentityUnavailableError(
    'The keys that tokens are signed with cannot be had at the moment. Try again in a moment.',
    { cause },
  )
