/**
 * A local HTTP server that speaks the OpenAI-compatible chat completions API, word for word as scripted, and
 * misbehaves on demand.
 */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ServerResponse } from 'node:http'
import { playTurn } from './provider-answer.ts'
import { status, type Turn } from './provider-turns.ts'
import { type ChatMessage, findMessageProblem } from './strict-messages.ts'

export * from './provider-turns.ts'
export { createBarrier } from './barrier.ts'

export type ProviderRequest = {
  headers: IncomingHttpHeaders
  body: {
    model: string
    stream?: boolean
    messages: ChatMessage[]
    tools?: Array<{ type: 'function'; function: { name: string; parameters: unknown } }>
    tool_choice?: unknown
    [option: string]: unknown
  }
}

export type Script =
  readonly Turn[] | ((request: ProviderRequest, callIndex: number) => Turn | Promise<Turn>)

export type FakeProvider = AsyncDisposable & {
  /** Base URL, ending in `/v1`. */
  url: string
  /** Replaces what is said from the next call on. */
  script: (script: Script) => void
  /** Every request in order, refused ones included. */
  requests: ProviderRequest[]
  readonly calls: number
  /** Resolves with the request of call `index`, waiting until it has arrived. */
  request: (index: number) => Promise<ProviderRequest>
  /** Resolves when the client closed the connection of call `index` before its answer ended; rejects when it did end. */
  connectionClosed: (index: number) => Promise<void>
}

export type FakeProviderOptions = {
  script?: Script
  /** Refuse message lists that a strict provider refuses, with a 400. On unless switched off. */
  strict?: boolean
}

/** @example await using provider = await startFakeProvider({ script: [[text('Hello'), finish()]] }) */
export const startFakeProvider = async (
  options: FakeProviderOptions = {},
): Promise<FakeProvider> => {
  const { strict = true } = options
  let nextTurn = turnsOf(options.script ?? [])
  const requests: ProviderRequest[] = []
  const arrivals = keyed<ProviderRequest>()
  const closings = keyed<void>()

  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (incoming.method !== 'POST' || incoming.url !== '/v1/chat/completions') {
      return playTurn([status(404)], { response, model: '', stream: false, index: -1 })
    }
    const body = JSON.parse(await readBody(incoming)) as ProviderRequest['body']
    const request = { headers: incoming.headers, body }
    const index = requests.push(request) - 1
    watchClose(response, index, closings(index))
    arrivals(index).resolve(request)
    const problem = strict ? findMessageProblem(body.messages) : undefined
    const turn = problem === undefined ? await nextTurn(request, index) : [refusal(problem)]
    await playTurn(turn, { response, model: body.model, stream: body.stream === true, index })
  }

  const server = createServer((incoming, response) => {
    answer(incoming, response).catch((error: unknown) => response.destroy(error as Error))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    get calls() {
      return requests.length
    },
    script: (script) => {
      nextTurn = turnsOf(script)
    },
    request: (index) => arrivals(index).promise,
    connectionClosed: (index) => closings(index).promise,
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

const turnsOf = (script: Script) => {
  if (typeof script === 'function') return script
  let next = 0
  return (): Turn => script[next++] ?? [refusal(`The script has no turn ${next}.`)]
}

const refusal = (message: string) =>
  status(
    400,
    {},
    { error: { message, type: 'invalid_request_error', param: 'messages', code: null } },
  )

const watchClose = (
  response: ServerResponse,
  index: number,
  closing: PromiseWithResolvers<void>,
): void => {
  // Nobody has to look at it: an unobserved rejection is no failure.
  closing.promise.catch(() => {})
  response.once('close', () => {
    if (response.writableEnded || response.destroyed === false) {
      closing.reject(new Error(`Call ${index} was answered to its end.`))
    } else closing.resolve()
  })
}

const readBody = async (incoming: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

/** Deferreds by index, so that either side may come first. */
const keyed = <T>() => {
  const made = new Map<number, PromiseWithResolvers<T>>()
  return (index: number): PromiseWithResolvers<T> => {
    const known = made.get(index) ?? Promise.withResolvers<T>()
    made.set(index, known)
    return known
  }
}
