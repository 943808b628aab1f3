/** Bus and chunk log: within this process, or between those on one PostgreSQL. */
import { randomUUID } from 'node:crypto'
import { ConfigError } from './domain/errors.ts'
import type { EngineEvents } from './engine/ports.ts'
import { createLocalBus, createLocalChunkLog } from './queue/local.ts'
import { readRedisAddress } from './queue/redis/connection.ts'
import { createShared, type Shared } from './queue/shared.ts'
import type { Store } from './store/database.ts'
import { createNotices } from './store/notices.ts'
import { createRunTails } from './store/run-tails.ts'

export type RedisOptions = {
  /** `redis://user:password@host:6379/0`, or `rediss://` for TLS. */
  readonly url: string
  /** What keys and channels begin with: `outlast` unless set, another one for each deployment on the same Redis. */
  readonly prefix?: string | undefined
}

export type SharedOptions = {
  readonly store: Store
  readonly redis: RedisOptions | undefined
  readonly onError: EngineEvents['error']
}

export const openShared = ({ store, redis, onError: report }: SharedOptions): Shared => {
  const { db, schema, embedded, directUrl: url } = store
  if (redis) {
    readRedisAddress(redis)
    if (embedded)
      throw new ConfigError(
        'Redis is for several processes, and what they share is kept in PostgreSQL: set database.url too, or leave redis out.',
      )
  }
  if (url === undefined) {
    const log = createLocalChunkLog()
    return { bus: createLocalBus(), log, [Symbol.asyncDispose]: async () => log[Symbol.dispose]() }
  }
  const onError = (error: Error) => report(error, { during: 'talking to other processes' })
  const name = randomUUID()
  return createShared({
    name,
    tails: createRunTails(db, schema),
    wire: createNotices(db, { name, schema, url, onError }),
    onError,
  })
}
