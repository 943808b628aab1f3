/** A browser adds its cookies to what any page asks for: only what the server's own page asks for is answered. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { ROUTES } from '../../src/protocol/routes.ts'
import { testOutlast, type TestOutlast } from '../support/engine.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'
import { operationsOf, type Description } from '../tenancy/requests.ts'
import { jsonPost } from './serving.ts'
import { appOf, HOST, OWN_PAGE, signInWith, type Ask } from './signing-in.ts'

type Headers = Readonly<Record<string, string>>

let outlast: TestOutlast
let ask: Ask
let token: string
/** As a browser has it by https, and by http. */
let cookie: string
let fileUrl: string
beforeAll(async () => {
  const model = scriptedModel(() => [...textParts('Hello'), finishPart()])
  outlast = await testOutlast([defineAgent({ name: 'a', model })])
  ask = await appOf(outlast, {
    limits: { requestsPerMinute: 0 },
    cors: { origins: ['https://app.example'] },
  })
  token = (await outlast.tokens.create({ principal: outlast.principal, name: 'x' })).token
  cookie = `__Host-outlast=${token}; outlast=${token}`
  await outlast.settled(await outlast.ask('Hi', 'c1'))
  const headers = { 'content-type': 'text/plain', authorization: `Bearer ${token}` }
  const kept = await ask(ROUTES.files, { method: 'POST', headers, body: 'A file.' })
  fileUrl = ((await kept.json()) as { url: string }).url
})
afterAll(async () => {
  const { errors } = outlast
  await outlast[Symbol.asyncDispose]()
  expect(errors).toEqual([])
})

const site = (one: string, more: Headers = {}): Headers => ({ 'sec-fetch-site': one, ...more })
const https = `https://${HOST}`
const http = `http://${HOST}`

/** What a browser says of where a request comes from; whether that may read, and change something. */
const ORIGINS: [string, { from: Headers; reads: boolean; changes: boolean }][] = [
  ['the page', { from: OWN_PAGE, reads: true, changes: true }],
  ['the page, without Origin', { from: site('same-origin'), reads: true, changes: true }],
  [
    'the page, behind a proxy that changes the Host',
    {
      from: site('same-origin', { origin: https, host: 'backend:3000' }),
      reads: true,
      changes: true,
    },
  ],
  ['the page, in an old browser', { from: { origin: https }, reads: true, changes: true }],
  ['the page by http', { from: { origin: http }, reads: true, changes: true }],
  [
    'the page, with the port of its scheme',
    { from: { origin: https, host: `${HOST}:443` }, reads: true, changes: true },
  ],
  ['the line for addresses', { from: site('none'), reads: true, changes: false }],
  ['nowhere that anybody says', { from: {}, reads: true, changes: false }],
  ['another site', { from: site('cross-site'), reads: false, changes: false }],
  ['a subdomain or a port beside it', { from: site('same-site'), reads: false, changes: false }],
  [
    'another site that claims to be the page',
    { from: site('cross-site', { origin: https }), reads: false, changes: false },
  ],
  [
    'a page that may use the API with a token',
    { from: site('cross-site', { origin: 'https://app.example' }), reads: false, changes: false },
  ],
  [
    'another origin, in an old browser',
    { from: { origin: 'https://evil.example' }, reads: false, changes: false },
  ],
  [
    'another port, in an old browser',
    { from: { origin: `${https}:8443` }, reads: false, changes: false },
  ],
  ['a sandbox', { from: { origin: 'null' }, reads: false, changes: false }],
  ['an origin that is none', { from: { origin: 'chat.example' }, reads: false, changes: false }],
  ['a later browser', { from: site('something-new'), reads: false, changes: false }],
]

const text = { 'content-type': 'text/plain' }
const reading: [string, () => { path: string; init: RequestInit }][] = [
  ['a list', () => ({ path: ROUTES.chats, init: {} })],
  ['its HEAD', () => ({ path: ROUTES.chats, init: { method: 'HEAD' } })],
  ['who asks', () => ({ path: ROUTES.session, init: {} })],
  ['an export', () => ({ path: '/ai-chat/c1/export', init: {} })],
  ['a file', () => ({ path: fileUrl, init: {} })],
  ['a stream', () => ({ path: '/ai-chat/c1/stream', init: {} })],
]
const changing: [string, () => { path: string; init: RequestInit }][] = [
  ['a stop', () => ({ path: ROUTES.stop, init: jsonPost({ chatId: 'c1' }) })],
  ['an upload', () => ({ path: ROUTES.files, init: { method: 'POST', headers: text, body: 'x' } })],
  ['a ticket', () => ({ path: ROUTES.tickets, init: jsonPost({}) })],
  [
    'a title',
    () => ({ path: '/ai-chat/c1', init: { ...jsonPost({ title: 'New' }), method: 'PATCH' } }),
  ],
  ['a removal', () => ({ path: '/ai-chat/none', init: { method: 'DELETE' } })],
]

const askFrom = async (from: Headers, { path, init }: { path: string; init: RequestInit }) =>
  ask(path, { ...init, headers: { ...(init.headers as Headers), ...from, cookie } })

const REFUSAL = 'Who is signed in by a cookie asks from the page of this server only.'
const isRefused = async (answer: Response, isHead = false): Promise<boolean> => {
  if (answer.status !== 403 || isHead) return answer.status === 403
  const { code, detail } = (await answer.json()) as { code: string; detail: string }
  return code === 'NOT_ALLOWED' && detail.startsWith(REFUSAL)
}

describe.each(ORIGINS)('a request with the cookie from %s', (_, { from, reads, changes }) => {
  it.each(reading)(`that reads %s is ${reads ? 'answered' : 'refused'}`, async (_name, of) => {
    const request = of()
    const answer = await askFrom(from, request)
    const isHead = request.init.method === 'HEAD'
    if (reads) expect([200, 204]).toContain(answer.status)
    else expect(await isRefused(answer, isHead)).toBe(true)
    if (reads) await answer.body?.cancel()
  })

  it.each(changing)(
    `that asks for %s is ${changes ? 'answered' : 'refused'}`,
    async (_name, of) => {
      const answer = await askFrom(from, of())
      if (changes) expect([200, 201, 204, 404]).toContain(answer.status)
      else expect(await isRefused(answer)).toBe(true)
    },
  )

  it(`${changes ? 'may' : 'may not'} sign somebody in or out, with or without a cookie`, async () => {
    for (const before of [{ cookie }, {}]) {
      const signIn = await ask(ROUTES.session, signInWith(token, { ...from, ...before }))
      const headers = { ...from, ...before }
      const signOut = await ask(ROUTES.session, { method: 'DELETE', headers })
      expect([signIn.status, signOut.status]).toEqual(changes ? [200, 204] : [403, 403])
      if (!changes) expect(signIn.headers.getSetCookie()).toEqual([])
      if (!changes) expect(signOut.headers.getSetCookie()).toEqual([])
    }
  })
})

describe('each route that the server describes', () => {
  const closed = async () => {
    const api = (await (await ask(ROUTES.openapi)).json()) as Description
    const routes = operationsOf(api).filter(({ operation }) => operation.security?.length !== 0)
    expect(routes.length).toBeGreaterThan(15)
    return routes.map(({ method, path }) => ({ method, path: path.replaceAll(/[{}]/g, '') }))
  }

  it.each(['cross-site', 'same-site'])('refuses a request with the cookie from %s', async (one) => {
    for (const { method, path } of await closed()) {
      const answer = await ask(path, { method, headers: site(one, { cookie }) })
      expect(await isRefused(answer), `${method} ${path}`).toBe(true)
    }
  })

  it('refuses what changes something with the cookie, and comes from nowhere', async () => {
    for (const { method, path } of (await closed()).filter((route) => route.method !== 'GET')) {
      const answer = await ask(path, { method, headers: { cookie } })
      expect(await isRefused(answer), `${method} ${path}`).toBe(true)
    }
  })
})

describe('a page of another origin', () => {
  it('is let in by a token, cookie or not', async () => {
    const headers = { ...site('cross-site'), cookie, authorization: `Bearer ${token}` }
    expect((await ask(ROUTES.chats, { headers })).status).toBe(200)
  })

  it('is never told that it may send cookies', async () => {
    const origin = 'https://app.example'
    const preflight = { origin, 'access-control-request-method': 'DELETE', cookie }
    const answers = [
      await ask(ROUTES.chats, { headers: site('cross-site', { origin, cookie }) }),
      await ask(ROUTES.chats, { headers: { origin, authorization: `Bearer ${token}` } }),
      await ask(ROUTES.session, signInWith(token, { origin })),
      await ask(ROUTES.session, { method: 'OPTIONS', headers: preflight }),
    ]
    for (const { headers } of answers) {
      expect(headers.get('access-control-allow-origin')).toBe(origin)
      expect(headers.get('access-control-allow-credentials')).toBeNull()
    }
  })
})
