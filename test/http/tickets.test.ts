/** Tickets: one request of a caller who can send no header, and nothing more. */
import { tmpdir } from 'node:os'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { readConfig } from '../../src/config.ts'
import { createOutlastApp, type OutlastHandlerOptions } from '../../src/handler.ts'
import { tokenIdentity } from '../../src/http/identity/token-identity.ts'
import { ROUTES } from '../../src/protocol/routes.ts'
import { startServer } from '../../src/server.ts'
import { createLog } from '../../src/telemetry/create-log.ts'
import { describedBy, type Description } from '../support/described.ts'
import { testOutlast, type TestOutlast } from '../support/engine.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'
import { byHeader } from '../tenancy/tenants.ts'
import { createMigratedDatabase } from '../support/postgres.ts'
import { chunksOf, jsonPost, turn } from './serving.ts'

const agent = defineAgent({
  name: 'a',
  model: scriptedModel(() => [...textParts('Hello'), finishPart()]),
})

let outlast: TestOutlast
let ask: (path: string, init?: RequestInit, address?: string) => Promise<Response>
/** What telemetry is told of requests. */
const told: unknown[] = []

/** An app whose answers are held against its own description. */
const appWith = async (options: Partial<OutlastHandlerOptions> = {}) => {
  const app = createOutlastApp(outlast, {
    authenticate: byHeader,
    onRequest: (request) => (status) => told.push({ ...request, status }),
    ...options,
  })
  const description = (await (await app.request(ROUTES.openapi)).json()) as Description
  const check = describedBy(description)
  return async (path: string, init: RequestInit = {}, address?: string) => {
    const request = new Request(`http://app.example${path}`, init)
    const connection = { address, outgoing: undefined }
    return check(
      { method: init.method ?? 'GET', url: path },
      await app.fetch(request, { connection }),
    )
  }
}

const ANN = { 'x-caller': 'w1/ann' }
const as = (headers: Record<string, string>, init: RequestInit = {}): RequestInit => ({
  ...init,
  headers: { ...(init.headers as Record<string, string>), ...headers },
})
const asAnn = as(ANN, jsonPost({}))
const newTicket = async (init = asAnn, app = ask): Promise<string> => {
  const answer = await app(ROUTES.tickets, init)
  expect(answer.status).toBe(201)
  return ((await answer.json()) as { ticket: string }).ticket
}
const withTicket = (path: string, ticket: string) =>
  `${path}${path.includes('?') ? '&' : '?'}ticket=${ticket}`

/** What Ann has that a ticket opens. */
let paths: readonly string[]

beforeAll(async () => {
  outlast = await testOutlast([agent])
  ask = await appWith({ limits: { requestsPerMinute: 0 } })
  const answer = await ask('/ai-chat', as(ANN, jsonPost(turn('c1', 'Hi'))))
  const [start] = await chunksOf(answer)
  const { runId } = (start as { messageMetadata: { runId: string } }).messageMetadata
  const file = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'A file.' }
  const { url } = (await (await ask('/ai-chat/files', as(ANN, file))).json()) as { url: string }
  paths = [`/ai-chat/runs/${runId}/stream`, '/ai-chat/c1/stream?have=c1-m1', url]
})
afterAll(async () => {
  expect(outlast.errors).toEqual([])
  await outlast[Symbol.asyncDispose]()
  expect(JSON.stringify(told)).not.toContain('olt_')
})

describe('a ticket', () => {
  it('is shown once, with the time at which it ends', async () => {
    const answer = await ask(ROUTES.tickets, asAnn)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const { ticket, expiresAt } = (await answer.json()) as { ticket: string; expiresAt: string }
    expect(ticket).toMatch(/^olt_/)
    expect(new Date(expiresAt).toISOString()).toBe(expiresAt)
  })

  it('opens streams and files as its user does, once', async () => {
    for (const path of paths) {
      const ticket = await newTicket()
      const first = await ask(withTicket(path, ticket))
      expect(first.status, path).toBe(200)
      expect(await first.text(), path).toBe(await (await ask(path, as(ANN))).text())
      const second = await ask(withTicket(path, ticket))
      expect(second.status, path).toBe(401)
      expect(second.headers.get('www-authenticate')).toBe('Bearer')
      expect(await second.json()).toMatchObject({
        code: 'NOT_AUTHENTICATED',
        detail: expect.stringMatching(
          /^This ticket was used.* POST \/ai-chat\/tickets gives another/,
        ),
      })
    }
  })

  it.each(['/ai-chat/follow?chat=c1', '/ai-chat/c1/follow'])('opens %s, once', async (path) => {
    const ticket = await newTicket()
    const following = await ask(withTicket(path, ticket))
    const reader = following.body!.pipeThrough(new TextDecoderStream()).getReader()
    for (let text = ''; !text.includes('"type":"run"');) text += (await reader.read()).value ?? ''
    await reader.cancel()
    expect((await ask(withTicket(path, ticket))).status).toBe(401)
  })

  it('is its user’s, and sees of others what that user sees', async () => {
    const ticket = await newTicket(as({ 'x-caller': 'w1/bob' }, jsonPost({})))
    const answer = await ask(withTicket(paths[0]!, ticket), as(ANN))
    expect(await answer.json()).toMatchObject({ status: 404, code: 'RUN_NOT_FOUND' })
  })

  it('lets one in of two requests at the same moment', async () => {
    const ticket = await newTicket()
    const answers = await Promise.all(
      Array.from({ length: 2 }, () => ask(withTicket(paths[2]!, ticket))),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 401]))
  })

  it('ends by the clock of the database', async () => {
    const ticket = await newTicket()
    await outlast.db
      .updateTable('tickets')
      .set({ expiresAt: sql<Date>`now()` })
      .execute()
    expect((await ask(withTicket(paths[0]!, ticket))).status).toBe(401)
  })

  it('opens nothing else, and is not used up by that', async () => {
    const ticket = await newTicket()
    const post = jsonPost({})
    const refused: [string, RequestInit?][] = [
      [paths[0]!, { method: 'HEAD' }],
      [ROUTES.tickets, post],
      [ROUTES.stop, jsonPost({ chatId: 'c1' })],
      [ROUTES.files, { ...post, headers: { 'content-type': 'text/plain' } }],
      [ROUTES.chats],
      ['/ai-chat/c1/messages'],
      ['/ai-chat/c1', { method: 'DELETE' }],
    ]
    for (const [path, init] of refused)
      expect((await ask(withTicket(path, ticket), init)).status, path).toBe(401)
    expect((await ask(withTicket(paths[0]!, ticket))).status).toBe(200)
  })

  it('that is none opens nothing, whatever it looks like', async () => {
    for (const wrong of ['', 'x', `olt_${'a'.repeat(43)}`, '%00', `ol_${'a'.repeat(43)}`])
      expect((await ask(withTicket(paths[0]!, wrong))).status, wrong).toBe(401)
  })

  it('is asked for with JSON, which no form of another page can send', async () => {
    const form = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' }
    expect((await ask(ROUTES.tickets, as(ANN, form))).status).toBe(415)
    expect((await ask(ROUTES.tickets, jsonPost({}))).status).toBe(401)
  })
})

describe('beside a token', () => {
  const tokenOf = async (userId: string) => {
    const principal = { workspaceId: 'w1', userId }
    const { token } = await outlast.tokens.create({ principal, name: 'x' })
    return { authorization: `Bearer ${token}` }
  }

  it('a ticket is not looked at, and stays good', async () => {
    const app = await appWith({ authenticate: tokenIdentity(outlast) })
    const [ann, bob] = [await tokenOf('ann'), await tokenOf('bob')]
    const ticket = await newTicket(as(ann, jsonPost({})), app)
    const path = withTicket(paths[0]!, ticket)
    expect((await app(path, as(bob))).status).toBe(404)
    const wrong = await app(path, as({ authorization: `Bearer ol_${'a'.repeat(43)}` }))
    expect(await wrong.json()).toMatchObject({ detail: 'This server does not know the token.' })
    expect((await app(path)).status).toBe(200)
  })
})

describe('tickets are counted', () => {
  it('like wrong tokens, when they are wrong; right ones always get in', async () => {
    const app = await appWith({ limits: { failuresPerMinute: 1 } })
    const ticket = await newTicket(asAnn, app)
    const wrong = withTicket(paths[0]!, 'olt_wrong')
    expect((await app(wrong, {}, '10.0.0.1')).status).toBe(401)
    expect((await app(wrong, {}, '10.0.0.1')).status).toBe(429)
    const bearer = as({ authorization: 'Bearer x' })
    expect((await app(paths[0]!, bearer, '10.0.0.1')).status).toBe(429)
    expect((await app(withTicket(paths[0]!, ticket), {}, '10.0.0.1')).status).toBe(200)
  })

  it('as requests of their user', async () => {
    const app = await appWith({ limits: { requestsPerMinute: 2 } })
    const carl = { 'x-caller': 'w1/carl' }
    const ticket = await newTicket(as(carl, jsonPost({})), app)
    expect((await app('/ai-chat/c1/stream', as(carl))).status).toBe(204)
    expect((await app(withTicket('/ai-chat/c1/stream', ticket))).status).toBe(429)
  })
})

it('a server without users gives tickets too, and takes them', async () => {
  await using database = await createMigratedDatabase()
  const config = readConfig({ PORT: '0', DATABASE_URL: database.url }, tmpdir())
  const log = createLog({ format: 'json', level: 'debug', write: () => undefined })
  const onError = (error: Error) => expect.unreachable(error.message)
  const server = await startServer(config, { log, onError })
  try {
    const answer = await fetch(`${server.url}${ROUTES.tickets}`, jsonPost({}))
    const { ticket } = (await answer.json()) as { ticket: string }
    const read = () => fetch(`${server.url}/ai-chat/c1/stream?ticket=${ticket}`)
    expect((await read()).status).toBe(204)
    expect((await read()).status).toBe(401)
    expect((await fetch(`${server.url}/ai-chat/c1/stream`)).status).toBe(204)
  } finally {
    await server.close()
  }
})
