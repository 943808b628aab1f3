/** All clients of the bench, in a process of their own: what they cost is nobody's. */
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { Agent, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { answerParent } from '../rpc.ts'
import { requestOf, USER_HEADER, USERS, wallClock, type Script } from '../script.ts'
import { ask, readAnswer, textOf } from './answer.ts'

/** A connection for each request: one that is kept may end just when the next request is sent. */
const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY })

export type Load = {
  readonly url: string
  readonly script: Script
  readonly runs: number
  readonly concurrency: number
  /** The first requests are sent over this time and not at once. */
  readonly spreadMs: number
}

export type LoadResult = {
  readonly firstChunkMs: readonly number[]
  readonly bytesPerRun: number
  /** Of everything that the answers say; more than one is a mistake. */
  readonly texts: readonly string[]
}

/** Streams that stay open until `leave`. */
const open: IncomingMessage[] = []

const start = (url: string, script: Script, index: number) =>
  ({
    url: new URL('/ai-chat', url),
    options: {
      agent,
      method: 'POST',
      headers: { [USER_HEADER]: String(index % USERS) },
      body: requestOf(randomUUID(), script),
    },
  }) as const

const load = async ({ url, script, runs, concurrency, spreadMs }: Load): Promise<LoadResult> => {
  const firstChunkMs: number[] = []
  const digests = new Set<string>()
  let bytes = 0
  let begun = 0
  const worker = async (index: number) => {
    await sleep((spreadMs * index) / concurrency)
    while (begun < runs) {
      const to = start(url, script, begun++)
      const answer = await readAnswer(to.url, to.options)
      firstChunkMs.push(answer.firstChunkMs)
      bytes += answer.bytes
      digests.add(createHash('sha256').update(textOf(answer.body)).digest('hex'))
    }
  }
  await Promise.all(Array.from({ length: concurrency }, (_, index) => worker(index)))
  return { firstChunkMs, bytesPerRun: bytes / runs, texts: [...digests] }
}

/** Begins runs and reads them as far as they go; resolves with their ids when each has said its first words. */
const hold = async (url: string, script: Script, count: number): Promise<readonly string[]> => {
  const ids: string[] = []
  for (let begun = 0; begun < count; begun += 50) {
    const some = Array.from({ length: Math.min(50, count - begun) }, async (_, index) => {
      const to = start(url, script, begun + index)
      ids.push(await follow(await ask(to.url, to.options), 'text-delta'))
    })
    await Promise.all(some)
  }
  return ids
}

/** Opens readers of one stream; resolves when each has the words that the stream has said so far. */
const watch = async (url: string, count: number, until: string): Promise<void> => {
  for (let begun = 0; begun < count; begun += 50) {
    const some = Array.from({ length: Math.min(50, count - begun) }, async () =>
      follow(await ask(url, { agent, method: 'GET' }), until),
    )
    await Promise.all(some)
  }
  delays.length = 0
}

/** How late stamped words came, since all that were opened last had begun. */
const delays: number[] = []

/** Keeps the stream open; resolves with the run's id when the stream has said `until`. */
const follow = (incoming: IncomingMessage, until: string): Promise<string> =>
  new Promise((resolve) => {
    open.push(incoming)
    // Whoever is left standing by a server that ends has seen what the bench wanted.
    incoming.on('error', () => undefined)
    let said = ''
    const look = (piece: Buffer) => {
      said += piece.toString()
      if (!said.includes(until)) return
      incoming.off('data', look)
      incoming.on('data', takeStamps)
      resolve(/"runId":"([^"]+)"/.exec(said)?.[1] ?? '')
    }
    incoming.on('data', look)
  })

const takeStamps = (piece: Buffer): void => {
  const now = wallClock()
  for (const [, stamp] of piece.toString().matchAll(/(\d{13}\.\d+) /g))
    delays.push(now - Number(stamp))
}

/** When all open streams have ended: how late their stamped words came. */
const endedDelays = async (): Promise<readonly number[]> => {
  await Promise.all(
    open.splice(0).map(async (incoming) => {
      if (!incoming.closed) await once(incoming, 'close')
    }),
  )
  return delays.splice(0)
}

const leave = (): void => {
  for (const incoming of open.splice(0)) incoming.destroy()
}

/** Reads one answer up to the first message that has these words. */
const read = async (
  url: string,
  headers: Readonly<Record<string, string>>,
  until: string,
): Promise<{ bytes: number; ms: number; ids: readonly string[] }> => {
  const askedAt = performance.now()
  const incoming = await ask(url, { agent, method: 'GET', headers })
  const pieces: Buffer[] = []
  let tail = ''
  for await (const piece of incoming.iterator({ destroyOnReturn: true }) as AsyncIterable<Buffer>) {
    pieces.push(piece)
    tail = tail.slice(-until.length) + piece.toString()
    if (tail.includes(until)) break
  }
  const ms = performance.now() - askedAt
  const body = Buffer.concat(pieces)
  const ids = [...body.toString().matchAll(/^id: (.*)$/gm)].map(([, id]) => id!)
  return { bytes: body.length, ms, ids }
}

const methods = { load, hold, watch, endedDelays, leave, read }

export type ClientMethods = typeof methods
answerParent(methods)
