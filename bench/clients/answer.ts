/** One streamed answer as a client sees it, with as little work as possible. */
import { request, type Agent, type IncomingMessage } from 'node:http'

export type Answer = {
  /** From the request to the first word. */
  readonly firstChunkMs: number
  readonly ms: number
  readonly bytes: number
  readonly body: string
}

export type Request = {
  readonly agent: Agent
  readonly method: 'GET' | 'POST'
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Resolves with the head of the answer. */
export const ask = (url: string | URL, { body, ...options }: Request): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const outgoing = request(url, { ...options, headers: { ...type, ...options.headers } })
    outgoing.once('error', reject)
    outgoing.once('response', (incoming) => {
      const { statusCode = 0 } = incoming
      if (statusCode === 200) resolve(incoming)
      else reject(new Error(`${options.method} ${String(url)} was answered ${statusCode}.`))
    })
    outgoing.end(body)
  })

const FIRST = 'text-delta'
const LAST = 'data: [DONE]\n\n'

/** @throws when the answer does not end as a complete one */
export const readAnswer = async (url: string | URL, options: Request): Promise<Answer> => {
  const askedAt = performance.now()
  const incoming = await ask(url, options)
  let firstAt: number | undefined
  const pieces: Buffer[] = []
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    pieces.push(piece)
    if (firstAt === undefined && piece.includes(FIRST)) firstAt = performance.now()
  }
  const body = Buffer.concat(pieces).toString()
  if (!body.endsWith(LAST)) throw new Error(`An answer broke off after ${body.length} bytes.`)
  const ms = performance.now() - askedAt
  return {
    firstChunkMs: firstAt === undefined ? ms : firstAt - askedAt,
    ms,
    bytes: Buffer.byteLength(body),
    body,
  }
}

/** What the answer says, in the order in which it was sent. */
export const textOf = (body: string): string =>
  body
    .split('\n')
    .flatMap((line) => (line.startsWith('data: {') ? [JSON.parse(line.slice(6)) as Chunk] : []))
    .map(({ type, delta }) => (type === 'text-delta' ? delta : ''))
    .join('')

type Chunk = { readonly type: string; readonly delta?: string }
