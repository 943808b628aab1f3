/** All clients of the bench, in a process of their own: what they cost is nobody's. */
import { createHash, randomUUID } from 'node:crypto'
import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { answerParent } from '../rpc.ts'
import { requestOf, USER_HEADER, USERS, type Script } from '../script.ts'
import { ask, readAnswer, textOf } from './answer.ts'
import { Loops } from './loops.ts'
import { inGroups, Streams, type Reader } from './streams.ts'

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

const streams = new Streams(agent)

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

/** A run, and the number of the user who has it. */
export type Held = { readonly runId: string; readonly user: number }

/** Begins runs and reads them as far as they go; resolves with their ids when each has said its first words. */
const hold = async (url: string, script: Script, count: number): Promise<readonly Held[]> => {
  const runs: Held[] = []
  await inGroups(Array.from({ length: count }), async (_, index) => {
    const to = start(url, script, index)
    const said = await streams.follow(await ask(to.url, to.options), 'text-delta')
    runs[index] = { runId: /"runId":"([^"]+)"/.exec(said)?.[1] ?? '', user: index % USERS }
  })
  return runs
}

export type Read = {
  readonly bytes: number
  /** From the request to the first text that comes, and to the last byte that was wanted. */
  readonly firstWordMs: number
  readonly ms: number
  readonly ids: readonly string[]
}

/** Reads one answer up to the first message that has these words. */
const read = async (
  url: string,
  headers: Readonly<Record<string, string>>,
  until: string,
): Promise<Read> => {
  const askedAt = performance.now()
  const incoming = await ask(url, { agent, method: 'GET', headers })
  const pieces: Buffer[] = []
  let tail = ''
  let firstWordMs = 0
  for await (const piece of incoming.iterator({ destroyOnReturn: true }) as AsyncIterable<Buffer>) {
    if (firstWordMs === 0 && piece.includes('text-delta')) firstWordMs = performance.now() - askedAt
    pieces.push(piece)
    tail = tail.slice(-until.length) + piece.toString()
    if (tail.includes(until)) break
  }
  const ms = performance.now() - askedAt
  const body = Buffer.concat(pieces)
  const ids = [...body.toString().matchAll(/^id: (.*)$/gm)].map(([, id]) => id!)
  return { bytes: body.length, firstWordMs, ms, ids }
}

let place = { url: '', script: {} as Script }
const loops = new Loops((index) => {
  const to = start(place.url, place.script, index)
  return ask(to.url, to.options)
})

/** So many more clients read one run after another from now on. */
const addLoops = (url: string, script: Script, count: number, overMs: number): Promise<void> => {
  place = { url, script }
  return loops.add(count, overMs)
}

const methods = {
  load,
  hold,
  read,
  watch: (readers: readonly Reader[], until: string) => streams.watch(readers, until),
  endedDelays: () => streams.endedDelays(),
  leave: () => streams.leave(),
  addLoops,
  loopDelays: () => loops.takeDelays(),
  endLoops: () => loops.end(),
}

export type ClientMethods = typeof methods
answerParent(methods)
