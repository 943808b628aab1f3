import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, inject, test } from 'vitest'
import type { Offer } from '../../src/engine/ports.ts'
import { createBullQueue, type BullQueue } from '../../src/queue/bullmq.ts'
import { readRedisAddress } from '../../src/queue/redis/connection.ts'
import { describeRunQueue } from '../conformance/run-queue.ts'
import { needsOwnRedis, needsRedis } from '../support/needs-redis.ts'
import { startRedis, type RedisServer } from '../support/redis.ts'

const WORKER = fileURLToPath(new URL('fixtures/bull-worker.ts', import.meta.url))

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
  const working = queue.work(async ({ runId }) => {
    taken.push(runId)
    await handler()
    return 'handled'
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

  test('a run whose job was evicted is taken all the same', async () => {
    const redis = await own()
    const queue = open(redis.url, 'ours')
    await queue.offer({ runId: '01a1-evicted', epoch: 3 })
    const admin = new Redis(redis.url)
    expect(await admin.del('ours:runs:01a1-evicted-3')).toBe(1)
    admin.disconnect()
    const taken: Offer[] = []
    queue.work(async (offer) => {
      taken.push(offer)
      return 'handled'
    }, 1)
    await expect.poll(() => taken).toEqual([{ runId: '01a1-evicted', epoch: 3 }])
  })

  test('a Redis that dies and comes back is said by others, and the same worker goes on', async () => {
    const redis = await own()
    const queue = open(redis.url)
    const { taken } = taking(queue)
    await queue.offer({ runId: 'a', epoch: 0 })
    await expect.poll(() => taken).toEqual(['a'])
    await redis.kill()
    for (let epoch = 0; epoch < 20; epoch++) await queue.offer({ runId: 'nobody', epoch })
    expect(queue.isAway).toBe(true)
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
    expect(queue.troubles).toEqual([])
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
    const none = { waiting: 0, delayed: 0, active: 0, failed: 0 }
    await expect.poll(() => queue.counts()).toEqual(none)
    const jobs = await asked(redis.url, (client) => client.keys('*run-*'))
    expect(jobs).toEqual([])
    // What happened is a stream that Redis cuts in blocks of about a hundred.
    const [events] = await asked(redis.url, (client) => client.keys('*:events'))
    expect(await asked(redis.url, (client) => client.xlen(events!))).toBeLessThan(300)
  })

  test('a run in the hands of a worker that was killed is handed to another one', async () => {
    const redis = await own()
    const worker = spawn(process.execPath, [WORKER, redis.url, 'ours'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const queue = open(redis.url, 'ours')
    try {
      const took = once(worker.stdout, 'data')
      await queue.offer({ runId: 'a', epoch: 3 })
      expect(String((await took)[0])).toBe('took a\n')
    } finally {
      worker.kill('SIGKILL')
    }
    const { taken } = taking(queue)
    await expect.poll(() => taken, { timeout: 20_000 }).toEqual(['a'])
  })

  test('what one worker declines is offered until somebody takes it', async () => {
    const redis = await own()
    const [full, other] = [open(redis.url, 'ours'), open(redis.url, 'ours')]
    let declined = 0
    full.work(async () => {
      declined++
      return 'declined'
    }, 5)
    await full.offer({ runId: 'a', epoch: 0 })
    await expect.poll(() => declined).toBeGreaterThan(1)
    const { taken } = taking(other)
    await expect.poll(() => taken).toEqual(['a'])
    expect([...full.troubles, ...other.troubles]).toEqual([])
  })

  test('a worker that leaves gives back what comes to it, at once', async () => {
    const redis = await own()
    const [first, second] = [open(redis.url, 'ours'), open(redis.url, 'ours')]
    const { taken: early, leave } = taking(first)
    await leave()
    const { taken } = taking(second)
    for (let n = 0; n < 20; n++) await second.offer({ runId: `run-${n}`, epoch: 0 })
    await expect.poll(() => taken).toHaveLength(20)
    expect(early).toEqual([])
  })

  test('a user hears what it may not do', async () => {
    const redis = await startRedis({ users: ['ann on >s3cret ~ours:* +@all'] })
    opened.push(redis)
    const foreign = open(redis.urlOf('ann', 's3cret'), 'theirs')
    await foreign.offer({ runId: 'a', epoch: 0 })
    expect(foreign.troubles).toEqual([expect.stringContaining('does not let ann do all')])
    expect(foreign.troubles.join()).not.toContain('s3cret')
  })

  test('what does not answer keeps nobody: a hundred offers, a count and the end come to an end', async () => {
    const redis = await own()
    const queue = open(redis.url)
    const { taken } = taking(queue)
    await queue.offer({ runId: 'a', epoch: 0 })
    await expect.poll(() => taken).toEqual(['a'])
    redis.freeze()
    // With the patience that one may have, all of them would outlast this test.
    for (let epoch = 1; epoch <= 100; epoch++) await queue.offer({ runId: 'a', epoch })
    await expect(queue.counts()).rejects.toThrow()
    await queue[Symbol.asyncDispose]()
    redis.thaw()
  })
})

const asked = async <T>(url: string, question: (client: Redis) => Promise<T>): Promise<T> => {
  const client = new Redis(url)
  try {
    return await question(client)
  } finally {
    client.disconnect()
  }
}
