import { describe, expect, test } from 'vitest'
import { readRedisAddress } from '../../../src/queue/redis/connection.ts'
import { RedisWatch, warningsOf } from '../../../src/queue/redis/watch.ts'
import { needsOwnRedis } from '../../support/needs-redis.ts'
import { startRedis } from '../../support/redis.ts'

describe('who watches a Redis', () => {
  needsOwnRedis()

  test('says once that it goes and once that it comes', async () => {
    await using redis = await startRedis()
    const heard: string[] = []
    using watch = new RedisWatch(readRedisAddress(redis), {
      away: ({ message }) => heard.push(message),
      back: () => heard.push('back'),
      unsafe: ({ message }) => heard.push(message),
    })
    await expect.poll(() => watch.answers).toBe(true)
    await redis.kill()
    await expect
      .poll(() => heard, { timeout: 10_000 })
      .toEqual([expect.stringContaining('does not answer')])
    expect(watch.answers).toBe(false)
    await redis.start()
    await expect.poll(() => heard, { timeout: 20_000 }).toEqual([expect.anything(), 'back'])
    expect(watch.answers).toBe(true)
  })

  test('says that it evicts keys', async () => {
    await using redis = await startRedis({
      settings: ['--maxmemory', '10mb', '--maxmemory-policy', 'allkeys-lru'],
    })
    const heard: string[] = []
    using watch = new RedisWatch(readRedisAddress(redis), {
      away: ({ message }) => heard.push(message),
      back: () => heard.push('back'),
      unsafe: ({ message }) => heard.push(message),
    })
    await expect.poll(() => heard).toEqual([expect.stringContaining('Set it to noeviction')])
    expect(watch.answers).toBe(true)
  })
})

test.each([
  ['redis_version:7.0.15\r\nmaxmemory_policy:noeviction\r\n', []],
  ['redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.0\r\n', []],
  ['redis_version:6.2.14\r\n', [expect.stringContaining('version 6.2.14')]],
  [
    'redis_version:7.4.0\r\nmaxmemory_policy:volatile-ttl\r\n',
    [expect.stringContaining('volatile-ttl')],
  ],
])('of a server that says %j', (info, warnings) => {
  expect(warningsOf(info, 'redis:6379')).toEqual(warnings)
})
