import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EngineApi } from '../../src/engine/api.ts'
import { createHttpApp } from '../../src/http/app.ts'
import { developmentGuard } from '../../src/http/development-guard.ts'
import { serveHttp, type HttpServer } from '../../src/http/serve.ts'
import { noEngine, noRecords, rawRequest } from './serving.ts'

const principal = { workspaceId: 'w1', userId: 'u1' }
/** An engine that knows how to stop nothing, which is all that these requests come to. */
const engine: EngineApi = { ...noEngine, stop: async () => false }

let http: HttpServer
let url: string

beforeAll(async () => {
  let port = 0
  const app = createHttpApp({
    engine,
    ...noRecords,
    authenticate: async () => principal,
    guard: (request, remote) => developmentGuard(port)(request, remote),
    onError: (error) => {
      throw error
    },
  })
  http = await serveHttp({ app, host: '127.0.0.1', port })
  port = http.port
  url = `http://127.0.0.1:${port}`
})
afterAll(() => http.close())

const json = { 'content-type': 'application/json' }
const stop = (headers: Record<string, string>) =>
  rawRequest(`${url}/ai-chat/stop`, {
    method: 'POST',
    headers: { ...json, ...headers },
    body: '{"chatId":"c1"}',
  })
const read = (headers: Record<string, string>, path = '/ai-chat/c1/messages') =>
  rawRequest(`${url}${path}`, { headers })

describe('the development guard lets in', () => {
  it('a program on this machine', async () => {
    expect(await stop({})).toMatchObject({ status: 200, body: '{"stopped":false}' })
    expect((await read({})).status).toBe(200)
  })

  it('a request without a body, by a method that no page can send unasked', async () => {
    const remove = (headers: Record<string, string>) =>
      rawRequest(`${url}/nowhere`, { method: 'DELETE', headers })
    expect((await remove({})).status).toBe(404)
    expect((await remove({ origin: 'http://evil.example' })).status).toBe(403)
  })

  it('its own page, under each name of this machine', async () => {
    for (const name of ['localhost', '127.0.0.1', '[::1]', 'LOCALHOST']) {
      const host = `${name}:${http.port}`
      const own = { host, origin: `http://${host.toLowerCase()}`, 'sec-fetch-site': 'same-origin' }
      expect((await stop(own)).status, name).toBe(200)
    }
  })

  it('an address that a person typed, and a link to the page but not to the API', async () => {
    expect((await read({ 'sec-fetch-site': 'none' })).status).toBe(200)
    const link = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    }
    expect((await read(link, '/healthz')).status).toBe(200)
    expect((await read(link)).status).toBe(403)
    expect((await read({ ...link, 'sec-fetch-dest': 'iframe' }, '/healthz')).status).toBe(403)
  })
})

describe('the development guard refuses', () => {
  it('a name that was rebound to this machine, and another port', async () => {
    for (const host of [
      `evil.example:${http.port}`,
      'localhost',
      `localhost:${http.port + 1}`,
      `localhost.evil.example:${http.port}`,
      `127.0.0.1.:${http.port}`,
      `127.0.0.2:${http.port}`,
    ])
      for (const path of ['/ai-chat/c1/messages', '/healthz', '/', '/nowhere'])
        expect(await read({ host }, path), host + path).toMatchObject({
          status: 421,
          body: expect.stringContaining('"code":"MISDIRECTED_REQUEST"'),
        })
  })

  it('a form and a text of another origin, which browsers send without asking', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/json-patch+json',
    ]) {
      const foreign = { 'content-type': type, origin: 'http://evil.example' }
      expect((await stop(foreign)).status, type).toBe(403)
      expect((await stop({ 'content-type': type })).status, type).toBe(415)
    }
  })

  it('JSON of another origin, and of another port of this machine', async () => {
    for (const origin of ['http://evil.example', 'null', 'http://localhost:1', 'https://127.0.0.1'])
      expect(await stop({ origin }), origin).toMatchObject({
        status: 403,
        body: expect.stringContaining('"code":"NOT_ALLOWED"'),
      })
    for (const site of ['cross-site', 'same-site'])
      expect((await stop({ 'sec-fetch-site': site })).status, site).toBe(403)
  })

  it('a stream that another site embeds', async () => {
    const embedded = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }
    expect((await read(embedded, '/ai-chat/c1/stream')).status).toBe(403)
    expect((await read({ origin: 'http://evil.example' }, '/ai-chat/c1/stream')).status).toBe(403)
  })

  it('a request that came through a proxy', async () => {
    for (const name of ['forwarded', 'x-forwarded-for', 'X-Forwarded-Host', 'via', 'x-real-ip'])
      expect(await read({ [name]: '10.0.0.5' }), name).toMatchObject({
        status: 403,
        body: expect.stringContaining('proxy'),
      })
  })

  it('a preflight, so that no other origin gets further', async () => {
    const preflight = { origin: 'http://evil.example', 'access-control-request-method': 'POST' }
    const { status, headers } = await rawRequest(`${url}/ai-chat/stop`, {
      method: 'OPTIONS',
      headers: preflight,
    })
    expect(status).toBe(403)
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  it('another machine, and a caller without an address', async () => {
    const guard = developmentGuard(3000)
    const request = () =>
      new Request('http://localhost:3000/', { headers: { host: 'localhost:3000' } })
    for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1'])
      expect(() => guard(request(), { address })).not.toThrow()
    for (const address of ['10.0.0.5', '::ffff:10.0.0.5', '1127.0.0.1', undefined])
      expect(() => guard(request(), { address })).toThrow('its own machine only')
  })
})
