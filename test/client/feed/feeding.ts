/** Feeds of clients on a real server, through a network that does what a test says. */
import { setImmediate } from 'node:timers/promises'
import { vi } from 'vitest'
import { defineAgent } from '../../../src/agent/define-agent.ts'
import type { RunRecord } from '../../../src/domain/run.ts'
import { Connections } from '../../../src/client/connection.ts'
import type { Feed, RunFrame } from '../../../src/client/feed/feed.ts'
import { createOwnFeed, type FeedOptions } from '../../../src/client/feed/own-feed.ts'
import { Http } from '../../../src/client/http.ts'
import { serving, type Serving, type ServingOptions } from '../../http/serving.ts'
import { createBarrier, type Barrier } from '../../support/barrier.ts'
import { messageParts, storedParts } from '../../support/engine.ts'
import { faultyProxy, type FaultyProxy, type ProxiedRequest } from '../../support/faulty-proxy.ts'
import { finishPart, scriptedModel } from '../../support/scripted-model.ts'

export type Feeding = AsyncDisposable & {
  readonly server: Serving
  readonly network: FaultyProxy
  /** The feed of a client of its own. */
  open(create?: (options: FeedOptions) => Feed): { feed: Feed; connections: Connections }
}

export const feeding = async (
  agent: Parameters<typeof serving>[0],
  options?: ServingOptions,
): Promise<Feeding> => {
  const server = await serving(agent, options)
  const network = await faultyProxy(server.url)
  const feeds: Feed[] = []
  return {
    server,
    network,
    open: (create = createOwnFeed) => {
      const connections = new Connections()
      const feed = create({ http: new Http({ url: `${network.url}/ai-chat` }), connections })
      feeds.push(feed)
      return { feed, connections }
    },
    [Symbol.asyncDispose]: async () => {
      for (const feed of feeds) feed.close()
      await network[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

export const isFollow = ({ path }: ProxiedRequest): boolean => path.startsWith('/ai-chat/follow')

/** Requests of feeds, in their order. */
export const followsOf = ({ requests }: FaultyProxy): readonly ProxiedRequest[] =>
  requests.filter(isFollow)

const HOUR_MS = 3_600_000

/** Says these words, each in a moment of its own, and waits before the `pauseAt`-th until it may go on. */
export const speaking = (words: readonly string[], pauseAt = words.length) => {
  const gate: Barrier = createBarrier()
  const model = scriptedModel(async function* () {
    yield { type: 'text-start', id: '0' }
    for (const [index, delta] of words.entries()) {
      if (index === pauseAt) await gate.wait()
      await setImmediate()
      yield { type: 'text-delta', id: '0', delta }
    }
    if (pauseAt >= words.length) await gate.wait()
    yield { type: 'text-end', id: '0' }
    yield finishPart()
  })
  // The clock of the test's engine is faster than that of a browser.
  const timeout = { firstChunkMs: HOUR_MS, chunkMs: HOUR_MS, stepMs: HOUR_MS }
  return { gate, agent: defineAgent({ name: 'a', model, timeout }) }
}

export const collected = async (
  frames: AsyncIterable<RunFrame>,
  all: RunFrame[] = [],
): Promise<RunFrame[]> => {
  for await (const frame of frames) all.push(frame)
  return all
}

/** What a client makes of the frames, and what the database has. */
export const bothMessages = async (
  { outlast }: Serving,
  run: RunRecord,
  frames: readonly RunFrame[],
) => ({
  read: await messageParts(frames.map(({ chunk }) => chunk as never)),
  stored: await storedParts(outlast, run),
})

export const textOf = (frames: readonly RunFrame[]): string =>
  frames.map(({ chunk }) => (chunk.type === 'text-delta' ? chunk.delta : '')).join('')

export const never = new AbortController().signal

/** Polls, for as long as a busy machine may need. */
export const until = (check: () => boolean | Promise<boolean>) =>
  vi.waitUntil(check, { timeout: 20_000, interval: 5 })
