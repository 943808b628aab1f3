/** Delivers the answer of a server to a client as a bad network or an unwise proxy would. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { PlaceFinder, type Place } from './body-places.ts'

export type Fault = {
  /**
   * What the client gets in place of the answer: a page of this HTTP status, and the server never hears of it; or a
   * reset connection, before the server got the request or after it has answered.
   */
  readonly instead?: number | 'request lost' | 'answer lost'
  /** Where in the body of the answer the delivery ends: at the first of several places. */
  readonly at?: Place | readonly Place[]
  /**
   * `reset`: RST. `fin`: the connection ends in the middle of the body. `clean`: the body ends in good order, as if that
   * were all. `stall`: nothing follows, and the connection stays. `reset` unless set.
   */
  readonly ends?: 'reset' | 'fin' | 'clean' | 'stall'
  /** Ends the connection when the server says nothing for so long; before the answer begins with a page of 504. */
  readonly idleMs?: number
  /** Each piece comes so much later. */
  readonly delayMs?: number
  /** Holds everything back until there are so many bytes; `Infinity`: until the body has ended. */
  readonly holdBytes?: number
  /** In single bytes, or in pieces of 1 to 9 bytes that follow from this seed. */
  readonly split?: 'bytes' | number
}

export type Delivery = {
  readonly answer: IncomingMessage
  readonly response: ServerResponse
  readonly fault: Fault
  /** Called when the delivery has ended at its place. */
  readonly happened: () => void
  /** Settles when the network lets bytes pass. */
  readonly flow: () => Promise<void>
}

export const htmlPage = (response: ServerResponse, status: number): void => {
  response.writeHead(status, { 'content-type': 'text/html' })
  response.end(`<html><head><title>${status}</title></head><body><h1>${status}</h1></body></html>`)
}

/** Settles when nothing more is delivered. */
export const deliver = async (delivery: Delivery): Promise<void> => {
  const { answer, response, fault, happened, flow } = delivery
  await flow()
  writeHead(delivery)
  let isHere = false
  const pieces = upTo(answer, fault.at, () => {
    isHere = true
  })
  try {
    for await (const piece of split(held(pieces, fault), fault)) {
      if (fault.delayMs !== undefined) await sleep(fault.delayMs)
      await flow()
      if (response.closed) return
      await write(response, piece)
    }
  } catch {
    // The server has gone away in the middle of its answer, and so do we.
    response.socket?.destroySoon()
    return
  }
  await flow()
  if (!isHere) return void response.end()
  endAtPlace(delivery)
  happened()
}

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding'])

const writeHead = ({ answer, response, fault }: Delivery): void => {
  for (const [name, values] of Object.entries(answer.headersDistinct)) {
    // A body that ends early in good order has no length that says otherwise.
    const isUntrue = name === 'content-length' && fault.ends === 'clean'
    if (!HOP_BY_HOP.has(name) && !isUntrue) response.setHeader(name, values!)
  }
  response.writeHead(answer.statusCode!)
  response.flushHeaders()
}

const endAtPlace = ({ answer, response, fault: { ends = 'reset' } }: Delivery): void => {
  if (ends === 'stall') return
  if (ends === 'clean') response.end()
  else if (ends === 'fin') response.socket?.destroySoon()
  else response.socket?.resetAndDestroy()
  answer.destroy()
}

/**
 * Settles when the bytes are on their way, so that a reset after them does not take them along, and when a reader in
 * this process has had its turn, so that the next piece is another one for it.
 */
const write = async (response: ServerResponse, piece: Buffer): Promise<void> => {
  await new Promise<void>((resolve) => response.write(piece, () => resolve()))
  await setImmediate()
}

type Pieces = AsyncIterable<Buffer>

async function* upTo(answer: IncomingMessage, at: Fault['at'], onHere: () => void) {
  const finders = [at ?? []].flat().map((place) => new PlaceFinder(place))
  const find = (piece: Buffer): number | undefined => {
    const found = finders.map((finder) => finder.find(piece) ?? Number.POSITIVE_INFINITY)
    return Math.min(...found) <= piece.length ? Math.min(...found) : undefined
  }
  if (find(Buffer.alloc(0)) === 0) return onHere()
  for await (const piece of answer.iterator({ destroyOnReturn: false }) as Pieces) {
    const index = find(piece)
    yield piece.subarray(0, index)
    if (index !== undefined) return onHere()
  }
}

async function* held(pieces: Pieces, { holdBytes = 0 }: Fault) {
  let kept: Buffer[] = []
  let size = 0
  for await (const piece of pieces) {
    kept.push(piece)
    size += piece.length
    if (size < holdBytes) continue
    yield Buffer.concat(kept)
    kept = []
    size = 0
  }
  if (size > 0) yield Buffer.concat(kept)
}

async function* split(pieces: Pieces, { split: how }: Fault) {
  const random = typeof how === 'number' ? xoroshiro128plus(how) : undefined
  for await (const piece of pieces) {
    let end = 0
    for (let start = 0; start < piece.length; start = end) {
      if (random) end = start + uniformInt(random, 1, 9)
      else end = how === 'bytes' ? start + 1 : piece.length
      yield piece.subarray(start, end)
    }
  }
}
