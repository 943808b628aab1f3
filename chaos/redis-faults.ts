/** Breaks Redis: all of it, one fault at a time, or what one process has of it. */
import type { RedisUnderTest } from './adapter.ts'
import type { Fleet } from './fleet.ts'
import type { RedisFaultRecord } from './history.ts'
import { pause } from './pause.ts'
import { REDIS_FAULTS, type PlannedFault, type PlannedRedisFault, type RedisFault } from './plan.ts'

/** How long Redis is left alone after a fault: else nothing would ever go over it. */
const REST_MS = 2000

export const isRedisFault = (kind: PlannedFault['kind']): kind is RedisFault =>
  REDIS_FAULTS.some((one) => one === kind)

/** A fault of this kind happens to one process. */
const isOfProcess = (kind: RedisFault): boolean => kind === 'redis-latency' || kind === 'redis-cut'

type RedisFaultOptions = Fleet & {
  readonly redis: RedisUnderTest
  /** Ends what lasts. */
  readonly ending: AbortSignal
}

export class RedisFaults {
  readonly records: RedisFaultRecord[] = []
  readonly #options: RedisFaultOptions
  /** Processes, and `undefined` for Redis itself, that were in trouble until a moment ago, or are. */
  readonly #busy = new Set<number | undefined>()

  constructor(options: RedisFaultOptions) {
    this.#options = options
  }

  mayBreak(kind: RedisFault): boolean {
    return this.#breakable(kind).length > 0
  }

  async break({ kind, pick, ms, lateMs }: PlannedRedisFault): Promise<void> {
    const breakable = this.#breakable(kind)
    const process = breakable[pick % breakable.length]
    this.#busy.add(process)
    const record = { kind, process, from: Date.now(), to: Number.POSITIVE_INFINITY }
    this.records.push(record)
    if (process === undefined) await this.#hurtAll(kind, ms)
    else await this.#hurtOne(process, kind === 'redis-cut' ? 'cut' : { lateMs }, ms)
    record.to = Date.now()
    await pause(REST_MS, this.#options.ending)
    this.#busy.delete(process)
  }

  #breakable(kind: RedisFault): (number | undefined)[] {
    const all = isOfProcess(kind) ? this.#options.roles.map((_, process) => process) : [undefined]
    return all.filter((one) => !this.#busy.has(one))
  }

  async #hurtAll(kind: RedisFault, ms: number): Promise<void> {
    const { redis, ending } = this.#options
    if (kind === 'redis-flush') return redis.flush()
    if (kind === 'redis-kill') {
      await redis.kill()
      await pause(ms, ending)
      return redis.start()
    }
    redis.freeze()
    await pause(ms, ending)
    redis.thaw()
  }

  async #hurtOne(
    process: number,
    state: Parameters<RedisUnderTest['of']>[1],
    ms: number,
  ): Promise<void> {
    const { redis, ending } = this.#options
    redis.of(process, state)
    await pause(ms, ending)
    redis.of(process, 'open')
  }
}
