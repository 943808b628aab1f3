/** Pages of other origins: none, until they are named, and then they alone. */
import { describe, expect, it } from 'vitest'
import { createHttpApp, type HttpAppOptions } from '../../src/http/app.ts'
import { NotAuthenticatedError } from '../../src/domain/errors.ts'
import { jsonPost, noEngine, noRecords, PRINCIPAL } from './serving.ts'

const APP = 'https://app.example'
const appWith = (options: Partial<HttpAppOptions> = {}) =>
  createHttpApp({
    engine: noEngine,
    ...noRecords,
    authenticate: async (request) => {
      if (request.headers.has('authorization')) return PRINCIPAL
      throw new NotAuthenticatedError('Who?')
    },
    onError: (error) => expect.unreachable(error.message),
    ...options,
  })
const open = () => appWith({ cors: { origins: [APP, 'http://localhost:5173'] } })

const HEADERS = 'authorization,content-type,idempotency-key,last-event-id'
const preflight = (origin: string, method = 'POST') => ({
  method: 'OPTIONS',
  headers: {
    origin,
    'access-control-request-method': method,
    'access-control-request-headers': HEADERS,
  },
})
const corsOf = ({ headers }: Response) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')))

describe('without origins', () => {
  it('no page of another origin is let in, nor told anything', async () => {
    const answer = await appWith().request('/ai-chat', preflight(APP))
    expect([answer.status, corsOf(answer)]).toEqual([405, {}])
    const headers = { origin: APP, authorization: 'x' }
    const read = await appWith().request('/ai-chat/c1/messages', { headers })
    expect([read.status, corsOf(read)]).toEqual([200, {}])
  })
})

describe('with origins', () => {
  it.each([APP, 'http://localhost:5173'])('a page of %s may do everything', async (origin) => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await open().request('/ai-chat/stop', preflight(origin, method))
      expect(answer.status).toBe(204)
      const allowed = corsOf(answer)
      expect(allowed).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-headers': HEADERS,
      })
      expect(allowed['access-control-allow-methods']).toContain(method)
    }
  })

  it('an answer and a refusal can both be read, with what they say in headers', async () => {
    for (const [authorization, status] of [
      ['x', 200],
      [undefined, 401],
    ] as const) {
      const headers = { origin: APP, ...(authorization ? { authorization } : {}) }
      const answer = await open().request('/ai-chat/c1/messages', { headers })
      expect(answer.status).toBe(status)
      expect(corsOf(answer)['access-control-allow-origin']).toBe(APP)
      expect(corsOf(answer)['access-control-expose-headers']).toContain('Retry-After')
      expect(answer.headers.get('vary')).toBe('Origin')
    }
    const nowhere = await open().request('/nowhere', { headers: { origin: APP } })
    expect(corsOf(nowhere)['access-control-allow-origin']).toBe(APP)
  })

  it.each([
    'https://evil.example',
    'http://app.example',
    'https://app.example:8443',
    'https://app.example.evil.example',
    'https://sub.app.example',
    'null',
    '',
  ])('a page of %j gets nothing', async (origin) => {
    for (const init of [preflight(origin), { headers: { origin, authorization: 'x' } }]) {
      const answer = await open().request('/ai-chat/c1/messages', init)
      expect(corsOf(answer)['access-control-allow-origin']).toBeUndefined()
    }
  })

  it('cookies are never asked for', async () => {
    for (const init of [preflight(APP), { headers: { origin: APP, authorization: 'x' } }]) {
      const answer = await open().request('/ai-chat/c1/messages', init)
      expect(corsOf(answer)['access-control-allow-credentials']).toBeUndefined()
    }
  })

  it.each(['*', 'https://app.example/', 'app.example', 'https://*.example', 'null', ''])(
    '%j is none',
    (origin) => {
      expect(() => appWith({ cors: { origins: [origin] } })).toThrow('is not an origin')
    },
  )
})

describe('what a browser sends without asking', () => {
  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'as %s changes nothing, whoever is let in by a cookie',
    async (type) => {
      const app = appWith({ authenticate: async () => PRINCIPAL })
      const body = jsonPost({ chatId: 'c1' }).body
      for (const path of ['/ai-chat', '/ai-chat/stream', '/ai-chat/stop', '/ai-chat/run']) {
        const init = { method: 'POST', body, headers: { 'content-type': type, origin: APP } }
        expect((await app.request(path, init)).status, path).toBe(415)
      }
    },
  )
})
