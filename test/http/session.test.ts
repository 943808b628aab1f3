/** The page's sign-in: a token goes in, a cookie that no script reads comes out, and lets in as the token does. */
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { readConfig } from '../../src/config.ts'
import { ROUTES } from '../../src/protocol/routes.ts'
import { startServer } from '../../src/server.ts'
import { createLog } from '../../src/telemetry/create-log.ts'
import { testOutlast, type TestOutlast } from '../support/engine.ts'
import { createMigratedDatabase } from '../support/postgres.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'
import { jsonPost } from './serving.ts'
import { appOf, cookieOf, HOST, jwtOf, OWN_PAGE, signInWith, type Ask } from './signing-in.ts'

const ANN = { workspaceId: 'acme', userId: 'ann' }
const BOB = { workspaceId: 'acme', userId: 'bob' }

let outlast: TestOutlast
let ask: Ask
beforeAll(async () => {
  const model = scriptedModel(() => [...textParts('Hello'), finishPart()])
  outlast = await testOutlast([defineAgent({ name: 'a', model })])
  await outlast.principals.ensure(ANN, { workspace: 'Acme', user: 'Ann Lee' })
  ask = await appOf(outlast)
})
afterAll(async () => {
  const { errors } = outlast
  await outlast[Symbol.asyncDispose]()
  expect(errors).toEqual([])
})

const tokenOf = (principal = ANN) => outlast.tokens.create({ principal, name: 'test' })
const signedIn = async (token: string): Promise<string> =>
  cookieOf(await ask(ROUTES.session, signInWith(token)))
const by = (cookie: string, headers: Readonly<Record<string, string>> = OWN_PAGE) => ({
  headers: { ...headers, cookie },
})

describe('who signs in', () => {
  it('is told who that is, and gets the token in a cookie', async () => {
    const { token } = await tokenOf()
    const answer = await ask(ROUTES.session, signInWith(`  ${token}\n`))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.getSetCookie()).toEqual([
      `__Host-outlast=${token}; Max-Age=2592000; Path=/; HttpOnly; Secure; SameSite=Strict`,
    ])
    const body = await answer.text()
    expect(body).not.toContain(token)
    expect(JSON.parse(body)).toEqual({
      user: { id: 'ann', name: 'Ann Lee' },
      workspace: { id: 'acme', name: 'Acme' },
      canSignOut: true,
    })
  })

  it('is the same afterwards, and sees what the token sees', async () => {
    const cookie = await signedIn((await tokenOf()).token)
    const session = await ask(ROUTES.session, by(cookie))
    expect(await session.json()).toMatchObject({ user: { id: 'ann' }, canSignOut: true })
    const post = jsonPost({ chatId: 'c1', message: { parts: [{ type: 'text', text: 'Hi' }] } })
    const headers = { ...post.headers, ...by(cookie).headers }
    expect(await (await ask('/ai-chat', { ...post, headers })).text()).toContain('[DONE]')
    expect((await ask('/ai-chat/c1', by(cookie))).status).toBe(200)
    const bob = await signedIn((await tokenOf(BOB)).token)
    expect((await ask('/ai-chat/c1', by(bob))).status).toBe(404)
  })

  it('may have a JWT, until it expires', async () => {
    const answer = await ask(ROUTES.session, signInWith(await jwtOf({ name: 'Ann' })))
    expect(await answer.json()).toMatchObject({ user: { id: 'ann', name: 'Ann' } })
    expect((await ask(ROUTES.chats, by(cookieOf(answer)))).status).toBe(200)
    const expired = await jwtOf({ exp: 1 })
    const late = await ask(ROUTES.chats, by(`__Host-outlast=${expired}`))
    expect(await late.json()).toMatchObject({ status: 401, detail: 'The token has expired.' })
  })

  it('by http has a cookie for http', async () => {
    const { token } = await tokenOf()
    const page = { origin: `http://${HOST}` }
    const answer = await ask(ROUTES.session, signInWith(token, page))
    const [cookie] = answer.headers.getSetCookie()
    expect(cookie).toBe(`outlast=${token}; Max-Age=2592000; Path=/; HttpOnly; SameSite=Strict`)
    expect((await ask(ROUTES.chats, { headers: { cookie: cookieOf(answer) } })).status).toBe(200)
  })

  it.each([
    ['nobody knows', 'ol_' + 'a'.repeat(43), 401, 'does not know the token'],
    ['is nothing that anybody takes', 'hello', 401, 'The token is not valid'],
    ['is empty', ' ', 400, 'This is no token'],
    ['has spaces', 'one two', 400, 'This is no token'],
    ['would end the cookie', 'a;Domain=example', 400, 'This is no token'],
    ['has a line break in it', 'a\r\nset-cookie: b', 400, 'This is no token'],
    ['is no text', 7, 400, 'The body has to be'],
    ['is longer than a cookie', 'e'.repeat(3801), 413, 'too long for a browser'],
  ])('with a token that %s gets no cookie', async (_, token, status, detail) => {
    const answer = await ask(ROUTES.session, signInWith(token))
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(await answer.json()).toMatchObject({ status, detail: expect.stringContaining(detail) })
  })

  it('with a token that has ended gets no cookie', async () => {
    const { token, id } = await tokenOf()
    await outlast.tokens.revoke(id, 'all')
    for (const ended of [token, await jwtOf({ exp: 1 })]) {
      const answer = await ask(ROUTES.session, signInWith(ended))
      expect(answer.status).toBe(401)
      expect(answer.headers.getSetCookie()).toEqual([])
    }
  })

  it('is known by the token, whatever cookies the application of the server has', async () => {
    const known = await appOf(outlast, {
      authenticate: ({ headers }) => (headers.has('cookie') ? BOB : null),
    })
    const init = signInWith('wrong', { ...OWN_PAGE, cookie: 'application=bob' })
    expect((await known(ROUTES.session, init)).status).toBe(401)
    const own = await known(ROUTES.session, by('application=bob'))
    expect(await own.json()).toMatchObject({ user: { id: 'bob' }, canSignOut: false })
  })
})

describe('the cookie', () => {
  it('opens nothing from the moment its token is revoked', async () => {
    const { token, id } = await tokenOf()
    const cookie = await signedIn(token)
    expect((await ask(ROUTES.chats, by(cookie))).status).toBe(200)
    await outlast.tokens.revoke(id, 'all')
    const refused = await ask(ROUTES.chats, by(cookie))
    expect(await refused.json()).toMatchObject({ status: 401, detail: 'The token was revoked.' })
  })

  it('is not looked at beside a token or a ticket', async () => {
    const [ann, bob] = [(await tokenOf()).token, (await tokenOf(BOB)).token]
    const cookie = await signedIn(ann)
    const whoIs = async (authorization: string) =>
      (await ask(ROUTES.session, by(cookie, { ...OWN_PAGE, authorization }))).json()
    const asBob = await whoIs(`Bearer ${bob}`)
    expect(asBob).toMatchObject({ user: { id: 'bob' }, canSignOut: false })
    expect(await whoIs('Bearer wrong')).toMatchObject({ status: 401 })
    expect(await whoIs('')).toMatchObject({ status: 401 })
    const headers = { authorization: `Bearer ${bob}` }
    const upload = { method: 'POST', headers: { ...headers, 'content-type': 'text/plain' } }
    const kept = await ask(ROUTES.files, { ...upload, body: 'Bob’s' })
    const { url } = (await kept.json()) as { url: string }
    const ticketed = async () => {
      const post = jsonPost({})
      const made = await ask(ROUTES.tickets, { ...post, headers: { ...post.headers, ...headers } })
      return `${url}?ticket=${((await made.json()) as { ticket: string }).ticket}`
    }
    expect((await ask(await ticketed(), by(cookie))).status).toBe(200)
    expect((await ask(`${url}?ticket=olt_wrong`, by(cookie))).status).toBe(401)
    expect((await ask(url, by(cookie))).status).toBe(404)
  })

  it('of a file lets a browser keep it, and ask each time whether it still may', async () => {
    const cookie = await signedIn((await tokenOf()).token)
    const { headers } = by(cookie)
    const upload = { method: 'POST', headers: { ...headers, 'content-type': 'text/plain' } }
    const kept = await ask(ROUTES.files, { ...upload, body: 'Ann’s' })
    const { url } = (await kept.json()) as { url: string }
    const file = await ask(url, { headers })
    expect(file.headers.get('cache-control')).toBe('private, no-cache')
    const again = { 'if-none-match': file.headers.get('etag')! }
    expect((await ask(url, { headers: { ...headers, ...again } })).status).toBe(304)
    expect((await ask(url, { headers: again })).status).toBe(401)
  })

  it('for http is not looked at by https, where another server of the site may have set it', async () => {
    const { token } = await tokenOf()
    const cookie = `outlast=${token}`
    expect((await ask(ROUTES.chats, by(cookie))).status).toBe(401)
    const site = { 'sec-fetch-site': 'same-origin' }
    expect((await ask(ROUTES.chats, by(cookie, site))).status).toBe(401)
    for (const host of ['localhost:3000', '127.0.0.1', '[::1]:3000'])
      expect((await ask(ROUTES.chats, by(cookie, { ...site, host }))).status, host).toBe(200)
  })

  it('counts like a token where it is wrong, and where it asks', async () => {
    const app = await appOf(outlast, { limits: { failuresPerMinute: 2, requestsPerMinute: 2 } })
    const wrong = by('__Host-outlast=ol_wrong')
    expect((await app(ROUTES.chats, wrong, '10.0.0.1')).status).toBe(401)
    expect((await app(ROUTES.session, signInWith('wrong'), '10.0.0.1')).status).toBe(401)
    expect((await app(ROUTES.session, signInWith('wrong'), '10.0.0.1')).status).toBe(429)
    expect((await app(ROUTES.chats, wrong, '10.0.0.1')).status).toBe(429)
    const right = signInWith((await tokenOf()).token)
    const answer = await app(ROUTES.session, right, '10.0.0.1')
    expect(answer.status).toBe(200)
    const cookie = cookieOf(answer)
    expect((await app(ROUTES.chats, by(cookie), '10.0.0.1')).status).toBe(200)
    expect((await app(ROUTES.chats, by(cookie), '10.0.0.1')).status).toBe(429)
  })
})

describe('who signs out', () => {
  it('has no cookie any more, and may do so twice', async () => {
    const signOut = { method: 'DELETE', headers: OWN_PAGE }
    for (const cookie of [await signedIn((await tokenOf()).token), '__Host-outlast=x', '']) {
      const answer = await ask(ROUTES.session, {
        ...signOut,
        headers: { ...OWN_PAGE, cookie },
      })
      expect(answer.status).toBe(204)
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(answer.headers.getSetCookie()).toEqual([
        'outlast=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict',
        '__Host-outlast=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict',
      ])
    }
  })
})

describe('a server that does not sign people in', () => {
  it('because its application has users of its own says who they are, and looks at no cookie', async () => {
    const app = await appOf(outlast, { page: false })
    const { token } = await tokenOf()
    const headers = { authorization: `Bearer ${token}` }
    const who = await app(ROUTES.session, { headers })
    expect(await who.json()).toMatchObject({ user: { id: 'ann' }, canSignOut: false })
    const refused = await app(ROUTES.session, by(`__Host-outlast=${token}`))
    const { detail } = (await refused.json()) as { detail: string }
    expect(detail).toMatch(/^This server wants.*Bearer <token>\.$/)
    for (const init of [signInWith(token), { method: 'DELETE', headers: OWN_PAGE }]) {
      const answer = await app(ROUTES.session, init)
      expect(answer.status).toBe(405)
      expect(answer.headers.getSetCookie()).toEqual([])
    }
  })

  it('because it has no users says that everybody is one', async () => {
    await using database = await createMigratedDatabase()
    const config = readConfig({ PORT: '0', DATABASE_URL: database.url }, tmpdir())
    const log = createLog({ format: 'json', level: 'debug', write: () => undefined })
    const onError = (error: Error) => expect.unreachable(error.message)
    const server = await startServer(config, { log, onError })
    try {
      expect(await (await fetch(`${server.url}${ROUTES.session}`)).json()).toEqual({
        user: { id: 'local', name: 'Local user' },
        workspace: { id: 'default', name: 'Default' },
        canSignOut: false,
      })
      const signIn = { ...signInWith('x', { origin: server.url }) }
      expect((await fetch(`${server.url}${ROUTES.session}`, signIn)).status).toBe(405)
    } finally {
      await server.close()
    }
  })
})

it('nobody is told how to get in: with a token, or on the page', async () => {
  const refused = await ask(ROUTES.session)
  expect(refused.headers.get('www-authenticate')).toBe('Bearer')
  expect(await refused.json()).toMatchObject({
    code: 'NOT_AUTHENTICATED',
    detail: expect.stringMatching(/Authorization: Bearer <token>, or sign in on its page\.$/),
  })
})
