import { Redis } from 'ioredis'
import { describe, expect, inject, test, vi } from 'vitest'
import { needsOwnRedis, needsRedis } from './needs-redis.ts'
import { findRedis, startRedis } from './redis.ts'

const connect = (url: string) =>
  Object.assign(new Redis(url, { retryStrategy: () => null, maxRetriesPerRequest: 0 }), {
    [Symbol.dispose](this: Redis) {
      this.disconnect()
    },
  }).on('error', () => undefined)

describe('the Redis that all tests share', () => {
  needsRedis()

  test('answers', async () => {
    using redis = connect(inject('redisUrl')!)
    expect(await redis.ping()).toBe('PONG')
  })

  test('one that is named and does not answer is an error, not a skip', async () => {
    vi.stubEnv('TEST_REDIS_URL', 'redis://127.0.0.1:1')
    try {
      await expect(findRedis()).rejects.toThrow(/TEST_REDIS_URL cannot be used: .*ECONNREFUSED/)
    } finally {
      vi.unstubAllEnvs()
    }
  })
})

describe('a Redis of a test', () => {
  needsOwnRedis()

  test('comes back on its port, empty, after it was killed', async () => {
    await using server = await startRedis()
    using before = connect(server.url)
    await before.set('a', '1')
    await server.kill()
    using during = connect(server.url)
    await expect(during.ping()).rejects.toThrow()
    await server.start()
    using after = connect(server.url)
    expect(await after.get('a')).toBeNull()
  })

  test('forgets everything when it is flushed', async () => {
    await using server = await startRedis()
    using redis = connect(server.url)
    await redis.set('a', '1')
    await server.flush()
    expect(await redis.get('a')).toBeNull()
  })

  test('says nothing while it is frozen, and answers after it', async () => {
    await using server = await startRedis()
    using redis = connect(server.url)
    await redis.ping()
    server.freeze()
    let answered = false
    const answer = redis.incr('a').then((value) => {
      answered = true
      return value
    })
    using other = connect(server.url)
    const greeting = other.ping()
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(answered).toBe(false)
    server.thaw()
    expect(await answer).toBe(1)
    expect(await greeting).toBe('PONG')
  })

  test('executes nothing while it is paused', async () => {
    await using server = await startRedis()
    using redis = connect(server.url)
    await redis.ping()
    const from = Date.now()
    await server.pause(300)
    await redis.incr('a')
    expect(Date.now() - from).toBeGreaterThanOrEqual(299)
  })

  test('is gone when it is stopped, also while it was frozen', async () => {
    const server = await startRedis()
    server.freeze()
    await server.stop()
    using redis = connect(server.url)
    await expect(redis.ping()).rejects.toThrow()
  })

  test('takes settings', async () => {
    await using server = await startRedis({ settings: ['--maxmemory', '2mb'] })
    using redis = connect(server.url)
    expect(await redis.config('GET', 'maxmemory')).toEqual(['maxmemory', '2097152'])
  })
})
