/** Looks over and over whether Redis takes what it is told, and says when it goes, when it comes and when it is no safe one. */
import { ReplyError, type Redis } from 'ioredis'
import { ConfigError } from '../../domain/errors.ts'
import { connectRedis, disconnectRedis, type RedisAddress } from './connection.ts'
import { explain } from './failure.ts'
import { probe } from './probe.ts'

export type RedisListener = {
  /** Once an outage, with its reason. */
  away(error: Error): void
  back(): void
  /** It works, and not as it should. Once each. */
  unsafe(error: Error): void
}

const BEAT_MS = 5000
/** What BullMQ is tested with; Valkey names the Redis that it stands in for. */
const OLDEST = 7

export class RedisWatch implements Disposable {
  readonly #redis: Redis
  readonly #address: RedisAddress
  readonly #listener: RedisListener
  readonly #beat: NodeJS.Timeout
  readonly #told = new Set<string>()
  /** Since it was connected. */
  #isInspected = false
  /** Undefined before its first word. */
  #answers: boolean | undefined

  constructor(address: RedisAddress, listener: RedisListener) {
    this.#address = address
    this.#listener = listener
    this.#redis = connectRedis(address, (error) => this.#away(error))
    this.#redis.on('ready', () => {
      this.#isInspected = false
      void this.#ask()
    })
    this.#beat = setInterval(() => void this.#ask(), BEAT_MS).unref()
  }

  /** As it was some seconds ago at most. */
  get answers(): boolean {
    return this.#answers === true
  }

  [Symbol.dispose](): void {
    clearInterval(this.#beat)
    disconnectRedis(this.#redis)
  }

  async #ask(): Promise<void> {
    try {
      await probe(this.#redis, this.#address)
      this.#back()
      if (!this.#isInspected) await this.#inspect()
    } catch (thrown) {
      this.#away(explain(thrown, this.#address))
    }
  }

  async #inspect(): Promise<void> {
    this.#isInspected = true
    const { host, user } = this.#address
    const info = await this.#redis.info().catch((thrown: unknown) => {
      if (!(thrown instanceof ReplyError)) throw thrown
      // All else may work.
      this.#unsafe(
        `Redis at ${host} does not let ${user} ask INFO, so nobody notices when it is too old or evicts keys: give that user +info.`,
      )
      return ''
    })
    for (const warning of warningsOf(info, host)) this.#unsafe(warning)
  }

  #unsafe(warning: string): void {
    if (this.#told.has(warning)) return
    this.#told.add(warning)
    this.#listener.unsafe(new ConfigError(warning))
  }

  #away(error: Error): void {
    if (this.#answers !== false) this.#listener.away(error)
    this.#answers = false
  }

  #back(): void {
    if (this.#answers === false) this.#listener.back()
    this.#answers = true
  }
}

/** @param info - as INFO answers */
export const warningsOf = (info: string, host: string): string[] => {
  const fields = new Map(
    [...info.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, key, value]) => [key, value]),
  )
  const policy = fields.get('maxmemory_policy')
  const version = fields.get('redis_version')
  return [
    ...(policy === undefined || policy === 'noeviction'
      ? []
      : [
          `Redis at ${host} evicts keys when its memory is full (maxmemory-policy ${policy}): runs would begin later. Set it to noeviction.`,
        ]),
    ...(version === undefined || Number.parseInt(version) >= OLDEST
      ? []
      : [`Redis at ${host} is version ${version}: use ${OLDEST} or newer, or Valkey.`]),
  ]
}
