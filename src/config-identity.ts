/** The settings of who may use the server: what each may be, and which of them go together. */
import { z } from 'zod'
import type { JwtIdentityOptions } from './http/identity/jwt-identity.ts'
import {
  PUBLIC_KEY_ALGORITHMS,
  SECRET_ALGORITHMS,
  type PublicKeyAlgorithm,
  type SecretAlgorithm,
} from './http/identity/jwt-keys.ts'

/** How callers prove who they are. Without it: everybody on this machine is one user. */
export type IdentityConfig = {
  readonly token: boolean
  readonly jwt: JwtIdentityOptions | undefined
}

/** Empty is absent. */
export const text = z
  .string()
  .trim()
  .transform((value) => (value === '' ? undefined : value))
  .optional()

/** `a, b` */
export const list = text.transform((value) =>
  (value ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== ''),
)

const WAYS = ['token', 'jwt']
const ALGORITHMS: readonly string[] = [...PUBLIC_KEY_ALGORITHMS, ...SECRET_ALGORITHMS]

export const identitySettings = {
  OUTLAST_AUTH: list.refine((ways) => ways.every((way) => WAYS.includes(way)), {
    error: 'OUTLAST_AUTH is not known: set it to token, jwt or token,jwt, or leave it out.',
  }),
  OUTLAST_JWT_JWKS_URL: text,
  OUTLAST_JWT_SECRET: text,
  OUTLAST_JWT_ISSUER: text,
  OUTLAST_JWT_AUDIENCE: list,
  OUTLAST_JWT_ALGORITHMS: list.refine((names) => names.every((name) => ALGORITHMS.includes(name)), {
    error: `OUTLAST_JWT_ALGORITHMS has an algorithm that is not known: set it to some of ${ALGORITHMS.join(', ')}, or leave it out.`,
  }),
  OUTLAST_JWT_WORKSPACE_CLAIM: text,
  OUTLAST_JWT_USER_CLAIM: text,
  OUTLAST_CORS_ORIGINS: list,
  OUTLAST_REQUESTS_PER_MINUTE: text
    .transform((count) => Number(count ?? 600))
    .refine((count) => Number.isInteger(count) && count >= 0, {
      error:
        'OUTLAST_REQUESTS_PER_MINUTE is no number of requests: set it to a whole number such as 600, or to 0 for any number.',
    }),
}

type Settings = z.output<z.ZodObject<typeof identitySettings>>

const JWT_ONLY = [
  'OUTLAST_JWT_JWKS_URL',
  'OUTLAST_JWT_SECRET',
  'OUTLAST_JWT_ISSUER',
  'OUTLAST_JWT_USER_CLAIM',
  'OUTLAST_JWT_WORKSPACE_CLAIM',
] as const

/** What is wrong with settings that are each right, a sentence for each. */
export const identityMistakes = (settings: Settings): string[] => {
  const isJwt = settings.OUTLAST_AUTH.includes('jwt')
  const unused = JWT_ONLY.find((name) => settings[name] !== undefined)
  const url = settings.OUTLAST_JWT_JWKS_URL !== undefined
  const secret = settings.OUTLAST_JWT_SECRET !== undefined
  return [
    !isJwt &&
      unused !== undefined &&
      `${unused} is set, but JWTs are not taken: set OUTLAST_AUTH to jwt or token,jwt, or leave it out.`,
    isJwt &&
      url === secret &&
      'OUTLAST_AUTH=jwt needs the keys of JWTs: set either OUTLAST_JWT_JWKS_URL or OUTLAST_JWT_SECRET.',
    isJwt &&
      settings.OUTLAST_JWT_ISSUER === undefined &&
      'OUTLAST_AUTH=jwt needs OUTLAST_JWT_ISSUER: set it to the iss of your tokens.',
    isJwt &&
      settings.OUTLAST_JWT_AUDIENCE.length === 0 &&
      'OUTLAST_AUTH=jwt needs OUTLAST_JWT_AUDIENCE: set it to the aud that your tokens have for this server.',
    settings.OUTLAST_AUTH.length === 0 &&
      settings.OUTLAST_CORS_ORIGINS.length > 0 &&
      'OUTLAST_CORS_ORIGINS lets other pages in, but this server knows no users: set OUTLAST_AUTH to token or jwt too.',
  ].filter((sentence) => sentence !== false)
}

/** @returns undefined where everybody on this machine is one user */
export const identityOf = (settings: Settings): IdentityConfig | undefined => {
  const { OUTLAST_AUTH: ways } = settings
  if (ways.length === 0) return undefined
  return {
    token: ways.includes('token'),
    jwt: ways.includes('jwt') ? jwtOf(settings) : undefined,
  }
}

const jwtOf = (settings: Settings): JwtIdentityOptions => {
  const { OUTLAST_JWT_WORKSPACE_CLAIM: workspace, OUTLAST_JWT_USER_CLAIM: user } = settings
  const algorithms = settings.OUTLAST_JWT_ALGORITHMS
  const chosen = <T>() => (algorithms.length > 0 ? { algorithms: algorithms as T[] } : {})
  const keys =
    settings.OUTLAST_JWT_SECRET === undefined
      ? { jwksUrl: settings.OUTLAST_JWT_JWKS_URL ?? '', ...chosen<PublicKeyAlgorithm>() }
      : { secret: settings.OUTLAST_JWT_SECRET, ...chosen<SecretAlgorithm>() }
  return {
    ...keys,
    issuer: settings.OUTLAST_JWT_ISSUER ?? '',
    audience: settings.OUTLAST_JWT_AUDIENCE,
    claims: {
      ...(workspace === undefined ? {} : { workspace }),
      ...(user === undefined ? {} : { user }),
    },
  }
}
