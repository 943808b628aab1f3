import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { nodeSink, webSink, type SlowReader, type TextSink } from '../../src/http/text-sink.ts'

const PATIENT: SlowReader = { bytes: Infinity, ms: 1 }
const MEGABYTE = 'ä'.repeat(512 * 1024)

/** A sink on a socket, and the client at its other end, which has not read its body yet. */
const connect = async (slow: SlowReader) => {
  const connected = Promise.withResolvers<{ sink: TextSink; outgoing: ServerResponse }>()
  const server = createServer((_incoming, outgoing) =>
    connected.resolve({ sink: nodeSink(outgoing, { headers: { 'x-a': 'b' }, slow }), outgoing }),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const request = get({ port: (server.address() as AddressInfo).port, agent: false })
  const [client] = (await once(request, 'response')) as [IncomingMessage]
  const close = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { ...(await connected.promise), client, [Symbol.asyncDispose]: close }
}

const read = async (client: IncomingMessage): Promise<string> => {
  let text = ''
  for await (const chunk of client.setEncoding('utf8')) text += chunk
  return text
}

describe('a sink on a socket', () => {
  it('sends its head at once and everything after it in order', async () => {
    await using pair = await connect(PATIENT)
    expect(pair.client.headers['x-a']).toBe('b')
    const text = read(pair.client)
    await pair.sink.write('1')
    await pair.sink.write(MEGABYTE)
    await pair.sink.write('2')
    pair.sink.end()
    expect((await text) === `1${MEGABYTE}2`).toBe(true)
  })

  it('keeps no more than two pieces of a text for a reader that takes nothing', async () => {
    await using pair = await connect(PATIENT)
    let done = false
    const writing = pair.sink.write(MEGABYTE.repeat(40)).then(() => (done = true))
    await once(pair.outgoing, 'drain')
    expect(pair.outgoing.writableLength).toBeLessThan(200_000)
    expect(done).toBe(false)
    const text = read(pair.client)
    await writing
    pair.sink.end()
    expect((await text).length).toBe(MEGABYTE.length * 40)
  })

  it('disconnects a reader for whom too much waits for too long', async () => {
    await using pair = await connect({ bytes: 1_000_000, ms: 20 })
    await pair.sink.write(MEGABYTE.repeat(40))
    expect(pair.sink.gone.aborted).toBe(true)
    await expect(read(pair.client)).rejects.toThrow('aborted')
  })

  it('waits for a reader for whom only a little waits', async () => {
    await using pair = await connect({ bytes: 1_000_000, ms: 1 })
    const isFull = () => pair.outgoing.writableNeedDrain
    for (let n = 0; n < 1000 && !isFull(); n += 1) {
      void pair.sink.write('x'.repeat(50_000))
      await macrotask(() => undefined)
    }
    await macrotask(() => undefined, 30)
    expect(isFull()).toBe(true)
    expect(pair.sink.gone.aborted).toBe(false)
  })

  it('breaks off so that the reader sees it', async () => {
    await using pair = await connect(PATIENT)
    await pair.sink.write('half')
    const text = read(pair.client)
    pair.sink.destroy(new TypeError('unfinished'))
    await expect(text).rejects.toThrow('aborted')
  })

  it('knows that its reader has left, also in the middle of a write', async () => {
    await using pair = await connect(PATIENT)
    const writing = pair.sink.write(MEGABYTE.repeat(40))
    await once(pair.outgoing, 'drain')
    pair.client.destroy()
    await writing
    expect(pair.sink.gone.aborted).toBe(true)
    await pair.sink.write('nobody hears it')
    pair.sink.end()
    pair.sink.destroy(new TypeError('late'))
    expect(pair.outgoing.listenerCount('drain')).toBe(0)
  })
})

describe('a sink of a web stream', () => {
  it('waits for its reader', async () => {
    const sink = webSink(new AbortController().signal, PATIENT)
    const order: string[] = []
    const writing = sink.write(MEGABYTE).then(() => order.push('written'))
    const reader = sink.body.getReader()
    await macrotask(() => order.push('reading'))
    expect((await reader.read()).value?.length).toBe(1024 * 1024)
    await writing
    expect(order).toEqual(['reading', 'written'])
    sink.end()
    expect((await reader.read()).done).toBe(true)
  })

  it('fails where it is broken off', async () => {
    const sink = webSink(new AbortController().signal, PATIENT)
    const text = new Response(sink.body).text()
    await sink.write('half')
    sink.destroy(new TypeError('unfinished'))
    await expect(text).rejects.toThrow('unfinished')
    await sink.write('late')
    sink.end()
  })

  it('gives up a reader for whom too much waits and who takes nothing, and no other', async () => {
    const hasty = { bytes: 1024 * 1024 - 1, ms: 1 }
    const slow = webSink(new AbortController().signal, hasty)
    const text = slow.body.getReader()
    await slow.write(MEGABYTE)
    expect(slow.gone.aborted).toBe(true)
    await expect(text.read()).rejects.toMatchObject({ code: 'TOO_LARGE' })

    const patient = webSink(new AbortController().signal, { ...hasty, bytes: 1024 * 1024 })
    const writing = patient.write(MEGABYTE)
    const reader = patient.body.getReader()
    await macrotask(() => undefined, 5)
    await reader.read()
    await writing
    expect(patient.gone.aborted).toBe(false)
  })

  it('knows that its reader has left, by the body or by the request', async () => {
    const cancelled = webSink(new AbortController().signal, PATIENT)
    const writing = cancelled.write(MEGABYTE)
    await cancelled.body.cancel()
    await writing
    expect(cancelled.gone.aborted).toBe(true)

    const request = new AbortController()
    const aborted = webSink(request.signal, PATIENT)
    const stuck = aborted.write(MEGABYTE)
    request.abort()
    await stuck
    expect(aborted.gone.aborted).toBe(true)
    expect(webSink(request.signal, PATIENT).gone.aborted).toBe(true)
  })
})

const macrotask = <T>(value: () => T, ms = 0): Promise<T> =>
  new Promise((resolve) => setTimeout(() => resolve(value()), ms))
