/** Redis as a way between processes: tails in its streams, notices over its channels, and one connection for all commands. */
import type { FastWay } from '../fallback/fallback.ts'
import { connectRedis, disconnectRedis } from './connection.ts'
import { explain } from './failure.ts'
import { createRedisTails } from './tails.ts'
import { createRedisWire, type RedisWireOptions } from './wire.ts'

const PROBE_LIVES_MS = 10_000

export const openRedis = (options: RedisWireOptions): FastWay => {
  const { address, onError } = options
  const redis = connectRedis(address, onError)
  return {
    tails: createRedisTails(redis, address),
    wire: createRedisWire(redis, options),
    async probe() {
      if (redis.status !== 'ready') return false
      try {
        // One that is full, or a replica, answers and takes nothing.
        await redis.set(`${address.prefix}:probe`, '', 'PX', PROBE_LIVES_MS)
        return true
      } catch (thrown) {
        throw explain(thrown, address)
      }
    },
    async [Symbol.asyncDispose]() {
      disconnectRedis(redis)
    },
  }
}
