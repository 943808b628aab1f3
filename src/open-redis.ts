/** The Redis beside PostgreSQL: where it is, and what this process says of it. */
import { ConfigError, QueueUnavailableError } from './domain/errors.ts'
import type { EngineEvents } from './engine/ports.ts'
import type { RedisAddress } from './queue/redis/connection.ts'
import type { Log } from './telemetry/log.ts'
import { OutageVoice } from './telemetry/outage-voice.ts'

export type RedisOptions = {
  /** `redis://user:password@host:6379/0`, or `rediss://` for TLS. */
  readonly url: string
  /** What keys and channels begin with: `outlast` unless set, another one for each deployment on the same Redis. */
  readonly prefix?: string | undefined
}

/** Each finds out over connections of its own: the watch, and the way between processes. */
export type RedisPart = 'watch' | 'way'

export type OpenedRedis = { readonly address: RedisAddress; readonly voice: OutageVoice<RedisPart> }

export type OpenRedisOptions = {
  readonly log: Log | undefined
  readonly onError: EngineEvents['error']
}

/** @throws ConfigError when the address is none */
export const openRedis = async (
  redis: RedisOptions,
  { log, onError }: OpenRedisOptions,
): Promise<OpenedRedis> => {
  // Nobody else pays for what only this needs.
  const { readRedisAddress } = await import('./queue/redis/connection.ts')
  const address = readRedisAddress(redis)
  const { host } = address
  const voice = new OutageVoice<RedisPart>({
    tell: (error) => onError(withConsequence(error), { during: 'using Redis' }),
    back: () => log?.warn({ host }, 'Redis answers again, and everything goes over it as before'),
  })
  return { address, voice }
}

const withConsequence = (error: Error): Error => {
  const message = `${error.message} Until then everything goes on over PostgreSQL, slower.`
  return error instanceof ConfigError
    ? new ConfigError(message)
    : new QueueUnavailableError(message)
}
