import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createMigratedDatabase } from '../support/postgres.ts'
import { outageProxy } from '../support/outage-proxy.ts'
import { startServerProcess } from '../support/server-process.ts'

const SECRET = 'canary-4711'

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const ask = async (url: string, text: string): Promise<string> => {
  const response = await fetch(`${url}/ai-chat`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ chatId: 'chat', message: { parts: [{ type: 'text', text }] } }),
  })
  return response.text()
}

describe('a server with a log for machines', () => {
  it('writes records of JSON about its runs, and nothing that was said', async () => {
    await using database = await createMigratedDatabase()
    const port = await freePort()
    await using server = await startServerProcess({
      env: {
        DATABASE_URL: database.url,
        OUTLAST_LOG: 'json',
        OUTLAST_LOG_LEVEL: 'debug',
        OUTLAST_METRICS_PORT: String(port),
      },
    })
    expect(await ask(server.url, `calculate 6 * 7, then say ${SECRET}`)).toContain('[DONE]')
    const records = server.said
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(records.map(({ msg }) => msg)).toEqual(
      expect.arrayContaining(['run begun', 'run claimed', 'tool call ended', 'run settled']),
    )
    for (const record of records)
      expect(record).toMatchObject({ level: expect.any(String), time: expect.any(String) })
    expect(server.said).not.toContain(SECRET)

    const metrics = await fetch(`http://127.0.0.1:${port}/metrics`)
    expect(metrics.headers.get('content-type')).toContain('text/plain')
    const text = await metrics.text()
    expect(text).toContain('outlast_runs_settled_total{agent="assistant",status="succeeded"')
    expect(text).toContain(
      'outlast_http_requests_total{method="POST",route="/ai-chat",status="200"} 1',
    )
    expect(text).toContain('outlast_http_requests_open{method="POST",route="/ai-chat"} 0')
    expect(text).toContain('process_cpu_seconds_total')
    expect(text).not.toContain(SECRET)
    expect((await fetch(`${server.url}/metrics`)).status).toBe(404)
  })
})

describe('readiness', () => {
  it('is said while the database answers, and denied while it does not', async () => {
    await using database = await createMigratedDatabase()
    await using proxy = await outageProxy(database.url)
    await using server = await startServerProcess({ env: { DATABASE_URL: proxy.url } })
    const readiness = async () => {
      const response = await fetch(`${server.url}/readyz`)
      return { status: response.status, body: await response.json() }
    }
    const ready = {
      status: 200,
      body: { ready: true, checks: { database: true, accepting: true } },
    }
    expect(await readiness()).toEqual(ready)
    proxy.down()
    expect(await readiness()).toEqual({
      status: 503,
      body: { ready: false, checks: { database: false, accepting: true } },
    })
    // It is alive all the same: nobody should restart it for the database's sake.
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    proxy.up()
    await expect.poll(readiness).toEqual(ready)
  })
})

describe('settings of the log', () => {
  it.each([
    [{ OUTLAST_LOG: 'xml' }, 'OUTLAST_LOG is no format: set it to text or json'],
    [{ OUTLAST_LOG_LEVEL: 'loud' }, 'OUTLAST_LOG_LEVEL is no level'],
    [{ OUTLAST_METRICS_PORT: 'x' }, 'OUTLAST_METRICS_PORT is not a port number'],
  ])('%j is refused with a sentence', async (env, sentence) => {
    await expect(startServerProcess({ env })).rejects.toThrow(sentence)
  })
})
