/** A JWT lets somebody in only when its issuer made it, for this server, for now. */
import { base64url, exportSPKI } from 'jose'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { jwtIdentity, type JwtIdentityOptions } from '../../../src/http/identity/jwt-identity.ts'
import {
  AUDIENCE,
  claimsWith,
  ISSUER,
  makeKeys,
  published,
  requestWith,
  serveKeys,
  sign,
  type KeyPair,
} from './issuer.ts'

const SECRET = 'a secret that both of us know, and long enough'
const secretKey = new TextEncoder().encode(SECRET)

let keys: KeyPair
let stranger: KeyPair
/** The issuer has it too, for an algorithm that is not chosen. */
let unchosen: KeyPair
beforeAll(async () => {
  ;[keys, stranger, unchosen] = await Promise.all([makeKeys(), makeKeys(), makeKeys('RS512')])
})
afterEach(() => vi.useRealTimers())

const refused = { code: 'NOT_AUTHENTICATED' }

const withIssuer = async (more: Partial<JwtIdentityOptions> = {}) => {
  const issuer = await serveKeys(
    await published(keys, { kid: 'k1', alg: 'RS256', use: 'sig' }),
    await published(unchosen, { kid: 'k512', alg: 'RS512', use: 'sig' }),
  )
  const { jwksUrl } = issuer
  const identity = jwtIdentity({ jwksUrl, issuer: ISSUER, audience: AUDIENCE, ...more } as never)
  const ask = async (token: string | undefined, scheme?: string) =>
    identity(requestWith(token, scheme), {})
  return { issuer, ask, [Symbol.asyncDispose]: () => issuer[Symbol.asyncDispose]() }
}

const withSecret = (more: Partial<JwtIdentityOptions> = {}) => {
  const options = { secret: SECRET, issuer: ISSUER, audience: AUDIENCE, ...more }
  const identity = jwtIdentity(options as JwtIdentityOptions)
  return async (token: string) => identity(requestWith(token), {})
}

const unsigned = (header: object, claims = claimsWith(), signature = '') =>
  [header, claims].map((part) => base64url.encode(JSON.stringify(part))).join('.') + `.${signature}`

describe('a JWT', () => {
  it('names its user, in the default workspace', async () => {
    await using server = await withIssuer()
    expect(await server.ask(await sign(keys.privateKey))).toMatchObject({
      workspaceId: 'default',
      userId: 'ann',
    })
    const named = await sign(keys.privateKey, claimsWith({ name: 'Ann' }))
    expect(await server.ask(named, 'bearer')).toMatchObject({ userName: 'Ann' })
  })

  it('names workspace and user by the claims that it is told', async () => {
    const claims = { workspace: 'org', user: 'https://example/uid', workspaceName: 'orgName' }
    const ask = withSecret({ claims })
    const payload = claimsWith({ org: 'acme', 'https://example/uid': 42, orgName: 'Acme' })
    expect(await ask(await sign(secretKey, payload, { alg: 'HS256' }))).toEqual({
      workspaceId: 'acme',
      userId: '42',
      workspaceName: 'Acme',
      userName: undefined,
    })
  })

  it('may be for several, and a few seconds too late', async () => {
    const ask = withSecret({ audience: [AUDIENCE, 'other'], clockToleranceSeconds: 30 })
    const now = Math.floor(Date.now() / 1000)
    const late = claimsWith({ exp: now - 20, nbf: now + 20, aud: ['third', 'other'] })
    expect(await ask(await sign(secretKey, late, { alg: 'HS256' }))).toMatchObject({
      userId: 'ann',
    })
  })

  it('that does not say which of several keys signed it is tried with each', async () => {
    const [one, other] = await Promise.all([published(keys, {}), published(stranger, {})])
    await using issuer = await serveKeys(other, one)
    const { jwksUrl } = issuer
    const identity = jwtIdentity({ jwksUrl, issuer: ISSUER, audience: AUDIENCE })
    const token = await sign(keys.privateKey, claimsWith(), { kid: undefined as never })
    expect(await identity(requestWith(token), {})).toMatchObject({ userId: 'ann' })
    const third = await makeKeys()
    const foreign = await sign(third.privateKey, claimsWith(), { kid: undefined as never })
    await expect(identity(requestWith(foreign), {})).rejects.toMatchObject(refused)
    const expired = await sign(keys.privateKey, claimsWith({ exp: 1 }), { kid: undefined as never })
    await expect(identity(requestWith(expired), {})).rejects.toThrow('expired')
  })

  it('is not looked for in anything but a bearer token of another kind than ours', async () => {
    await using server = await withIssuer()
    const token = await sign(keys.privateKey)
    expect(await server.ask(undefined)).toBeNull()
    expect(await server.ask(token, 'Basic')).toBeNull()
    expect(await server.ask(`${token} ${token}`)).toBeNull()
    expect(await server.ask(`ol_${'a'.repeat(43)}`)).toBeNull()
    expect(server.issuer.asked).toBe(0)
  })
})

const seconds = () => Math.floor(Date.now() / 1000)
const ATTACKS: [string, () => Promise<string> | string][] = [
  ['is not signed', () => unsigned({ alg: 'none' })],
  ['is not signed, and hides it', () => unsigned({ alg: 'nOnE', kid: 'k1' }, claimsWith(), 'AAAA')],
  ['has an empty signature', () => unsigned({ alg: 'RS256', kid: 'k1' })],
  [
    'takes the public key for a secret',
    async () =>
      sign(new TextEncoder().encode(await exportSPKI(keys.publicKey)), claimsWith(), {
        alg: 'HS256',
      }),
  ],
  ['is signed by somebody else', () => sign(stranger.privateKey)],
  ['names a key that is not there', () => sign(keys.privateKey, claimsWith(), { kid: 'k2' })],
  [
    'names a file as its key',
    () => sign(keys.privateKey, claimsWith(), { kid: '../../../../dev/null' }),
  ],
  [
    'names a query as its key',
    () => sign(keys.privateKey, claimsWith(), { kid: "x' union select 'k' --" }),
  ],
  [
    'brings its own key',
    async () => {
      const jwk = await published(stranger, {})
      const header = { alg: 'RS256', jwk, jku: 'http://127.0.0.1:9/jwks.json' }
      const token = await sign(stranger.privateKey, claimsWith(), header as never)
      return token
    },
  ],
  [
    'has an algorithm that was not chosen',
    () => sign(unchosen.privateKey, claimsWith(), { alg: 'RS512', kid: 'k512' }),
  ],
  ['is of another issuer', () => sign(keys.privateKey, claimsWith({ iss: `${ISSUER}/` }))],
  ['is of no issuer', () => sign(keys.privateKey, claimsWith({ iss: undefined as never }))],
  ['is for another server', () => sign(keys.privateKey, claimsWith({ aud: 'mail' }))],
  ['is for nobody', () => sign(keys.privateKey, claimsWith({ aud: [] }))],
  ['has expired', () => sign(keys.privateKey, claimsWith({ exp: seconds() - 6 }))],
  ['never expires', () => sign(keys.privateKey, claimsWith({ exp: undefined as never }))],
  ['is for later', () => sign(keys.privateKey, claimsWith({ nbf: seconds() + 60 }))],
  ['names nobody', () => sign(keys.privateKey, claimsWith({ sub: '' }))],
  ['names something else', () => sign(keys.privateKey, claimsWith({ sub: { id: 1 } as never }))],
  ['names a control character', () => sign(keys.privateKey, claimsWith({ sub: 'ann\0' }))],
  ['names half a character', () => sign(keys.privateKey, claimsWith({ sub: 'ann\ud800' }))],
  ['has a critical header', () => unsigned({ alg: 'RS256', kid: 'k1', crit: ['x'], x: 1 })],
  ['is cut off', async () => (await sign(keys.privateKey)).slice(0, -10)],
  [
    'was changed',
    async () => {
      const [header, , signature] = (await sign(keys.privateKey)).split('.')
      const payload = base64url.encode(JSON.stringify(claimsWith({ sub: 'bob' })))
      return `${header}.${payload}.${signature}`
    },
  ],
  ['is no JWT', () => 'abc'],
  ['is dots', () => '..'],
  ['is encrypted', () => 'eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.a.b.c.d'],
]

describe('nobody gets in with a JWT that', () => {
  it.each(ATTACKS)('%s', async (_name, forge) => {
    await using server = await withIssuer({ algorithms: ['RS256', 'ES256'] } as never)
    const token = await forge()
    const refusal = (await server.ask(token).catch((error: unknown) => error)) as Error
    expect(refusal).toMatchObject(refused)
    expect(refusal.message).not.toContain(token)
  })

  it('is signed with another secret, or by a key where a secret is expected', async () => {
    const ask = withSecret()
    const other = new TextEncoder().encode(SECRET.toUpperCase())
    for (const token of [
      await sign(other, claimsWith(), { alg: 'HS256' }),
      await sign(secretKey, claimsWith(), { alg: 'HS384' }),
      await sign(keys.privateKey),
      unsigned({ alg: 'none' }),
    ])
      await expect(ask(token)).rejects.toMatchObject(refused)
  })

  it('has a workspace only by inheritance', async () => {
    const ask = withSecret({ claims: { workspace: 'constructor' } })
    const token = await sign(secretKey, claimsWith(), { alg: 'HS256' })
    await expect(ask(token)).rejects.toThrow('it has no claim constructor')
  })
})

describe('the keys of an issuer', () => {
  it('are asked for once, and again for a new one, at most twice a minute', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    await using server = await withIssuer()
    await Promise.all([
      server.ask(await sign(keys.privateKey)),
      server.ask(await sign(keys.privateKey)),
    ])
    expect(server.issuer.asked).toBe(1)
    const rotated = await sign(stranger.privateKey, claimsWith(), { kid: 'k2' })
    for (let count = 0; count < 3; count++)
      await expect(server.ask(rotated)).rejects.toMatchObject(refused)
    expect(server.issuer.asked).toBe(1)
    server.issuer.answer(200, { keys: [await published(stranger, { kid: 'k2' })] })
    vi.setSystemTime(Date.now() + 31_000)
    expect(await server.ask(rotated)).toMatchObject({ userId: 'ann' })
    expect(server.issuer.asked).toBe(2)
    await expect(server.ask(await sign(keys.privateKey))).rejects.toMatchObject(refused)
  })

  it.each([
    ['it is down', 500, 'down'],
    ['it answers with a page', 200, '<html>'],
    ['it answers without keys', 200, {}],
    ['it sends somewhere else', 302, ''],
  ])('are an outage when %s, which is no refusal', async (_name, status, body) => {
    await using server = await withIssuer()
    server.issuer.answer(status, body)
    const failure = (await server.ask(await sign(keys.privateKey)).catch((error) => error)) as Error
    expect(failure).toMatchObject({ code: 'IDENTITY_UNAVAILABLE', retryable: true })
    expect(failure.message).not.toContain('127.0.0.1')
  })

  it('are an outage when nobody is there; they are left alone for 5 seconds, and then asked for again', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    await using server = await withIssuer()
    const token = await sign(keys.privateKey, claimsWith({ exp: seconds() + 300 }))
    server.issuer.answer(503, '')
    for (let count = 0; count < 3; count++)
      await expect(server.ask(token)).rejects.toMatchObject({ code: 'IDENTITY_UNAVAILABLE' })
    expect(server.issuer.asked).toBe(1)
    server.issuer.answer(200, { keys: [await published(keys, { kid: 'k1' })] })
    vi.setSystemTime(Date.now() + 5000)
    expect(await server.ask(token)).toMatchObject({ userId: 'ann' })
    expect(server.issuer.asked).toBe(2)
  })

  it('stay good while their issuer is away', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    await using server = await withIssuer()
    const token = await sign(keys.privateKey, claimsWith({ exp: seconds() + 900 }))
    await server.ask(token)
    server.issuer.answer(500, '')
    vi.setSystemTime(Date.now() + 540_000)
    expect(await server.ask(token)).toMatchObject({ userId: 'ann' })
  })
})

describe('jwtIdentity refuses', () => {
  const common = { issuer: ISSUER, audience: AUDIENCE }
  it.each([
    ['an address that is no https', { jwksUrl: 'http://id.example/jwks.json' }],
    ['an address that is none', { jwksUrl: 'jwks' }],
    ['a short secret', { secret: 'x'.repeat(31) }],
    ['a secret that is short for its algorithm', { secret: 'x'.repeat(63), algorithms: ['HS512'] }],
    ['a secret with algorithms of public keys', { secret: SECRET, algorithms: ['RS256'] }],
    [
      'public keys with algorithms of secrets',
      { jwksUrl: 'https://id.example/j', algorithms: ['RS256', 'HS256'] },
    ],
    ['no signature at all', { secret: SECRET, algorithms: ['none'] }],
    ['no algorithm', { secret: SECRET, algorithms: [] }],
  ])('%s', (_name, keyOptions) => {
    const build = () => jwtIdentity({ ...common, ...keyOptions } as never)
    expect(build).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }))
    if ('secret' in keyOptions) expect(build).not.toThrow(keyOptions.secret)
  })
})
