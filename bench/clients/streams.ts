/** Streams that the bench keeps open: what they say first, how late their words come, and when they are done. */
import type { Agent, IncomingMessage } from 'node:http'
import { USER_HEADER } from '../script.ts'
import { ask } from './answer.ts'
import { StampReader } from './stamps.ts'

export type Reader = {
  readonly url: string
  /** Of the bench; the first one unless set. */
  readonly user?: number
}

type Open = { readonly incoming: IncomingMessage; readonly done: Promise<void> }

/** What stands at the end of a stream, and behind the last word of a run on a connection that never ends. */
const DONE = /data: \[DONE\]|"type":"end"/

export class Streams {
  readonly #agent: Agent
  #open: Open[] = []
  readonly #stamps = new StampReader()

  constructor(agent: Agent) {
    this.#agent = agent
  }

  /** Opens the streams; resolves when each has said `until`. */
  async watch(readers: readonly Reader[], until: string): Promise<void> {
    await inGroups(readers, async ({ url, user }) => {
      const headers = user === undefined ? {} : { [USER_HEADER]: String(user) }
      await this.follow(await ask(url, { agent: this.#agent, method: 'GET', headers }), until)
    })
    // Those of streams that had not all begun.
    this.#stamps.take()
  }

  /** Keeps the stream open; resolves with what it has said when `until` is in it. */
  follow(incoming: IncomingMessage, until: string): Promise<string> {
    const { promise: done, resolve: isDone } = Promise.withResolvers<void>()
    this.#open.push({ incoming, done })
    // Whoever is left standing by a server that ends has seen what the bench wanted.
    incoming.on('error', () => undefined)
    incoming.once('close', isDone)
    return new Promise((resolve) => {
      let said = ''
      const look = (piece: Buffer) => {
        said += piece.toString()
        if (!said.includes(until)) return
        incoming.off('data', look)
        incoming.on('data', (next: Buffer) => this.#takeStamps(next.toString(), isDone))
        resolve(said)
      }
      incoming.on('data', look)
    })
  }

  /** When all open streams are done: how late their stamped words came. */
  async endedDelays(): Promise<readonly number[]> {
    await Promise.all(this.#open.map(({ done }) => done))
    this.leave()
    return this.#stamps.take()
  }

  leave(): void {
    for (const { incoming } of this.#open) incoming.destroy()
    this.#open = []
  }

  #takeStamps(piece: string, isDone: () => void): void {
    this.#stamps.read(piece)
    if (DONE.test(piece)) isDone()
  }
}

const AT_ONCE = 50

/** A queue of connections that waits to be accepted is not what is measured. */
export const inGroups = async <T>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<void>,
): Promise<void> => {
  for (let from = 0; from < items.length; from += AT_ONCE) {
    const some = items.slice(from, from + AT_ONCE)
    await Promise.all(some.map((item, index) => work(item, from + index)))
  }
}
