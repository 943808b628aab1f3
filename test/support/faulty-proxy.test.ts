/** The proxy that the tests of clients use does exactly what it is told, and nothing else. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { faultyProxy } from './faulty-proxy.ts'

const FRAMES = ['one', 'two: häßlich', ': a comment', 'three 😀', 'four'].map((text, index) =>
  text.startsWith(':') ? `${text}\n\n` : `id: ${index}\ndata: ${text}\n\n`,
)
const WHOLE = FRAMES.join('')

type Answering = (response: ServerResponse, request: IncomingMessage) => void

/** All frames at once. */
const frames: Answering = (response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.end(WHOLE)
}

const upstream = async (answering: Answering = frames) => {
  const asked: IncomingMessage[] = []
  const server = createServer((request, response) => {
    asked.push(request)
    answering(response, request)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

type Read = { readonly pieces: readonly Buffer[]; readonly isBroken: boolean }

const read = async (response: Response, until = Number.POSITIVE_INFINITY): Promise<Read> => {
  const pieces: Buffer[] = []
  let size = 0
  try {
    for await (const piece of response.body ?? []) {
      pieces.push(Buffer.from(piece))
      size += piece.length
      if (size >= until) break
    }
  } catch {
    return { pieces, isBroken: true }
  }
  return { pieces, isBroken: false }
}

const textOf = ({ pieces }: Read): string => Buffer.concat(pieces).toString('latin1')
const latin = (text: string): string => Buffer.from(text).toString('latin1')

test('without a fault everything passes, as if there were no proxy', async () => {
  await using server = await upstream((response, request) => {
    response.writeHead(201, { 'x-own': 'yes', 'set-cookie': ['a=1', 'b=2'] })
    request.pipe(response)
  })
  await using proxy = await faultyProxy(server.url)
  const headers = { origin: proxy.url, 'x-asked': 'yes' }
  const response = await fetch(`${proxy.url}/a?b=c`, { method: 'POST', body: 'said', headers })
  expect([response.status, await response.text()]).toEqual([201, 'said'])
  expect(response.headers.get('x-own')).toBe('yes')
  expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  const [request] = server.asked
  expect([request!.method, request!.url]).toEqual(['POST', '/a?b=c'])
  const { host, origin } = new URL(server.url)
  expect(request!.headers).toMatchObject({ host, origin, 'x-asked': 'yes' })
  expect(proxy.requests).toMatchObject([{ method: 'POST', path: '/a?b=c', isOpen: false }])
  expect(await proxy.requests[0]!.answered).toBe(201)
})

const PLACES = [
  [{ frames: 0 }, ''],
  [{ frames: 1 }, FRAMES[0]!],
  [{ frames: 2 }, FRAMES.slice(0, 2).join('')],
  [{ frames: 3 }, FRAMES.slice(0, 4).join('')],
  [{ frames: 1, bytes: 5 }, `${FRAMES[0]}id: 1`],
  [{ bytes: 1 }, 'i'],
  [{ after: 'two' }, FRAMES.slice(0, 2).join('')],
  [[{ frames: 3 }, { after: 'two' }, { frames: 9 }], FRAMES.slice(0, 2).join('')],
] as const

test.each(PLACES)('the delivery ends at %o, in each way', async (at, delivered) => {
  await using server = await upstream()
  await using proxy = await faultyProxy(server.url)
  for (const ends of ['reset', 'fin', 'clean'] as const) {
    const cut = proxy.next({ at, ends })
    const got = await read(await fetch(proxy.url))
    expect([ends, textOf(got), got.isBroken]).toEqual([ends, latin(delivered), ends !== 'clean'])
    await cut
  }
  expect(textOf(await read(await fetch(proxy.url)))).toBe(latin(WHOLE))
})

test('the delivery ends inside a character', async () => {
  await using server = await upstream()
  await using proxy = await faultyProxy(server.url)
  const cut = proxy.next({ at: { characters: 3 } })
  const got = await read(await fetch(proxy.url))
  await cut
  expect(textOf(got)).toBe(latin(WHOLE.slice(0, WHOLE.indexOf('😀'))) + '\xf0')
})

test('a delivery that stalls leaves the connection open on both sides', async () => {
  const left = Promise.withResolvers<void>()
  await using server = await upstream((response) => {
    response.on('close', left.resolve)
    response.write(WHOLE)
  })
  await using proxy = await faultyProxy(server.url)
  const stalled = proxy.next({ at: { frames: 1 }, ends: 'stall' })
  const response = await fetch(proxy.url)
  expect((await stalled).isOpen).toBe(true)
  expect(textOf(await read(response, FRAMES[0]!.length))).toBe(FRAMES[0])
  await left.promise
})

test('what a stalled network holds back is delivered when it is well again', async () => {
  await using server = await upstream()
  await using proxy = await faultyProxy(server.url)
  proxy.stall()
  const asked = fetch(proxy.url)
  await proxy.until(({ path }) => path === '/')
  expect(server.asked).toEqual([])
  proxy.up()
  expect(textOf(await read(await asked))).toBe(latin(WHOLE))
})

/** The sizes of the pieces that are sent, whatever a reader's own buffers make of them. */
const sentPieces = async (url: string): Promise<string[]> => {
  const { hostname, port, host } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  socket.write(`GET / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`)
  let text = ''
  for await (const data of socket.setEncoding('latin1')) text += data
  const pieces: string[] = []
  let rest = text.slice(text.indexOf('\r\n\r\n') + 4)
  for (;;) {
    const start = rest.indexOf('\r\n') + 2
    const size = Number.parseInt(rest, 16)
    if (!(size > 0)) return pieces
    pieces.push(rest.slice(start, start + size))
    rest = rest.slice(start + size + 2)
  }
}

test.each([
  ['in single bytes', { split: 'bytes' }, (sizes: number[]) => sizes.every((size) => size === 1)],
  ['in odd pieces', { split: 7 }, (sizes: number[]) => new Set(sizes).size > 5],
  ['at once', { holdBytes: Infinity, delayMs: 1 }, (sizes: number[]) => sizes.length === 1],
] as const)('the answer comes %s, and each time the same', async (_, fault, isSo) => {
  await using server = await upstream()
  await using proxy = await faultyProxy(server.url)
  proxy.each(fault)
  const pieces = await sentPieces(proxy.url)
  expect(pieces.join('')).toBe(latin(WHOLE))
  expect(isSo(pieces.map(({ length }) => length))).toBe(true)
  expect(await sentPieces(proxy.url)).toEqual(pieces)
})

test('a network that is down refuses everybody until it is up', async () => {
  await using server = await upstream((response) => response.write(WHOLE))
  await using proxy = await faultyProxy(server.url)
  const open = read(await fetch(proxy.url))
  proxy.down()
  expect((await open).isBroken).toBe(true)
  await expect(fetch(proxy.url)).rejects.toThrow('fetch failed')
  expect(proxy.connections).toBe(0)
  proxy.up()
  expect((await fetch(proxy.url)).status).toBe(200)
})

test('a connection on which nothing is said is closed, before and in the answer', async () => {
  await using server = await upstream((response, { url }) => {
    if (url === '/says') response.write('a word')
  })
  await using proxy = await faultyProxy(server.url)
  proxy.each({ idleMs: 30 })
  expect((await fetch(proxy.url)).status).toBe(504)
  const got = await read(await fetch(`${proxy.url}/says`))
  expect([textOf(got), got.isBroken]).toEqual(['a word', true])
})

test('a lost answer is one to a request that the server got, a lost request is not', async () => {
  await using server = await upstream()
  await using proxy = await faultyProxy(server.url)
  const isPost = ({ method }: { readonly method: string }) => method === 'POST'
  const lost = proxy.next({ instead: 'answer lost' }, isPost)
  void proxy.next({ instead: 'request lost' }, isPost)
  expect((await fetch(`${proxy.url}/get`)).status).toBe(200)
  const post = () => fetch(`${proxy.url}/post`, { method: 'POST', body: 'said' })
  await expect(post()).rejects.toThrow('fetch failed')
  expect((await lost).path).toBe('/post')
  await expect(post()).rejects.toThrow('fetch failed')
  const answers = await Promise.all(proxy.requests.map(({ answered }) => answered))
  expect(answers).toEqual([200, 200, undefined])
  expect(server.asked.map(({ url }) => url)).toEqual(['/get', '/post'])
})

test('a page of the proxy comes instead of an answer, also where there is no server', async () => {
  await using server = await upstream()
  await using proxy = await faultyProxy(server.url)
  void proxy.next({ instead: 503 })
  const page = await fetch(proxy.url, { method: 'POST', body: 'said' })
  expect([page.status, page.headers.get('content-type')]).toEqual([503, 'text/html'])
  expect(await page.text()).toContain('<h1>503</h1>')
  expect(server.asked).toEqual([])
  const { url } = server
  await server[Symbol.asyncDispose]()
  expect((await fetch(proxy.url)).status).toBe(502)
  await using other = await upstream()
  expect(other.url).not.toBe(url)
  proxy.to(other.url)
  expect((await fetch(proxy.url)).status).toBe(200)
})

test('a server that dies in its answer breaks it, and a client that leaves is seen to leave', async () => {
  const left = Promise.withResolvers<void>()
  await using server = await upstream((response, { url }) => {
    response.on('close', left.resolve)
    response.write(WHOLE, () => url === '/dies' && response.socket?.resetAndDestroy())
  })
  await using proxy = await faultyProxy(server.url)
  const got = await read(await fetch(`${proxy.url}/dies`))
  expect([textOf(got), got.isBroken]).toEqual([latin(WHOLE), true])
  await read(await fetch(proxy.url), WHOLE.length)
  await left.promise
  await proxy.requests.at(-1)!.ended
})
