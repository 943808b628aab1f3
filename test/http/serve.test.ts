import { once } from 'node:events'
import { createConnection } from 'node:net'
import { Agent, get, type IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import type { ChatsApi } from '../../src/engine/catalog-api.ts'
import { createHttpApp } from '../../src/http/app.ts'
import { serveHttp } from '../../src/http/serve.ts'
import { createBarrier } from '../support/barrier.ts'
import { noEngine, noRecords, PRINCIPAL } from './serving.ts'

const appWith = (messages: ChatsApi['messages']) =>
  createHttpApp({
    engine: noEngine,
    ...noRecords,
    chats: { ...noRecords.chats, messages },
    authenticate: async () => PRINCIPAL,
    onError: (error) => {
      throw error
    },
  })
const EMPTY = { messages: [], activeRun: null }
const app = appWith(async () => EMPTY)

describe('a served app', () => {
  it('says which port it got, and refuses one that is taken with a sentence', async () => {
    const http = await serveHttp({ app, host: '127.0.0.1', port: 0 })
    const { port } = http
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
    await expect(serveHttp({ app, host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: `Something else listens on 127.0.0.1:${port} already: set PORT to another number.`,
    })
    const settings = { host: 'OUTLAST_METRICS_HOST', port: 'OUTLAST_METRICS_PORT' }
    await expect(serveHttp({ app, host: '127.0.0.1', port, settings })).rejects.toMatchObject({
      message: expect.stringContaining('set OUTLAST_METRICS_PORT to another number'),
    })
    await http.close()
    const again = await serveHttp({ app, host: '127.0.0.1', port })
    await again.close()
  })

  it('leaves Request and Response of the process alone', async () => {
    const { Request, Response } = globalThis
    const http = await serveHttp({ app, host: '127.0.0.1', port: 0 })
    expect([globalThis.Request, globalThis.Response]).toEqual([Request, Response])
    await http.close()
  })

  // An idle connection would keep the server for the 5 s after which Node closes it.
  it('closes without waiting for connections that become idle', { timeout: 4000 }, async () => {
    const barrier = createBarrier()
    const slow = appWith(async () => {
      await barrier.wait()
      return EMPTY
    })
    const http = await serveHttp({ app: slow, host: '127.0.0.1', port: 0 })
    const agent = new Agent({ keepAlive: true })
    const ask = (path: string) => get({ port: http.port, path, agent })
    const [first] = (await once(ask('/healthz'), 'response')) as [IncomingMessage]
    await once(first.resume(), 'end')
    const last = once(ask('/ai-chat/c1/messages'), 'response') as Promise<[IncomingMessage]>
    await barrier.reached
    const closed = http.close(60_000)
    barrier.release()
    const [response] = await last
    expect(response.statusCode).toBe(200)
    response.resume()
    await closed
    agent.destroy()
  })

  it('breaks off what outlasts the grace, once for each time it is asked', async () => {
    const barrier = createBarrier()
    const stuck = appWith(async () => {
      await barrier.wait()
      return EMPTY
    })
    const http = await serveHttp({ app: stuck, host: '127.0.0.1', port: 0 })
    const answer = fetch(`http://127.0.0.1:${http.port}/ai-chat/c1/messages`)
    answer.catch(() => undefined)
    await barrier.reached
    await Promise.all([http.close(1), http.close(60_000)])
    await expect(answer).rejects.toThrow('fetch failed')
    barrier.release()
  })

  it('answers what is no HTTP with 400, and with a problem where only the address is wrong', async () => {
    const http = await serveHttp({ app, host: '127.0.0.1', port: 0 })
    const ends = 'Connection: close\r\n\r\n'
    for (const [text, problem] of [
      [`GET / HTTP/1.1\r\n${ends}`, ''],
      [`GET / HTTP/1.1\r\nHost: a/b\r\n${ends}`, '"code":"INVALID_REQUEST"'],
      [`OPTIONS * HTTP/1.1\r\nHost: a\r\n${ends}`, '"code":"INVALID_REQUEST"'],
      ['nonsense\r\n\r\n', ''],
    ] as const) {
      const socket = createConnection({ host: '127.0.0.1', port: http.port })
      socket.end(text)
      let answer = ''
      for await (const piece of socket.setEncoding('utf8')) answer += piece
      expect(answer).toMatch(/^HTTP\/1\.1 400 /)
      expect(answer).toContain(problem)
    }
    await http.close()
  })
})
