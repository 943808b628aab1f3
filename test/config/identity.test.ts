import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config.ts'

const jwt = {
  OUTLAST_AUTH: 'jwt',
  OUTLAST_JWT_ISSUER: 'https://id.example',
  OUTLAST_JWT_AUDIENCE: 'chat',
  OUTLAST_JWT_JWKS_URL: 'https://id.example/jwks.json',
}

describe('the settings of an identity', () => {
  it('let a server listen anywhere', () => {
    for (const settings of [{ OUTLAST_AUTH: 'token' }, jwt])
      expect(readConfig({ ...settings, HOST: '0.0.0.0' })).toMatchObject({ host: '0.0.0.0' })
  })

  it('name tokens, JWTs or both', () => {
    const { OUTLAST_AUTH: _, ...keys } = jwt
    expect(readConfig({ OUTLAST_AUTH: 'token' }).identity).toEqual({ token: true, jwt: undefined })
    expect(readConfig({ ...keys, OUTLAST_AUTH: ' jwt , token ' }).identity).toMatchObject({
      token: true,
      jwt: { issuer: 'https://id.example' },
    })
  })

  it('become the options of jwtIdentity', () => {
    expect(readConfig(jwt).identity?.jwt).toEqual({
      jwksUrl: 'https://id.example/jwks.json',
      issuer: 'https://id.example',
      audience: ['chat'],
      claims: {},
    })
    const { OUTLAST_JWT_JWKS_URL: _, ...shared } = jwt
    const all = {
      ...shared,
      OUTLAST_JWT_SECRET: 'x'.repeat(64),
      OUTLAST_JWT_AUDIENCE: 'chat, other',
      OUTLAST_JWT_ALGORITHMS: 'HS512',
      OUTLAST_JWT_WORKSPACE_CLAIM: 'org_id',
      OUTLAST_JWT_USER_CLAIM: 'email',
    }
    expect(readConfig(all).identity?.jwt).toEqual({
      secret: 'x'.repeat(64),
      algorithms: ['HS512'],
      issuer: 'https://id.example',
      audience: ['chat', 'other'],
      claims: { workspace: 'org_id', user: 'email' },
    })
  })

  it('open the API for origins, and bound the requests of a user', () => {
    const settings = {
      OUTLAST_AUTH: 'token',
      OUTLAST_CORS_ORIGINS: 'https://a.example,https://b.example',
      OUTLAST_REQUESTS_PER_MINUTE: '0',
    }
    expect(readConfig(settings)).toMatchObject({
      corsOrigins: ['https://a.example', 'https://b.example'],
      requestsPerMinute: 0,
    })
  })

  it.each([
    [{ OUTLAST_AUTH: 'password' }, 'set it to token, jwt or token,jwt'],
    [{ HOST: '::' }, 'Set OUTLAST_AUTH to token or jwt'],
    [{ ...jwt, OUTLAST_JWT_ISSUER: '' }, 'needs OUTLAST_JWT_ISSUER'],
    [{ ...jwt, OUTLAST_JWT_AUDIENCE: '' }, 'needs OUTLAST_JWT_AUDIENCE'],
    [{ ...jwt, OUTLAST_JWT_JWKS_URL: '' }, 'set either OUTLAST_JWT_JWKS_URL or OUTLAST_JWT_SECRET'],
    [{ ...jwt, OUTLAST_JWT_SECRET: 'x' }, 'set either OUTLAST_JWT_JWKS_URL or OUTLAST_JWT_SECRET'],
    [{ ...jwt, OUTLAST_JWT_ALGORITHMS: 'none' }, 'an algorithm that is not known'],
    [{ ...jwt, OUTLAST_AUTH: 'token' }, 'OUTLAST_JWT_JWKS_URL is set, but JWTs are not taken'],
    [{ OUTLAST_CORS_ORIGINS: 'https://a.example' }, 'set OUTLAST_AUTH to token or jwt too'],
    [{ OUTLAST_REQUESTS_PER_MINUTE: '-1' }, 'OUTLAST_REQUESTS_PER_MINUTE is no number'],
    [{ OUTLAST_REQUESTS_PER_MINUTE: 'many' }, 'OUTLAST_REQUESTS_PER_MINUTE is no number'],
  ])('say what is wrong with %j', (env: Record<string, string>, sentence) => {
    expect(() => readConfig(env)).toThrow(sentence)
  })
})
