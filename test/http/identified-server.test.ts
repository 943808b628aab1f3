/** The server with users: anywhere, through any proxy, for whoever proves who it is. */
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { startServer, type RunningServer } from '../../src/server.ts'
import { createLog } from '../../src/telemetry/create-log.ts'
import { openDatabase, type OutlastDatabase } from '../../src/store/database.ts'
import { createTokens } from '../../src/store/tokens.ts'
import { createMigratedDatabase } from '../support/postgres.ts'
import { AUDIENCE, claimsWith, ISSUER, sign } from './identity/issuer.ts'
import { rawRequest } from './serving.ts'

const SECRET = 'a secret that both of us know, and long enough'
const CORS = 'https://app.example'

let database: Awaited<ReturnType<typeof createMigratedDatabase>>
let db: OutlastDatabase
let server: RunningServer
const errors: Error[] = []
const lines: string[] = []
const telemetry = {
  log: createLog({ format: 'json', level: 'debug', write: (line) => lines.push(line) }),
  onError: (error: Error) => errors.push(error),
}
beforeAll(async () => {
  database = await createMigratedDatabase()
  const settings = {
    PORT: '0',
    DATABASE_URL: database.url,
    OUTLAST_AUTH: 'token,jwt',
    OUTLAST_JWT_SECRET: SECRET,
    OUTLAST_JWT_ISSUER: ISSUER,
    OUTLAST_JWT_AUDIENCE: AUDIENCE,
    OUTLAST_JWT_WORKSPACE_CLAIM: 'org',
    OUTLAST_CORS_ORIGINS: CORS,
    OUTLAST_REQUESTS_PER_MINUTE: '20',
  }
  server = await startServer(readConfig(settings, tmpdir()), telemetry)
  db = await openDatabase({ url: database.url })
})
afterAll(async () => {
  await db.destroy()
  await server.close()
  await database[Symbol.asyncDispose]()
  expect(errors).toEqual([])
  // Whatever is logged: no token, no ticket, and nothing that signs one.
  expect(lines.join('')).not.toMatch(/olt?_[A-Za-z0-9_-]{43}|eyJ[A-Za-z0-9_-]+\.|both of us know/)
})

const proxied = { host: 'chat.example', 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https' }
const ask = (authorization: string | undefined, path = '/ai-chat/c1/messages') =>
  rawRequest(`${server.url}${path}`, {
    headers: { ...proxied, ...(authorization ? { authorization } : {}) },
  })

describe('a server with users', () => {
  it('takes its own tokens and JWTs, under its public name and behind a proxy', async () => {
    const { token } = await createTokens(db).create({
      principal: { workspaceId: 'acme', userId: 'ann' },
      name: 'x',
    })
    const claims = claimsWith({ org: 'acme', sub: 'bob' })
    const jwt = await sign(new TextEncoder().encode(SECRET), claims, { alg: 'HS256' })
    for (const bearer of [token, jwt]) expect((await ask(`Bearer ${bearer}`)).status).toBe(200)
    const users = await db.selectFrom('users').select(['workspaceId', 'id']).orderBy('id').execute()
    expect(users).toEqual([
      { workspaceId: 'acme', id: 'ann' },
      { workspaceId: 'acme', id: 'bob' },
    ])
  })

  it('takes a ticket in an address for a token', async () => {
    const claims = claimsWith({ org: 'acme', sub: 'dora' })
    const jwt = await sign(new TextEncoder().encode(SECRET), claims, { alg: 'HS256' })
    const headers = {
      ...proxied,
      authorization: `Bearer ${jwt}`,
      'content-type': 'application/json',
    }
    const url = `${server.url}/ai-chat/tickets`
    const { body } = await rawRequest(url, { method: 'POST', headers, body: '{}' })
    const { ticket } = JSON.parse(body) as { ticket: string }
    const path = `/ai-chat/c1/stream?ticket=${ticket}`
    expect((await ask(undefined, path)).status).toBe(204)
    expect((await ask(undefined, path)).status).toBe(401)
  })

  it('signs a browser in on its page, behind a proxy that takes the TLS off', async () => {
    const claims = claimsWith({ org: 'acme', sub: 'eve', name: 'Eve' })
    const token = await sign(new TextEncoder().encode(SECRET), claims, { alg: 'HS256' })
    const url = `${server.url}/ai-chat/session`
    const page = { ...proxied, origin: 'https://chat.example', 'sec-fetch-site': 'same-origin' }
    const signIn = { method: 'POST', body: JSON.stringify({ token }) }
    const headers = { ...page, 'content-type': 'application/json' }
    const answer = await rawRequest(url, { ...signIn, headers })
    expect(JSON.parse(answer.body)).toMatchObject({ user: { id: 'eve', name: 'Eve' } })
    const [cookie = ''] = answer.headers['set-cookie'] ?? []
    expect(cookie).toMatch(/^__Host-outlast=.*; HttpOnly; Secure; SameSite=Strict$/)
    const asked = await rawRequest(url, { headers: { ...page, cookie: cookie.split(';')[0]! } })
    expect(JSON.parse(asked.body)).toMatchObject({ canSignOut: true })
  })

  it('says to nobody in particular that it is there, and to nobody what it has', async () => {
    expect((await ask(undefined, '/healthz')).status).toBe(200)
    const refused = await ask(undefined)
    expect(refused).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } })
    expect((await ask(`Bearer ol_${'a'.repeat(43)}`)).body).toContain('does not know the token')
    expect((await ask('Bearer a.b.c')).status).toBe(401)
  })

  it('lets pages of the named origins in', async () => {
    const headers = { origin: CORS, 'access-control-request-method': 'POST' }
    const answer = await rawRequest(`${server.url}/ai-chat`, { method: 'OPTIONS', headers })
    expect(answer.headers['access-control-allow-origin']).toBe(CORS)
  })

  it('counts the requests of a user', async () => {
    const claims = claimsWith({ org: 'acme', sub: 'eager' })
    const jwt = await sign(new TextEncoder().encode(SECRET), claims, { alg: 'HS256' })
    const answers = await Promise.all(Array.from({ length: 21 }, () => ask(`Bearer ${jwt}`)))
    const limited = answers.filter(({ status }) => status === 429)
    expect(limited).toHaveLength(1)
    expect(Number(limited[0]!.headers['retry-after'])).toBeGreaterThan(0)
  })
})

it('a server with users does not start with keys that protect nothing', async () => {
  const settings = {
    OUTLAST_AUTH: 'jwt',
    OUTLAST_JWT_JWKS_URL: 'http://id.example/jwks.json',
    OUTLAST_JWT_ISSUER: ISSUER,
    OUTLAST_JWT_AUDIENCE: AUDIENCE,
    PORT: '0',
    DATABASE_URL: database.url,
  }
  const config = readConfig(settings, tmpdir())
  await expect(startServer(config, telemetry)).rejects.toMatchObject({
    code: 'INVALID_CONFIG',
    message: expect.stringContaining('has to be an https address'),
  })
})
