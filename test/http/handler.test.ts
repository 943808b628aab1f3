/** Outlast as a function of an application: who gets in, who sees what, and streams that are held to the same rules. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import {
  createOutlastHandler,
  toNodeHandler,
  type OutlastHandler,
  type OutlastHandlerOptions,
} from '../../src/handler.ts'
import type { Caller } from '../../src/http/identity/identity.ts'
import { tokenIdentity } from '../../src/http/identity/token-identity.ts'
import { ROUTES } from '../../src/protocol/routes.ts'
import { createBarrier } from '../support/barrier.ts'
import { testOutlast, type TestOutlast } from '../support/engine.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'
import { chunksOf, jsonPost, messagesOf, turn } from './serving.ts'

const answering = (text: string) =>
  defineAgent({ name: 'a', model: scriptedModel(() => [...textParts(text), finishPart()]) })

let outlast: TestOutlast
beforeAll(async () => {
  outlast = await testOutlast([answering('Hello')])
})
afterAll(() => outlast[Symbol.asyncDispose]())

/** Whoever the header says: `workspace/user`. */
const byHeader = (request: Request): Caller | null => {
  const [workspaceId = '', userId = ''] = request.headers.get('x-caller')?.split('/') ?? []
  return userId === '' ? null : { workspaceId, userId }
}

const handlerWith = (options: Partial<OutlastHandlerOptions> = {}) =>
  createOutlastHandler(outlast, { authenticate: byHeader, ...options })

const call = (
  handler: OutlastHandler,
  path: string,
  { caller, ...init }: RequestInit & { caller?: string } = {},
) => {
  const request = new Request(`http://app.example${path}`, init)
  if (caller !== undefined) request.headers.set('x-caller', caller)
  return handler(request)
}

const problemOf = async (answer: Response | Promise<Response>) => {
  const response = await answer
  const { code, detail } = (await response.json()) as { code: string; detail: string }
  return { status: response.status, code, detail }
}

/** A Node server of an application. */
const listen = async (listener: RequestListener) => {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

describe('a handler', () => {
  it('streams a run to whoever asks with a Request', async () => {
    const handler = handlerWith()
    const init = { ...jsonPost(turn('bare', 'Hi')), caller: 'w1/u1' }
    const chunks = await chunksOf(await call(handler, '/ai-chat', init))
    expect(chunks.at(-1)).toEqual({ type: 'finish' })
    const history = await call(handler, '/ai-chat/bare/messages', { caller: 'w1/u1' })
    expect(await history.json()).toMatchObject({ messages: [{ role: 'user' }, {}] })
  })

  it('asks nobody who looks whether it is there and what it offers', async () => {
    const handler = handlerWith()
    for (const path of ['/healthz', ROUTES.openapi])
      expect((await call(handler, path)).status, path).toBe(200)
    for (const path of ['/', '/nowhere', '/ai-chat/nowhere/at/all'])
      expect(await problemOf(call(handler, path)), path).toMatchObject({ code: 'ROUTE_NOT_FOUND' })
  })

  it('answers 401 to nobody, on each route of a chat, before it looks at anything', async () => {
    const handler = handlerWith()
    const { paths } = (await (await call(handler, ROUTES.openapi)).json()) as {
      paths: Record<string, Record<string, { security?: unknown[] }>>
    }
    const closed = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations)
        .filter(([, { security }]) => security?.length !== 0)
        .map(([method]) => [method.toUpperCase(), path.replaceAll(/[{}]/g, '')] as const),
    )
    expect(closed.length).toBeGreaterThan(5)
    for (const [method, path] of closed) {
      const response = await call(handler, path, { method })
      expect(response.headers.get('www-authenticate'), path).toBe('Bearer')
      expect(await problemOf(response), path).toMatchObject({
        status: 401,
        code: 'NOT_AUTHENTICATED',
        detail: expect.stringContaining('Authorization: Bearer'),
      })
    }
  })

  it('takes the tokens of its Outlast, as long as they are good', async () => {
    const handler = handlerWith({ authenticate: tokenIdentity(outlast) })
    const made = await outlast.tokens.create({
      principal: { workspaceId: 'tokens', userId: 'ann' },
      name: 'test',
    })
    const headers = { authorization: `Bearer ${made.token}` }
    const ask = () => call(handler, '/ai-chat/t1/messages', { headers })
    expect((await ask()).status).toBe(200)
    await outlast.tokens.revoke(made.id, 'all')
    const refused = await problemOf(ask())
    expect(refused).toMatchObject({ status: 401, detail: 'The token was revoked.' })
    const inUrl = `/ai-chat/t1/messages?token=${made.token}&access_token=${made.token}`
    expect((await call(handler, inUrl)).status).toBe(401)
  })

  it('reports what authenticate throws, and says nothing of it', async () => {
    const failure = new TypeError('the secret is undefined')
    const handler = handlerWith({ authenticate: () => Promise.reject(failure) })
    const problem = await problemOf(call(handler, '/ai-chat/c1/messages'))
    expect(problem).toMatchObject({ status: 500, code: 'INTERNAL_ERROR' })
    expect(problem.detail).not.toContain('secret')
    expect(outlast.errors.splice(0)).toEqual([failure])
  })

  it.each([
    { workspaceId: 'w1', userId: '' },
    { workspaceId: 'w1', userId: 7 },
    { workspaceId: 'w1', userId: 'ann\0' },
    { workspaceId: 'w1', userId: 'ann\ud800' },
    { workspaceId: 'x'.repeat(201), userId: 'ann' },
    { userId: 'ann' },
  ])('reports a principal that is none: %j', async (principal) => {
    const handler = handlerWith({ authenticate: () => principal as never })
    expect(await problemOf(call(handler, '/ai-chat/c1/messages'))).toMatchObject({ status: 500 })
    expect(outlast.errors.splice(0)).toEqual([
      expect.objectContaining({ message: expect.stringContaining('authenticate has to give') }),
    ])
  })

  it('refuses a base path that is none, and a page that would not find its server', () => {
    for (const basePath of ['api', '/api/', '/', '/a?b', '/a//b'])
      expect(() => handlerWith({ basePath }), basePath).toThrow('with a slash in front')
    expect(() => handlerWith({ basePath: '/api', page: true })).toThrow('served at / only')
  })

  it('finds its routes below a base path, and where the framework has taken it away', async () => {
    const handler = handlerWith({ basePath: '/api/v1' })
    for (const path of ['/api/v1/ai-chat/c1/messages', '/ai-chat/c1/messages'])
      expect((await call(handler, path, { caller: 'w1/u1' })).status, path).toBe(200)
    for (const path of ['/api/v1', '/api/v1x/ai-chat/c1/messages', '/api/ai-chat/c1/messages'])
      expect((await call(handler, path, { caller: 'w1/u1' })).status, path).toBe(404)
  })
})

describe('a caller', () => {
  const rowsOf = (workspaceId: string) =>
    outlast.db
      .selectFrom('users')
      .innerJoin('workspaces', 'workspaces.id', 'users.workspaceId')
      .select(['workspaces.name as workspace', 'users.id', 'users.name as user'])
      .where('workspaces.id', '=', workspaceId)
      .execute()

  it('is in our tables from its first request on, by the names that it has then', async () => {
    let userName = 'Ann'
    const handler = handlerWith({
      authenticate: () => ({ workspaceId: 'seen', userId: 'ann', workspaceName: 'Seen', userName }),
    })
    const ask = () => call(handler, '/ai-chat/c1/messages')
    await Promise.all([ask(), ask(), ask()])
    userName = 'Another'
    await ask()
    expect(await rowsOf('seen')).toEqual([{ workspace: 'Seen', id: 'ann', user: 'Ann' }])
  })

  it('is made again, a minute later, when somebody has deleted it', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const handler = handlerWith()
      const ask = () => call(handler, '/ai-chat/c1/messages', { caller: 'deleted/ann' })
      await ask()
      await outlast.db.deleteFrom('workspaces').where('id', '=', 'deleted').execute()
      vi.setSystemTime(Date.now() + 60_001)
      await ask()
      expect(await rowsOf('deleted')).toHaveLength(1)
    } finally {
      vi.useRealTimers()
    }
  })

  it('sees nothing of another tenant with the same ids', async () => {
    const handler = handlerWith()
    const callers = ['acme/ann', 'other/ann', 'acme/bob']
    for (const caller of callers) {
      const init = { ...jsonPost(turn('same', `Hi from ${caller}`, 'm1')), caller }
      expect((await chunksOf(await call(handler, '/ai-chat', init))).at(-1)).toEqual({
        type: 'finish',
      })
    }
    const runs: string[] = []
    for (const caller of callers) {
      const history = await (await call(handler, '/ai-chat/same/messages', { caller })).text()
      expect(history).toContain(`Hi from ${caller}`)
      for (const other of callers.filter((one) => one !== caller))
        expect(history).not.toContain(`Hi from ${other}`)
      const init = { ...jsonPost({ chatId: 'same' }), caller }
      const latest = (await (await call(handler, '/ai-chat/run', init)).json()) as {
        run: { id: string }
      }
      runs.push(latest.run.id)
    }
    expect(new Set(runs).size).toBe(3)
    const missing = await problemOf(
      call(handler, `/ai-chat/runs/${crypto.randomUUID()}/stream`, { caller: callers[0]! }),
    )
    for (const runId of runs.slice(1)) {
      const path = `/ai-chat/runs/${runId}/stream`
      const foreign = await problemOf(call(handler, path, { caller: callers[0]! }))
      expect(foreign).toMatchObject({ status: missing.status, code: missing.code })
      const stop = { ...jsonPost({ runId }), caller: callers[0]! }
      expect(await problemOf(call(handler, '/ai-chat/stop', stop))).toMatchObject({ status: 404 })
    }
  })
})

/** A model that says something and then waits. */
const halfway = () => {
  const barrier = createBarrier()
  const model = scriptedModel(async function* () {
    yield { type: 'text-start', id: '0' }
    yield { type: 'text-delta', id: '0', delta: 'First' }
    await barrier.wait()
    yield { type: 'text-delta', id: '0', delta: ', then last' }
    yield { type: 'text-end', id: '0' }
    yield finishPart()
  })
  return { barrier, agent: defineAgent({ name: 'a', model }) }
}

const untilFirst = async (response: Response) => {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  for (let text = ''; !text.includes('First');) text += (await reader.read()).value ?? ''
  return reader
}

describe('a handler of a Node server', () => {
  it('asks who it is by the request that the application knows', async () => {
    const sessions = new WeakMap<object, Caller>()
    const handler = handlerWith({
      authenticate: (_request, { incoming }) => (incoming ? sessions.get(incoming) : null),
    })
    const listener = toNodeHandler(handler)
    await using server = await listen((request, response) => {
      // As a middleware does that knows a cookie.
      if (request.headers.cookie === 'of=ann')
        sessions.set(request, { workspaceId: 'w', userId: 'ann' })
      listener(request, response)
    })
    const ask = async (headers: Record<string, string>) =>
      (await fetch(`${server.url}/ai-chat/c1/messages`, { headers })).status
    expect(await ask({ cookie: 'of=ann' })).toBe(200)
    expect(await ask({})).toBe(401)
    expect((await call(handler, '/ai-chat/c1/messages')).status).toBe(401)
  })

  it('streams on the socket, with the address of the caller and below the path of a mount', async () => {
    const { agent, barrier } = halfway()
    await using own = await testOutlast([agent])
    const addresses: unknown[] = []
    const handler = createOutlastHandler(own, {
      authenticate: (_request, { address }) => {
        addresses.push(address)
        return own.principal
      },
      cors: { origins: ['https://app.example'] },
    })
    const listener = toNodeHandler(handler)
    await using server = await listen((request, response) => {
      // As Express does for app.use('/api', listener).
      request.url = request.url!.replace('/api', '')
      listener(request, response)
    })
    const init = jsonPost(turn('c1', 'Hi'))
    const headers = { ...init.headers, origin: 'https://app.example' }
    const first = await fetch(`${server.url}/api/ai-chat`, { ...init, headers })
    expect(first.headers.get('access-control-allow-origin')).toBe('https://app.example')
    const leaving = await untilFirst(first)
    await leaving.cancel()
    const second = await fetch(`${server.url}/api/ai-chat/c1/stream`, { headers })
    barrier.release()
    expect((await messagesOf(second)).at(-1)?.data).toBe('[DONE]')
    expect(addresses).toEqual(['127.0.0.1', '127.0.0.1'])
  })

  it('breaks a stream off when its Outlast closes, with and without a socket', async () => {
    const { agent } = halfway()
    const own = await testOutlast([agent])
    const handler = createOutlastHandler(own, { authenticate: () => own.principal })
    await using server = await listen(toNodeHandler(handler))
    const bare = await handler(new Request('http://x/ai-chat', jsonPost(turn('c1', 'Hi'))))
    const socket = await fetch(`${server.url}/ai-chat`, jsonPost(turn('c2', 'Hi')))
    const readers = await Promise.all([untilFirst(bare), untilFirst(socket)])
    const drained = Promise.allSettled(
      readers.map(async (reader) => {
        while (!(await reader.read()).done);
      }),
    )
    await own[Symbol.asyncDispose]()
    expect(await drained).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
  })
})
