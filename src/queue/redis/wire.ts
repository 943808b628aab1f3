/**
 * Hints between processes, by PUBLISH: one channel for all, and one for each process. Hearing takes a connection of its own.
 *
 * INVARIANT: nothing depends on a notice, and trouble with them is told, never thrown.
 */
import type { Redis } from 'ioredis'
import type { Wire, WireListener } from '../neighbours.ts'
import { connectRedis, disconnectRedis, type RedisAddress } from './connection.ts'
import { explain } from './failure.ts'
import { repliesOf } from './replies.ts'

export type RedisWireOptions = {
  readonly address: RedisAddress
  /** Names this process. */
  readonly name: string
  /** Hears each time why the connection that listens is gone, or could not be made. */
  readonly onError: (error: Error) => void
}

/** @param redis - where notices are sent */
export const createRedisWire = (redis: Redis, options: RedisWireOptions): Wire => {
  const { address, name } = options
  const { prefix } = address
  // Channels know no databases, and processes on another one are none of ours.
  const channelOf = (to = 'all') => `${prefix}:${address.options.db}:${to}`
  return {
    async send(letters) {
      const pipeline = redis.pipeline()
      for (const { to, payload } of letters) pipeline.publish(channelOf(to), payload)
      await repliesOf(pipeline, address)
    },
    listen: (listener) =>
      new Ear(redis, { ...options, listener, channels: [channelOf(), channelOf(name)] }),
  }
}

/** So long without a word, and it says something to itself; and then it is cut off. */
const QUIET_MS = 3000
const SILENCE_MS = 10_000
const CHECK_MS = 1000

type EarOptions = RedisWireOptions & {
  readonly listener: WireListener
  /** The last one is its own. */
  readonly channels: readonly string[]
}

class Ear implements AsyncDisposable {
  readonly #mouth: Redis
  readonly #options: EarOptions
  readonly #redis: Redis
  readonly #check: NodeJS.Timeout
  #heardAt = 0
  #listens = false
  #isSubscribing = false

  constructor(mouth: Redis, options: EarOptions) {
    this.#mouth = mouth
    this.#options = options
    this.#redis = connectRedis(options.address, options.onError)
    this.#redis.on('ready', () => void this.#subscribe())
    this.#redis.on('close', () => this.#say(false))
    this.#redis.on('message', (_channel, payload) => this.#hear(payload))
    this.#check = setInterval(() => this.#listen(), CHECK_MS).unref()
  }

  async #subscribe(): Promise<void> {
    if (this.#isSubscribing) return
    this.#isSubscribing = true
    try {
      await this.#redis.subscribe(...this.#options.channels)
      this.#heardAt = performance.now()
      this.#say(true)
    } catch (thrown) {
      // It is tried again with the next check: a connection that is made again at once would be refused as often.
      this.#options.onError(explain(thrown, this.#options.address))
    } finally {
      this.#isSubscribing = false
    }
  }

  #hear(payload: string): void {
    this.#heardAt = performance.now()
    if (payload !== '') this.#options.listener.hear(payload)
  }

  #listen(): void {
    if (!this.#listens) {
      if (this.#redis.status === 'ready') void this.#subscribe()
      return
    }
    const silence = performance.now() - this.#heardAt
    if (silence < QUIET_MS) return
    if (silence > SILENCE_MS) return this.#redis.disconnect(true)
    // Whether it arrives is what counts.
    this.#mouth.publish(this.#options.channels.at(-1)!, '').catch(() => undefined)
  }

  #say(listens: boolean): void {
    if (this.#listens === listens) return
    this.#listens = listens
    this.#options.listener.changed(listens)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#check)
    disconnectRedis(this.#redis)
  }
}
