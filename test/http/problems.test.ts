import { describe, expect, it } from 'vitest'
import {
  ChatNotFoundError,
  RunAlreadyActiveError,
  RunNotFoundError,
  StoreUnavailableError,
} from '../../src/domain/errors.ts'
import type { EngineApi } from '../../src/engine/api.ts'
import type { ChatsApi } from '../../src/engine/catalog-api.ts'
import { createHttpApp } from '../../src/http/app.ts'
import { describedBy, type Description } from '../support/described.ts'
import { jsonPost, noEngine, noRecords, PRINCIPAL, turn } from './serving.ts'

/** An app whose answers are all held against its description. */
const appWith = (
  engine: Partial<EngineApi> = {},
  errors: Error[] = [],
  chats: Partial<ChatsApi> = {},
) => {
  const app = createHttpApp({
    engine: { ...noEngine, ...engine },
    ...noRecords,
    chats: { ...noRecords.chats, ...chats },
    authenticate: async () => PRINCIPAL,
    limits: { bodyBytes: 1000 },
    health: { model: 'demo' },
    onError: (error) => errors.push(error),
  })
  return {
    async request(path: string, init: RequestInit = {}) {
      const description = await app.request('/ai-chat/openapi.json')
      const check = describedBy((await description.json()) as Description)
      return check({ method: init.method ?? 'GET', url: path }, await app.request(path, init))
    },
  }
}

const problemFrom = async (response: Response | Promise<Response>) => {
  const answer = await response
  const { status, headers } = answer
  expect(headers.get('content-type')).toBe('application/problem+json')
  expect(headers.get('cache-control')).toBe('no-store')
  const problem = (await answer.json()) as Record<string, unknown>
  expect(problem).toMatchObject({ type: 'about:blank', status, title: expect.any(String) })
  return { ...problem, headers } as { code: string; detail: string; headers: Headers }
}

describe('a request that cannot be answered gets a problem', () => {
  it('for an unknown route, inside the API and outside', async () => {
    for (const path of ['/nowhere', '/ai-chat/', '/ai-chat/c1/x', '/ai-chat/c1/x/y', '/'])
      expect(await problemFrom(appWith().request(path)), path).toMatchObject({
        code: 'ROUTE_NOT_FOUND',
      })
  })

  it('for a method that the route does not take, with those that it does', async () => {
    for (const [method, path, allow] of [
      ['GET', '/ai-chat', 'POST'],
      ['DELETE', '/ai-chat/stop', 'POST'],
      ['POST', '/ai-chat/c1/messages', 'GET, HEAD'],
      ['PUT', '/healthz', 'GET, HEAD'],
    ] as const) {
      const { code, headers } = await problemFrom(appWith().request(path, { method }))
      expect([code, headers.get('allow')]).toEqual(['METHOD_NOT_ALLOWED', allow])
    }
  })

  it('for a body that is too large, whether it says so or not', async () => {
    const body = JSON.stringify(turn('c1', 'x'.repeat(1000)))
    const headers = { 'content-type': 'application/json' }
    const told = { method: 'POST', body, headers: { ...headers, 'content-length': '9999' } }
    expect((await problemFrom(appWith().request('/ai-chat', told))).code).toBe('TOO_LARGE')
    const untold = { method: 'POST', body, headers }
    expect((await problemFrom(appWith().request('/ai-chat', untold))).code).toBe('TOO_LARGE')
  })

  it('for a body that is not JSON, or is said to be something else', async () => {
    const post = (body: string, type: string) =>
      appWith().request('/ai-chat', { method: 'POST', body, headers: { 'content-type': type } })
    expect(await problemFrom(post('{"id":', 'application/json'))).toMatchObject({
      code: 'INVALID_REQUEST',
      detail: 'The body is not JSON.',
    })
    expect((await problemFrom(post('', 'application/json; charset=utf-8'))).code).toBe(
      'INVALID_REQUEST',
    )
    expect((await problemFrom(post('{}', 'text/plain'))).code).toBe('UNSUPPORTED_MEDIA_TYPE')
  })

  it('for a body that does not fit, with the place in one sentence', async () => {
    const body = turn('c1', 'Hi')
    const problem = await problemFrom(
      appWith().request('/ai-chat', jsonPost({ ...body, messages: [{ role: 'user', parts: 1 }] })),
    )
    expect(problem.detail).toBe('In the body, messages[0].parts: a message has a list of parts.')
  })

  it('for ids that are none, and positions that were never sent', async () => {
    const app = appWith()
    const code = async (path: string, init: RequestInit = {}) =>
      (await problemFrom(app.request(path, init))).code
    expect(await code('/ai-chat/a%2Fb/stream')).toBe('INVALID_REQUEST')
    expect(await code('/ai-chat/stop/messages')).toBe('INVALID_REQUEST')
    expect(await code('/ai-chat/runs/a%00b/stream')).toBe('RUN_NOT_FOUND')
    expect(await code('/ai-chat/c1/stream?after=12')).toBe('INVALID_REQUEST')
    const header = { headers: { 'last-event-id': 'x/1-2/3' } }
    expect(await code('/ai-chat/c1/stream', header)).toBe('INVALID_REQUEST')
    expect(await code('/ai-chat/runs/r1/stream?after=r2/1-1')).toBe('INVALID_REQUEST')
  })

  it('for what the engine refuses', async () => {
    const app = appWith({
      startTurn: () => Promise.reject(new RunAlreadyActiveError('r1')),
      stop: () => Promise.reject(new RunNotFoundError('There is no run r9 here.')),
      latest: () => Promise.reject(new ChatNotFoundError('There is no chat c9 here.')),
    })
    expect(await problemFrom(app.request('/ai-chat', jsonPost(turn('c1', 'Hi'))))).toMatchObject({
      status: 409,
      code: 'A_RUN_ALREADY_ACTIVE',
      activeRunId: 'r1',
    })
    expect(
      await problemFrom(app.request('/ai-chat/stop', jsonPost({ runId: 'r9' }))),
    ).toMatchObject({ status: 404, code: 'RUN_NOT_FOUND' })
    expect(
      await problemFrom(app.request('/ai-chat/run', jsonPost({ chatId: 'c9' }))),
    ).toMatchObject({ status: 404, code: 'CHAT_NOT_FOUND' })
  })

  it('that says nothing of an error of ours, which is reported', async () => {
    const errors: Error[] = []
    const bug = new TypeError('secret is undefined')
    const app = appWith({}, errors, { messages: () => Promise.reject(bug) })
    const problem = await problemFrom(app.request('/ai-chat/c1/messages'))
    expect(problem).toMatchObject({ status: 500, code: 'INTERNAL_ERROR' })
    expect(JSON.stringify(problem)).not.toContain('secret')
    expect(errors).toEqual([bug])
  })

  it('that says when to come back after an outage', async () => {
    const errors: Error[] = []
    const down = () => Promise.reject(new StoreUnavailableError('The database is away.'))
    const problem = await problemFrom(
      appWith({}, errors, { messages: down }).request('/ai-chat/c1/messages'),
    )
    expect(problem).toMatchObject({ status: 503, code: 'STORE_UNAVAILABLE', retryAfter: 2 })
    expect(problem.headers.get('retry-after')).toBe('2')
    expect(errors).toHaveLength(1)
  })
})

describe('an answer', () => {
  it('has nothing in it that a browser would run, frame or keep', async () => {
    const { headers } = await appWith().request('/ai-chat/c1/messages')
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'application/json',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cache-control': 'no-store',
    })
  })

  it('of the health check is ok and says what it was told to say', async () => {
    const response = await appWith().request('/healthz')
    expect(await response.json()).toEqual({ status: 'ok', model: 'demo' })
  })

  it('for a chat that nobody has written to is an empty history and nothing to attach to', async () => {
    const messages = await appWith().request('/ai-chat/new/messages')
    expect(await messages.json()).toEqual({ messages: [], activeRun: null })
    expect((await appWith().request('/ai-chat/new/stream')).status).toBe(204)
  })

  it('to HEAD has no body', async () => {
    const response = await appWith().request('/healthz', { method: 'HEAD' })
    expect([response.status, await response.text()]).toEqual([200, ''])
  })
})
