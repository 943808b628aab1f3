/** Skips tests where there is no Redis, and says why. */
import { beforeEach, inject } from 'vitest'
import { findRedisBinary } from './redis.ts'

export const NO_REDIS =
  'Tests that need Redis are skipped: set TEST_REDIS_URL, let Redis 7 or newer or Valkey listen on 127.0.0.1:6379, or install redis-server.'

export const NO_BINARY =
  'Tests that break a Redis of their own are skipped: install redis-server or valkey-server.'

export const NO_VALKEY =
  'Tests of Valkey are skipped: install valkey-server. The same tests run on Redis all the same.'

/** All tests of this file or suite share the Redis of `inject('redisUrl')`: keys get a prefix, and nobody flushes it. */
export const needsRedis = (): void =>
  beforeEach(({ skip }) => skip(inject('redisUrl') === undefined, NO_REDIS))

/** All tests of this file or suite start a Redis of their own. */
export const needsOwnRedis = (): void =>
  beforeEach(({ skip }) => skip(!inject('redisStarts'), NO_BINARY))

/** All tests of this file or suite start a Valkey of their own. @returns whether there is one */
export const needsOwnValkey = (): boolean => {
  const isThere = findRedisBinary(['valkey-server']) !== undefined
  beforeEach(({ skip }) => skip(!isThere, NO_VALKEY))
  return isThere
}
