/** What runs say, kept in Redis: as in PostgreSQL, and gone by itself. */
import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { TailWrite } from '../../../src/domain/run-tail.ts'
import { connectRedis, readRedisAddress } from '../../../src/queue/redis/connection.ts'
import { createRedisTails } from '../../../src/queue/redis/tails.ts'
import type { TailStore } from '../../../src/queue/shared.ts'
import { describeTailStore } from '../../conformance/tail-store.ts'
import { needsOwnRedis } from '../../support/needs-redis.ts'
import { freePort } from '../../support/ports.ts'
import { startRedis, type RedisServer } from '../../support/redis.ts'
import { eventually } from '../../support/eventually.ts'

let server: RedisServer
let redis: Redis
let admin: Redis
let tails: TailStore
needsOwnRedis()
beforeAll(async () => {
  if (!inject('redisStarts')) return
  server = await startRedis()
  const address = readRedisAddress({ url: server.url, prefix: 'test' })
  redis = connectRedis(address, () => undefined)
  await new Promise((resolve) => redis.once('ready', resolve))
  tails = createRedisTails(redis, address)
  admin = new Redis(server.url)
})
afterAll(async () => {
  redis?.disconnect()
  admin?.disconnect()
  await server?.stop()
})

const keysOf = (runId: string) => [`test:{${runId}}:head`, `test:{${runId}}:rows`] as const

const begin = (runId: string): TailWrite => ({
  ...{ runId, epoch: 1, stream: 'a', after: null, last: 1 },
  ...{ entries: '[{"n":1}]', snapshot: null, trim: null },
})
const next = (runId: string): TailWrite => ({ ...begin(runId), after: 1, last: 2 })

const place = (runId: string) => ({ runId, epoch: 0, stream: null, last: 0, snapshots: 0 })

describeTailStore('Redis', () => ({
  tails,
  lose: async (runId) => void (await admin.del(...keysOf(runId))),
}))

describe('a tail in Redis', () => {
  it.each([0, 1])('is gone as a whole when one of its keys is: %s', async (lost) => {
    const runId = `half ${lost}`
    await tails.write([begin(runId)])
    await admin.del(keysOf(runId)[lost]!)
    expect(await tails.read([place(runId)])).toEqual([])
    expect(await tails.write([next(runId)])).toEqual(new Set())
    expect(await tails.write([begin(runId)])).toEqual(new Set([runId]))
    expect(await tails.read([place(runId)])).toHaveLength(1)
  })

  it('expires when nobody writes; words put that off now and then, and a silent writer each time', async () => {
    const runId = 'expires'
    const left = async () =>
      Math.min(...(await Promise.all(keysOf(runId).map((key) => admin.pttl(key)))))
    const age = async () => {
      for (const key of keysOf(runId)) await admin.pexpire(key, 5000)
    }
    await tails.write([begin(runId)])
    expect(await left()).toBeGreaterThan(120_000)
    await age()
    for (let last = 2; last <= 40; last++)
      await tails.write([{ ...next(runId), after: last - 1, last }])
    expect(await left()).toBeGreaterThan(120_000)
    await age()
    await tails.write([{ ...next(runId), after: 40, last: 40, entries: null }])
    expect(await left()).toBeGreaterThan(120_000)
  })

  it('has its keys in one place of a cluster', async () => {
    const settings = ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())]
    await using node = await startRedis({ settings })
    const cluster = new Redis(node.url)
    await cluster.cluster('ADDSLOTSRANGE', 0, 16383)
    await eventually(async () => expect(await cluster.cluster('INFO')).toContain('state:ok'))
    const address = readRedisAddress({ url: node.url, prefix: 'test' })
    const inCluster = createRedisTails(cluster, address)
    expect(await inCluster.write([begin('one'), begin('two')])).toEqual(new Set(['one', 'two']))
    expect(await inCluster.read([place('one'), place('two')])).toHaveLength(2)
    await inCluster.drop('one', 1)
    expect(await cluster.dbsize()).toBe(2)
    cluster.disconnect()
  })

  it('is written and read on when the server has forgotten the scripts', async () => {
    await tails.write([begin('scripts')])
    await admin.script('FLUSH')
    expect(await tails.write([next('scripts'), begin('scripts too')])).toEqual(
      new Set(['scripts', 'scripts too']),
    )
    await admin.script('FLUSH')
    expect(await tails.read([place('scripts'), place('scripts too')])).toHaveLength(2)
  })

  it('fails with a sentence, and says nothing of what was written', async () => {
    await admin.config('SET', 'maxmemory', '1')
    const secret = { ...begin('full'), entries: '[{"secret":1}]' }
    const failure = await tails.write([secret]).catch((error: unknown) => error)
    await admin.config('SET', 'maxmemory', '0')
    expect(failure).toMatchObject({ code: 'QUEUE_UNAVAILABLE' })
    expect(inspect(failure, { depth: 10 })).not.toContain('secret')
    expect((failure as Error).message).toContain(`127.0.0.1:${server.port} is full`)
  })
})
