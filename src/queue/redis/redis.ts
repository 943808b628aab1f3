/** Redis as a way between processes: tails in its streams, notices over its channels, and one connection for all commands. */
import type { FastWay } from '../fallback/fallback.ts'
import { connectRedis, disconnectRedis } from './connection.ts'
import { probe } from './probe.ts'
import { createRedisTails } from './tails.ts'
import { createRedisWire, type RedisWireOptions } from './wire.ts'

export const openRedisWay = (options: RedisWireOptions): FastWay => {
  const { address, onError } = options
  const redis = connectRedis(address, onError)
  return {
    tails: createRedisTails(redis, address),
    wire: createRedisWire(redis, options),
    async probe() {
      if (redis.status !== 'ready') return false
      await probe(redis, address)
      return true
    },
    async [Symbol.asyncDispose]() {
      disconnectRedis(redis)
    },
  }
}
