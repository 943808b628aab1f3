/** Bus and chunk log: within this process, or between those on one PostgreSQL, over Redis where there is one. */
import { randomUUID } from 'node:crypto'
import { ConfigError } from './domain/errors.ts'
import type { EngineEvents } from './engine/ports.ts'
import type { OpenedRedis } from './open-redis.ts'
import type { Fallback, Way } from './queue/fallback/fallback.ts'
import { createLocalBus, createLocalChunkLog } from './queue/local.ts'
import { createShared, type Shared } from './queue/shared.ts'
import type { Store } from './store/database.ts'
import { createNotices } from './store/notices.ts'
import { createRunTails } from './store/run-tails.ts'
import type { Log } from './telemetry/log.ts'

export type SharedOptions = {
  readonly store: Store
  readonly redis: OpenedRedis | undefined
  readonly log: Log | undefined
  readonly onError: EngineEvents['error']
}

export type OpenShared = Shared & {
  /** Undefined where there is none. */
  readonly redisAnswers: () => boolean | undefined
}

/** @throws ConfigError for a Redis that has no PostgreSQL beside it */
export const openShared = async (options: SharedOptions): Promise<OpenShared> => {
  const { db, schema, embedded, directUrl: url } = options.store
  if (options.redis && embedded)
    throw new ConfigError(
      'Redis is for several processes, and what they share is kept in PostgreSQL: set database.url too, or leave redis out.',
    )
  if (url === undefined) return openLocal()
  const onError = (error: Error) => options.onError(error, { during: 'talking to other processes' })
  const name = randomUUID()
  const postgres: Way = {
    tails: createRunTails(db, schema),
    wire: createNotices(db, { name, schema, url, onError }),
  }
  const fallback = options.redis && (await overRedis(options.redis, { ...options, name, postgres }))
  const shared = createShared({ name, ...(fallback ?? postgres), onError })
  return {
    ...shared,
    redisAnswers: () => fallback?.isAvailable,
    async [Symbol.asyncDispose]() {
      await shared[Symbol.asyncDispose]()
      await fallback?.[Symbol.asyncDispose]()
    },
  }
}

const openLocal = (): OpenShared => {
  const log = createLocalChunkLog()
  return {
    bus: createLocalBus(),
    log,
    redisAnswers: () => undefined,
    [Symbol.asyncDispose]: async () => log[Symbol.dispose](),
  }
}

type OverRedis = Pick<SharedOptions, 'log'> & {
  readonly name: string
  readonly postgres: Way
}

const overRedis = async (
  { address, voice }: OpenedRedis,
  { name, postgres, log }: OverRedis,
): Promise<Fallback> => {
  // Nobody else pays for what only this needs.
  const { createFallback } = await import('./queue/fallback/fallback.ts')
  const { openRedisWay } = await import('./queue/redis/redis.ts')
  return createFallback({
    name,
    openFast: (onTrouble) => openRedisWay({ address, name, onError: onTrouble }),
    slow: postgres,
    onError: (error) => voice.away('way', error),
    onChange: (isAvailable) => {
      if (isAvailable) voice.back('way')
      const way = isAvailable ? 'redis' : 'postgresql'
      log?.info({ host: address.host, way }, 'way between processes')
    },
  })
}
