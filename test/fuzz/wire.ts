/** Sends a request byte for byte over a socket of its own, and reads what comes until the other side is done. */
import { connect } from 'node:net'
import { isFollowing } from '../support/never-ending.ts'
import type { HostileRequest } from './hostile.ts'

export type WireAnswer = {
  /** 0 where the connection was closed without an answer. */
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

const followed = /^data: /m

const HANG_MS = 15_000

/** @throws when the server neither answers nor hangs up */
export const overSocket = async (
  port: number,
  request: HostileRequest,
  own: readonly (readonly [string, string])[],
): Promise<WireAnswer> => {
  const socket = connect(port, '127.0.0.1')
  const pieces: Buffer[] = []
  socket.on('data', (piece: Buffer) => {
    pieces.push(piece)
    // It was answered, and would go on for ever.
    if (!followed.test(piece.toString('latin1'))) return
    const { headers } = parse(Buffer.concat(pieces))
    if (isFollowing((name) => headers.get(name))) socket.destroy()
  })
  // Whoever refuses a body may close while it is still being sent.
  socket.on('error', () => undefined)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  const hang = setTimeout(() => socket.destroy(new Error('hang')), HANG_MS)
  socket.write(bytesOf(request, own))
  if (request.framing === 'long') socket.end()
  await closed
  clearTimeout(hang)
  if (socket.errored?.message === 'hang') throw new Error(`The server let ${request.target} hang.`)
  return parse(Buffer.concat(pieces))
}

const bytesOf = (
  { method, target, headers, body, framing }: HostileRequest,
  own: readonly (readonly [string, string])[],
): Buffer => {
  const lines = [...own, ...headers, ...lengthOf(framing, body)].map(
    ([name, value]) => `${name}: ${value}`,
  )
  const head = `${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`
  const content =
    framing === 'none'
      ? []
      : framing === 'chunked'
        ? [
            Buffer.from(`${body.byteLength.toString(16)}\r\n`),
            body,
            Buffer.from(body.byteLength === 0 ? '\r\n' : '\r\n0\r\n\r\n'),
          ]
        : [body]
  return Buffer.concat([Buffer.from(head, 'utf8'), ...content])
}

const lengthOf = (framing: HostileRequest['framing'], body: Buffer): [string, string][] => {
  const { byteLength } = body
  switch (framing) {
    case 'none':
      return []
    case 'chunked':
      return [['Transfer-Encoding', 'chunked']]
    case 'short':
      return [['Content-Length', String(byteLength >> 1)]]
    case 'long':
      return [['Content-Length', String(byteLength + 7)]]
    case 'length':
      return [['Content-Length', String(byteLength)]]
    default:
      return framing satisfies never
  }
}

/** The last answer that is no `100 Continue`; what follows it is the answer to what looked like another request. */
const parse = (bytes: Buffer): WireAnswer => {
  const text = bytes.toString('utf8').replace(/^(HTTP\/1\.1 100 [^\r]*\r\n\r\n)+/, '')
  const end = text.indexOf('\r\n\r\n')
  const [line = '', ...lines] = text.slice(0, Math.max(end, 0)).split('\r\n')
  const headers = new Map(
    lines.map((header) => {
      const colon = header.indexOf(':')
      return [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()]
    }),
  )
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(line)?.[1] ?? 0)
  const rest = text.slice(end + 4)
  const length = headers.get('content-length')
  if (length !== undefined) {
    const own = Buffer.from(rest).subarray(0, Number(length)).toString()
    return { status, headers, body: own }
  }
  return { status, headers, body: rest }
}
