/** A local HTTP server for a provider's API: it checks each request as strictly as the real service, then answers as scripted. */
import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Answer, Halt } from './words.ts'

export type Json = Record<string, unknown>
export type ProviderRequest = { readonly headers: IncomingHttpHeaders; readonly body: Json }

/** A provider's way to speak, with the memory of what it has said: ids, signatures, stored items. */
export type Wire = {
  readonly path: RegExp
  /** Why the real service would refuse the request; undefined when it would not. */
  check(body: Json, url: string): string | undefined
  /** The body of a 400. */
  refusal(problem: string): unknown
  /** The frames of an answer, in the order in which they are sent. */
  speak(answer: Answer, body: Json, url: string): Iterable<string | Halt>
}

export type Script =
  readonly Answer[] | ((request: ProviderRequest, index: number) => Answer | Promise<Answer>)

export type StrictProvider = AsyncDisposable & {
  readonly url: string
  /** Replaces what is said from the next call on. */
  script(script: Script): void
  /** Every request in order, refused ones included. */
  readonly requests: readonly ProviderRequest[]
  /** The requests that were refused, and why. */
  readonly refused: readonly { readonly problem: string; readonly body: Json }[]
}

/** @example await using provider = await startProvider(anthropicWire(), [[text('Hello'), end()]]) */
export const startProvider = async (wire: Wire, script: Script = []): Promise<StrictProvider> => {
  let next = answersOf(script)
  const requests: ProviderRequest[] = []
  const refused: { problem: string; body: Json }[] = []

  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = incoming.url ?? ''
    if (incoming.method !== 'POST' || !wire.path.test(url)) {
      response.writeHead(404).end(`There is no ${incoming.method} ${url} here.`)
      return
    }
    const body = JSON.parse(await readBody(incoming)) as Json
    const request = { headers: incoming.headers, body }
    const index = requests.push(request) - 1
    const problem = wire.check(body, url)
    if (problem !== undefined) {
      refused.push({ problem, body })
      return sendJson(response, 400, wire.refusal(problem))
    }
    const words = await next(request, index)
    const [first] = words
    if (first?.say === 'status') return sendJson(response, first.status, first.body, first.headers)
    await play(wire.speak(words, body, url), response)
  }

  const server = createServer((incoming, response) => {
    answer(incoming, response).catch((error: unknown) => response.destroy(error as Error))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    refused,
    script: (replaced) => {
      next = answersOf(replaced)
    },
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

const answersOf = (script: Script) => {
  if (typeof script === 'function') return script
  let next = 0
  return (): Answer => {
    const answer = script[next++]
    if (!answer) throw new Error(`The script has no answer ${next}.`)
    return answer
  }
}

const play = async (frames: Iterable<string | Halt>, response: ServerResponse): Promise<void> => {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  for (const frame of frames) {
    if (typeof frame === 'string') {
      if (response.destroyed) return
      // Waits until the bytes are with the operating system, so that a broken connection cannot overtake them.
      await new Promise<void>((resolve) => response.write(frame, () => resolve()))
    } else if (frame.say === 'hang') return void frame.at.wait()
    else if (frame.say === 'break') return void response.socket?.destroy()
    else break
  }
  response.end()
}

const sendJson = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void => {
  const type = typeof body === 'string' ? 'text/html' : 'application/json'
  response.writeHead(status, { 'content-type': type, ...headers })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

const readBody = async (incoming: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
