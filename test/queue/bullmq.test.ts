import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { createBullQueue, type BullQueue } from '../../src/queue/bullmq.ts'
import { readRedisAddress } from '../../src/queue/redis/connection.ts'
import { describeRunQueue } from '../conformance/run-queue.ts'
import { needsOwnRedis, needsRedis } from '../support/needs-redis.ts'
import { startRedis, type RedisServer } from '../support/redis.ts'

const opened: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one[Symbol.asyncDispose]()
})

type Opened = BullQueue & { readonly troubles: string[] }

const open = (url: string, prefix: string = randomUUID()): Opened => {
  const troubles: string[] = []
  const queue = createBullQueue({
    address: readRedisAddress({ url, prefix }),
    leaseTtlMs: 1000,
    onError: ({ message }) => troubles.push(message),
  })
  opened.push(queue)
  return Object.assign(queue, { troubles })
}

describe('on a Redis', () => {
  needsRedis()
  describeRunQueue('BullMQ', () => open(inject('redisUrl')!))
})

const taking = (queue: BullQueue, handler = async () => undefined as void) => {
  const taken: string[] = []
  const working = queue.work(async (runId) => {
    taken.push(runId)
    await handler()
  }, 5)
  return { taken, leave: async () => working[Symbol.asyncDispose]() }
}

describe('on a Redis of its own', () => {
  needsOwnRedis()
  const own = async (settings: readonly string[] = []): Promise<RedisServer> => {
    const redis = await startRedis({ settings })
    opened.push(redis)
    return redis
  }

  test('after everything was flushed, a worker goes on with what is offered then', async () => {
    const redis = await own()
    const queue = open(redis.url, 'ours')
    await queue.offer({ runId: 'lost', epoch: 0 })
    await redis.flush()
    const { taken } = taking(queue)
    await queue.offer({ runId: 'a', epoch: 0 })
    await expect.poll(() => taken).toEqual(['a'])
    await redis.flush()
    await queue.offer({ runId: 'b', epoch: 0 })
    await expect.poll(() => taken).toEqual(['a', 'b'])
    expect(queue.troubles).toEqual([])
  })

  test('a Redis that dies and comes back is said once, and the same worker goes on', async () => {
    const redis = await own()
    const queue = open(redis.url)
    const { taken } = taking(queue)
    await queue.offer({ runId: 'a', epoch: 0 })
    await expect.poll(() => taken).toEqual(['a'])
    await redis.kill()
    for (let epoch = 0; epoch < 20; epoch++) await queue.offer({ runId: 'nobody', epoch })
    expect(queue.troubles).toHaveLength(1)
    await redis.start()
    await expect
      .poll(
        async () => {
          await queue.offer({ runId: 'b', epoch: 0 })
          return taken
        },
        { timeout: 20_000 },
      )
      .toContain('b')
    expect(queue.troubles).toHaveLength(1)
  })

  test('a worker that starts before its Redis begins when that is there', async () => {
    const redis = await own()
    await redis.kill()
    const queue = open(redis.url)
    const { taken } = taking(queue)
    await queue.offer({ runId: 'nobody', epoch: 0 })
    await redis.start()
    await expect
      .poll(
        async () => {
          await queue.offer({ runId: 'a', epoch: 0 })
          return taken
        },
        { timeout: 20_000 },
      )
      .toContain('a')
  })

  test('runs that were in hand while Redis forgot them end without complaints', async () => {
    const redis = await own()
    const queue = open(redis.url)
    const done = Promise.withResolvers<void>()
    const { taken } = taking(queue, () => done.promise)
    await queue.offer({ runId: 'a', epoch: 0 })
    await expect.poll(() => taken).toEqual(['a'])
    await redis.flush()
    // Two renewals of its lock find nothing.
    await new Promise((resolve) => setTimeout(resolve, 1500))
    done.resolve()
    await queue.offer({ runId: 'b', epoch: 0 })
    await expect.poll(() => taken).toEqual(['a', 'b'])
    expect(queue.troubles).toEqual([])
  })

  test('nothing of what has finished is kept', async () => {
    const redis = await own()
    const queue = open(redis.url)
    const { taken } = taking(queue)
    for (let n = 0; n < 500; n++) await queue.offer({ runId: `run-${n}`, epoch: 0 })
    await expect.poll(() => taken).toHaveLength(500)
    await expect
      .poll(() => queue.counts())
      .toEqual({ waiting: 0, delayed: 0, active: 0, failed: 0 })
  })
})
