/** The app on a real socket, with an engine on an embedded database; and clients that see what a socket does. */
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { createHttpApp, type HttpAppOptions, type HttpLimits } from '../../src/http/app.ts'
import { serveHttp, type HttpServer } from '../../src/http/serve.ts'
import type { AgentDefinition } from '../../src/agent/define-agent.ts'
import { resolveLimits, type Limits } from '../../src/domain/limits.ts'
import type { Chunk } from '../../src/engine/chunks.ts'
import type { Principal } from '../../src/domain/run.ts'
import type { EngineApi } from '../../src/engine/api.ts'
import { readSse, type SseMessage } from '../../src/protocol/sse-decoder.ts'
import { describedBy, descriptionAt } from '../support/described.ts'
import { testOutlast, type TestOutlast } from '../support/engine.ts'

export const PRINCIPAL = { workspaceId: 'w1', userId: 'u1' }

export type Serving = AsyncDisposable & {
  readonly url: string
  readonly outlast: TestOutlast
  readonly http: HttpServer
  /** What the app reported; expected to stay empty. */
  readonly errors: Error[]
  post(path: string, body: unknown, init?: RequestInit): Promise<Response>
  get(path: string, init?: RequestInit): Promise<Response>
}

export type ServingOptions = {
  /** Wraps the engine that the app sees. */
  readonly decorate?: (engine: EngineApi) => EngineApi
  readonly limits?: HttpLimits
  readonly runLimits?: Partial<Limits>
  /** False: runs of the workspace end with their request. */
  readonly autonomousRuns?: boolean
  /** A folder with a page. */
  readonly page?: string
}

export const serving = async (
  agent: AgentDefinition,
  {
    limits = {},
    runLimits = {},
    autonomousRuns = true,
    page,
    decorate = (engine) => engine,
  }: ServingOptions = {},
): Promise<Serving> => {
  const outlast = await testOutlast([agent], { limits: runLimits })
  await outlast.db
    .updateTable('workspaces')
    .set({ settings: JSON.stringify({ ai: { autonomousRuns } }) as never })
    .where('id', '=', PRINCIPAL.workspaceId)
    .execute()
  const errors: Error[] = []
  const { http, url } = await serveEngine(
    {
      ...outlast,
      engine: decorate(delegate(outlast.engine)),
      ...(page === undefined ? {} : { page }),
    },
    errors,
    limits,
  )
  const check = describedBy(await descriptionAt(url))
  const request = async (path: string, init: RequestInit = {}) =>
    check({ method: init.method ?? 'GET', url: path }, await fetch(`${url}${path}`, init))
  return {
    url,
    outlast,
    http,
    errors,
    post: (path, body, init) => request(path, { ...jsonPost(body), ...init }),
    get: request,
    [Symbol.asyncDispose]: async () => {
      const closed = outlast.close(0)
      await http.close(1000)
      await closed
    },
  }
}

const unused = () => Promise.reject(new TypeError('not asked'))

/** What a file that is not there consists of. */
async function* noBytes(): AsyncGenerator<Uint8Array> {}

/** Nothing ever happens. */
async function* silent(signal: AbortSignal): AsyncGenerator<never> {
  if (!signal.aborted) await once(signal, 'abort')
  yield* []
}

/** Knows nothing and starts nothing. */
export const noEngine: EngineApi = {
  limits: resolveLimits(),
  files: { upload: unused, find: async () => undefined, read: noBytes },
  follow: () => silent,
  followChat: async () => silent,
  startTurn: unused,
  decide: unused,
  attach: async () => undefined,
  attachOwn: unused,
  stop: unused,
  latest: async () => undefined,
}

/** A server without chats and runs. */
export const noRecords: Pick<
  HttpAppOptions,
  'chats' | 'runs' | 'overview' | 'tickets' | 'principals'
> = {
  chats: {
    list: unused,
    open: unused,
    messages: async () => ({ messages: [], activeRun: null }),
    rename: unused,
    see: unused,
    remove: unused,
    toMarkdown: unused,
  },
  overview: { look: unused },
  runs: { list: unused, find: unused, stop: unused, steps: unused, prompt: unused },
  tickets: { issue: unused },
  principals: { names: unused },
}

/** The same engine as an object that can be spread. */
const delegate = (engine: EngineApi): EngineApi => ({
  limits: engine.limits,
  files: engine.files,
  follow: (...args) => engine.follow(...args),
  followChat: (...args) => engine.followChat(...args),
  startTurn: (turn) => engine.startTurn(turn),
  decide: (answers) => engine.decide(answers),
  attach: (...args) => engine.attach(...args),
  attachOwn: (...args) => engine.attachOwn(...args),
  stop: (...args) => engine.stop(...args),
  latest: (...args) => engine.latest(...args),
})

type Served = Pick<
  HttpAppOptions,
  'engine' | 'chats' | 'runs' | 'overview' | 'tickets' | 'principals' | 'page'
>

export const serveEngine = async (
  { engine, chats, runs, overview, tickets, principals, ...page }: Served,
  errors: Error[],
  limits: HttpLimits = {},
  principal: Principal = PRINCIPAL,
) => {
  const app = createHttpApp({
    engine,
    chats,
    runs,
    overview,
    tickets,
    principals,
    ...('page' in page ? { page: page.page } : {}),
    authenticate: async () => principal,
    limits,
    onError: (error) => errors.push(error),
  })
  const http = await serveHttp({ app, host: '127.0.0.1', port: 0 })
  return { http, url: `http://127.0.0.1:${http.port}` }
}

export const jsonPost = (body: unknown) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

/** What `useChat` sends for a new message. */
export const turn = (chatId: string, text: string, id = `${chatId}-m1`) => ({
  id: chatId,
  messages: [{ id, role: 'user', parts: [{ type: 'text', text }] }],
  trigger: 'submit-message',
})

export const messagesOf = async (response: Response): Promise<SseMessage[]> => {
  const messages: SseMessage[] = []
  for await (const message of readSse(response.body!)) messages.push(message)
  return messages
}

/** The chunks before `[DONE]`, which has to be there. */
export const chunksOf = async (response: Response): Promise<Chunk[]> => {
  const data = (await messagesOf(response)).map((message) => message.data)
  if (data.pop() !== '[DONE]') throw new TypeError('The stream has no [DONE].')
  return data.map((text) => JSON.parse(text) as Chunk)
}

export type RawAnswer = { readonly status: number; readonly body: string }

/** A request with any header, also those that `fetch` keeps for itself. */
export const rawRequest = async (
  url: string,
  { body, ...options }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<RawAnswer & { readonly headers: IncomingMessage['headers'] }> => {
  const request = httpRequest(url, { ...options, agent: false })
  request.end(body)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  return { status: response.statusCode!, body: text, headers: response.headers }
}
