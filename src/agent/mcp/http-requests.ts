/** How requests to an MCP server are made: to the configured address alone, with bounded answers, and each answered somehow. */
import { Agent, fetch } from 'undici'
import { InvariantError, McpServerError, OutlastError } from '../../domain/errors.ts'

/** Larger than every file that is kept, in base64. */
export const MAX_MESSAGE_BYTES = 32 * 1024 * 1024

/** A server that is slow to let us go is left alone. */
const GOODBYE_MS = 1000

/** The code of an answer that we give in place of a server that ended without one; no server uses it. */
export const LOST_CODE = -32_799

/** The server no longer knows us, and has not done what it was asked. */
export class McpForgottenError extends OutlastError {
  readonly code = 'MCP_FORGOTTEN'
}

export type HttpRequests = {
  readonly fetch: typeof globalThis.fetch
  readonly close: () => Promise<void>
}

/**
 * A `fetch` for the HTTP transport of one MCP server.
 *
 * INVARIANT: nothing but the configured address is ever asked, whatever the server answers; headers go nowhere else.
 */
export const createHttpRequests = (name: string, address: string): HttpRequests => {
  // A call may take as long as its tool: its own limits end it.
  const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 })
  const { href } = new URL(address)
  const send = async (init: RequestInit): Promise<Response> => {
    // Its type knows another FormData.
    const options = { ...init, dispatcher, redirect: 'error', credentials: 'omit' } as never
    const { body, status, headers } = await fetch(href, options)
    const isEmpty = body === null || [204, 205, 304].includes(status)
    return new Response(isEmpty ? null : (body as ReadableStream<Uint8Array>), {
      status,
      headers: [...headers],
    })
  }
  return {
    fetch: async (input, init = {}) => {
      if (input !== href) {
        throw new InvariantError(`A request for the MCP server "${name}" would go elsewhere.`)
      }
      // Servers may send news over a GET; we need none, and have no connection that waits for them.
      if (init.method === 'GET') return new Response(null, { status: 405 })
      if (init.method === 'DELETE')
        return send({ ...init, signal: AbortSignal.timeout(GOODBYE_MS) })
      const message = messageOf(init)
      const withdraw = () => void send(withdrawal(init, message.id)).then(discard, () => undefined)
      if (isKnown(init) && message.method === 'tools/call')
        init.signal?.addEventListener('abort', withdraw, { once: true })
      const answered = () => init.signal?.removeEventListener('abort', withdraw)
      const response = await send(init)
      if (isKnown(init) && [400, 404].includes(response.status)) {
        await discard(response)
        throw new McpForgottenError(`The MCP server "${name}" does not know us any more.`)
      }
      return bounded({ name, response, id: message.id, answered })
    },
    close: () => dispatcher.destroy(),
  }
}

const discard = async ({ body }: Response): Promise<void> => {
  await body?.cancel()
}

type Message = { readonly id?: unknown; readonly method?: unknown }

const messageOf = ({ body }: RequestInit): Message =>
  typeof body === 'string' ? (JSON.parse(body) as Message) : {}

/** True when the request is one of many that the server sees as one conversation. */
const isKnown = ({ headers }: RequestInit): boolean => new Headers(headers).has('mcp-session-id')

/** A closed connection alone is no withdrawal: the server may go on working for nobody. */
const withdrawal = ({ headers }: RequestInit, requestId: unknown): RequestInit => ({
  method: 'POST',
  headers: headers!,
  body: JSON.stringify(cancelled(requestId)),
})

export const cancelled = (requestId: unknown) => ({
  jsonrpc: '2.0' as const,
  method: 'notifications/cancelled',
  params: { requestId, reason: 'The call is not wanted any more.' },
})

type Answering = {
  readonly name: string
  readonly response: Response
  readonly id: unknown
  readonly answered: () => void
}

const bounded = ({ name, response, id, answered }: Answering): Response => {
  const { body, status, headers } = response
  if (!body) return response
  const isStream = headers.get('content-type')?.includes('text/event-stream') === true
  const within = body.pipeThrough(limited(name, answered))
  const whole = isStream && id !== undefined ? withLastWord(within, id) : within
  return new Response(whole, { status, headers })
}

const limited = (name: string, onEnd: () => void): TransformStream<Uint8Array, Uint8Array> => {
  let bytes = 0
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.byteLength
      if (bytes <= MAX_MESSAGE_BYTES) controller.enqueue(chunk)
      else controller.error(tooLarge(name))
    },
    flush: onEnd,
  })
}

export const tooLarge = (name: string): McpServerError =>
  new McpServerError(
    `The MCP server "${name}" sent more than ${MAX_MESSAGE_BYTES / 1024 / 1024} MB in one answer.`,
  )

/** Whoever waits for an answer in a stream that ended, or broke off, would wait for ever: the last word is that it is lost. */
const withLastWord = (
  body: ReadableStream<Uint8Array>,
  id: unknown,
): ReadableStream<Uint8Array> => {
  const reader = body.getReader()
  const lost = { jsonrpc: '2.0', id, error: { code: LOST_CODE, message: 'no answer' } }
  return new ReadableStream({
    async pull(controller) {
      const chunk = await reader.read().catch(() => undefined)
      if (chunk?.value) return controller.enqueue(chunk.value)
      controller.enqueue(new TextEncoder().encode(`\n\ndata: ${JSON.stringify(lost)}\n\n`))
      controller.close()
    },
    cancel: (reason) => reader.cancel(reason),
  })
}
