/**
 * Hostile requests to every route: nobody else notices, nothing hangs, and nothing is the server's fault.
 *
 * `FUZZ_RUNS` says how many a driver makes, `FUZZ_SEED` which ones.
 */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createOutlastApp, createOutlastHandler, type OutlastHandler } from '../../src/handler.ts'
import { serveHttp, type HttpServer } from '../../src/http/serve.ts'
import { PROBLEM_TYPE } from '../../src/protocol/problem.ts'
import { ROUTES } from '../../src/protocol/routes.ts'
import { testOutlast, type TestOutlast } from '../support/engine.ts'
import { textOf } from '../support/never-ending.ts'
import { rowsBelow } from '../support/tables.ts'
import type { Description, Ids } from '../tenancy/requests.ts'
import { agent, byHeader, keepWaiting, rowsOf, settle, type Tenant } from '../tenancy/tenants.ts'
import { everyPlace, hostileRequest, type HostileRequest } from './hostile.ts'
import { overSocket } from './wire.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 500)
const SEED = Number(process.env['FUZZ_SEED'] ?? 1)
const AT_ONCE = 8
/** A long one has all the time it wants. */
const TIMEOUT_MS = 60_000 + RUNS * 200

const FUZZER = { workspaceId: 'fuzz', userId: 'u1' }
const BYSTANDERS = [
  { workspaceId: 'fuzz', userId: 'u2' },
  { workspaceId: 'w1', userId: 'u1' },
]
const CODES = new Map(
  rowsBelow(readFileSync('PROTOCOL.md', 'utf8'), 'Problems').map(([code = '', status]) => [
    code.replaceAll('`', ''),
    Number(status),
  ]),
)

let outlast: TestOutlast
let handler: OutlastHandler
let http: HttpServer
let api: Description
let ids: Ids[]
let fuzzer: Tenant
let secrets: string[]
let bystanding: readonly string[]

beforeAll(async () => {
  outlast = await testOutlast([agent], { limits: { activeRuns: 10_000 } }, (ports) => ports)
  const options = { authenticate: byHeader, limits: { requestsPerMinute: 0, failuresPerMinute: 0 } }
  handler = createOutlastHandler(outlast, options)
  http = await serveHttp({ app: createOutlastApp(outlast, options), host: '127.0.0.1', port: 0 })
  const description = await handler(new Request(`http://app.example${ROUTES.openapi}`))
  api = (await description.json()) as Description
  const others = []
  for (const caller of BYSTANDERS) others.push(await settle(handler, caller))
  for (const other of others) await keepWaiting(handler, other)
  secrets = others.map(({ secret }) => secret)
  bystanding = [...(await rowsOf(outlast))].filter((row) => !row.includes('"fuzz","name"'))
  fuzzer = await settle(handler, FUZZER)
  ids = [fuzzer.ids, await keepWaiting(handler, fuzzer), ...others.map((other) => other.ids)]
})
afterAll(async () => {
  await http.close(0)
  await outlast[Symbol.asyncDispose]()
})

type Answer = { readonly status: number; readonly type: string | undefined; readonly body: string }

const check = ({ status, type, body }: Answer, request: HostileRequest) => {
  expect(outlast.errors, request.target).toEqual([])
  expect(status).toBeLessThan(500)
  for (const secret of secrets) expect(body).not.toContain(secret)
  if (status < 400 || request.method === 'HEAD') return
  expect(type, `${status} ${body}`).toBe(PROBLEM_TYPE)
  const problem = JSON.parse(body) as { code: string; status: number; detail: string }
  expect(problem.status).toBe(status)
  expect(CODES.get(problem.code), problem.code).toBe(status)
  expect(problem.detail).toMatch(/^.+[.?]$/s)
}

/** The same request about a run that still waits: the first decision was the last one of the other. */
const renewed = async (request: HostileRequest): Promise<HostileRequest> => {
  const { target, body } = request
  if (!target.includes('/decisions') || !target.includes(ids[1]!.runId)) return request
  const fresh = await keepWaiting(handler, fuzzer, randomUUID())
  const rename = (text: string) =>
    (Object.keys(fresh) as (keyof Ids)[]).reduce(
      (renamed, name) => renamed.replaceAll(ids[1]![name], fresh[name]),
      text,
    )
  return {
    ...request,
    target: rename(target),
    body: Buffer.from(rename(body.toString('latin1')), 'latin1'),
  }
}

const property = (ask: (request: HostileRequest) => Promise<void>) =>
  fc.assert(
    fc.asyncProperty(hostileRequest(api, ids), async (request) => ask(await renewed(request))),
    {
      seed: SEED,
      numRuns: RUNS,
      endOnFailure: RUNS > 1000,
    },
  )

const nobodyNoticed = async () => {
  const now = await rowsOf(outlast)
  expect(bystanding.filter((row) => !now.has(row))).toEqual([])
}

const CALLER = `${FUZZER.workspaceId}/${FUZZER.userId}`

describe('a hostile request', () => {
  it('over a socket is answered or refused', { timeout: TIMEOUT_MS }, async () => {
    const own = [
      ['Host', `127.0.0.1:${http.port}`],
      ['X-Caller', CALLER],
      ['Connection', 'close'],
    ] as const
    await property(async (request) => {
      const { status, headers, body } = await overSocket(http.port, request, own)
      if (HONEST.has(request.framing)) expect(status).toBeGreaterThan(0)
      // What is no HTTP is refused by the parser, in its own words.
      if (status === 0 || isParsers(headers)) return
      const isChunked = headers.get('transfer-encoding') === 'chunked'
      const whole = isChunked
        ? body.replace(/^[0-9a-f]+\r\n/, '').replace(/\r\n0\r\n\r\n$/, '')
        : body
      check({ status, type: headers.get('content-type'), body: whole }, request)
    })
    await nobodyNoticed()
  })

  it('to a handler is answered or refused', { timeout: TIMEOUT_MS }, async () => {
    await property(askHandler)
    await nobodyNoticed()
  })

  it(
    'with one wrong value is answered or refused, wherever it stands',
    { timeout: TIMEOUT_MS },
    async () => {
      const requests = everyPlace(api, ids.slice(0, 2))
      expect(requests.length).toBeGreaterThan(1000)
      for (let index = 0; index < requests.length; index += AT_ONCE) {
        const some = requests.slice(index, index + AT_ONCE)
        await Promise.all(some.map(async (request) => askHandler(await renewed(request))))
      }
      await nobodyNoticed()
    },
  )
})

const askHandler = async (hostile: HostileRequest) => {
  const request = requestOf(hostile)
  if (!request) return
  const answer = await handler(request)
  const type = answer.headers.get('content-type') ?? undefined
  check({ status: answer.status, type, body: await textOf(answer, request.url) }, hostile)
}

const HONEST = new Set<HostileRequest['framing']>(['length', 'chunked'])

const isParsers = (headers: ReadonlyMap<string, string>): boolean => !headers.has('date')

/** As a platform would make it; undefined for what none could make a Request of. */
const requestOf = ({ method, target, headers, body }: HostileRequest): Request | undefined => {
  try {
    const hasBody = method !== 'GET' && method !== 'HEAD'
    const init = {
      method,
      headers: headers.map(([name, value]): [string, string] => [name, value]),
    }
    const request = new Request(new URL(target, 'http://app.example'), {
      ...init,
      ...(hasBody ? { body: new Uint8Array(body) } : {}),
    })
    request.headers.set('x-caller', CALLER)
    return request
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}
