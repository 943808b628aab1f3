import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { warningsOf } from '../../../src/queue/redis/watch.ts'
import { needsOwnRedis } from '../../support/needs-redis.ts'
import { startRedis } from '../../support/redis.ts'
import { watchedRedis } from '../../support/watched-redis.ts'

describe('who watches a Redis', () => {
  needsOwnRedis()

  test('says once that it goes and once that it comes', async () => {
    await using redis = await startRedis()
    using watched = watchedRedis(redis)
    const { heard, watch } = watched
    await expect.poll(() => watch.answers).toBe(true)
    await redis.kill()
    await expect.poll(() => heard).toEqual([expect.stringContaining('does not answer')])
    expect(watch.answers).toBe(false)
    await redis.start()
    await expect.poll(() => heard, { timeout: 20_000 }).toEqual([expect.anything(), 'back'])
    expect(watch.answers).toBe(true)
  })

  test('says that it is full, or a replica, although it answers', async () => {
    await using redis = await startRedis()
    const admin = new Redis(redis.url)
    using watched = watchedRedis(redis)
    const { heard, watch } = watched
    await expect.poll(() => watch.answers).toBe(true)
    await admin.config('SET', 'maxmemory', '1')
    await expect.poll(() => watch.answers).toBe(false)
    await admin.config('SET', 'maxmemory', '0')
    await expect.poll(() => watch.answers).toBe(true)
    await admin.replicaof('127.0.0.1', '1')
    await expect.poll(() => watch.answers).toBe(false)
    expect(heard).toEqual([
      expect.stringContaining('is full'),
      'back',
      expect.stringContaining('is a replica'),
    ])
    admin.disconnect()
  })

  test('uses no other database than the one of its address', async () => {
    await using redis = await startRedis({ settings: ['--databases', '2'] })
    const admin = new Redis(redis.url)
    using watched = watchedRedis({ url: `${redis.url}/7` })
    const { heard, watch } = watched
    const connections = async () => {
      const stats = await admin.info('stats')
      return Number(/total_connections_received:(\d+)/.exec(stats)?.[1])
    }
    // More than ours and its first one: it has tried again.
    await expect.poll(connections).toBeGreaterThan(3)
    expect(heard).toEqual([expect.stringContaining('has no database of the number')])
    expect(watch.answers).toBe(false)
    expect(await admin.dbsize()).toBe(0)
    admin.disconnect()
  })

  test('says that it evicts keys', async () => {
    await using redis = await startRedis({
      settings: ['--maxmemory', '10mb', '--maxmemory-policy', 'allkeys-lru'],
    })
    using watched = watchedRedis(redis)
    const { heard, watch } = watched
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
