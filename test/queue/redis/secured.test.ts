/** Over TLS, as a user who may touch nothing but our keys and channels: with the rights that docs/operations.md has. */
import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Signal } from '../../../src/engine/ports.ts'
import { createBullQueue } from '../../../src/queue/bullmq.ts'
import { readRedisAddress } from '../../../src/queue/redis/connection.ts'
import { documentedRights } from '../../support/documented-rights.ts'
import { needsOwnRedis } from '../../support/needs-redis.ts'
import { outageProxy, type OutageProxy } from '../../support/outage-proxy.ts'
import { startRedis, type RedisServer } from '../../support/redis.ts'
import { describeSpeaking, said, snapshot, START } from '../../support/said.ts'
import { startSharing, type Member, type Sharing } from '../../support/sharing.ts'
import { eventually } from '../../support/eventually.ts'
import { watchedRedis } from '../../support/watched-redis.ts'

needsOwnRedis()
let redis: RedisServer
let admin: Redis
let proxy: OutageProxy
let url: string
let sharing: Sharing
let here: Member
let there: Member

const LONG = { timeout: 30_000, interval: 20 }

beforeAll(async () => {
  if (!inject('redisStarts')) return
  redis = await startRedis({ tls: true })
  // As NODE_EXTRA_CA_CERTS does at the start of a process.
  setDefaultCACertificates([...getCACertificates(), readFileSync(redis.ca!, 'utf8')])
  admin = new Redis(redis.url)
  expect(await admin.call('ACL', 'SETUSER', ...documentedRights().split(' '))).toBe('OK')
  proxy = await outageProxy(redis.urlOf('outlast', 'password'))
  url = proxy.url
  sharing = await startSharing()
  here = await sharing.join({ redis: url })
  there = await sharing.join({ redis: url })
  await haveRedis(true)
})
afterAll(async () => {
  await sharing?.[Symbol.asyncDispose]()
  await proxy?.[Symbol.asyncDispose]()
  admin?.disconnect()
  await redis?.stop()
})

const haveRedis = (isSo: boolean) =>
  eventually(() => {
    for (const { changes } of [here, there]) expect(changes.at(-1)).toBe(isSo)
  }, LONG)

/** Reads until it has all words of a run, in which there must be nothing twice. */
const reads = async (member: Member, runId: string, last: number) => {
  const words: number[] = []
  await eventually(async () => {
    const { entries, snapshot: found } = await member.log.read(runId, {
      ...START,
      ...(words.length > 0 ? { epoch: 1, n: words.at(-1)! } : {}),
    })
    if (found && found.n > (words.at(-1) ?? 0)) words.push(found.n)
    words.push(...entries.map(({ n }) => n).filter((n) => n > (words.at(-1) ?? 0)))
    expect(words.at(-1)).toBe(last)
  }, LONG)
}

describeSpeaking('over TLS', () => here)

it('who watches it sees it, and finds nothing to complain about', async () => {
  using watched = watchedRedis({ url })
  const { heard, watch } = watched
  await expect.poll(() => watch.answers).toBe(true)
  expect(heard).toEqual([])
})

it('runs are handed to a worker, and counted', async () => {
  const troubles: string[] = []
  await using queue = createBullQueue({
    address: readRedisAddress({ url }),
    leaseTtlMs: 1000,
    onError: ({ message }) => troubles.push(message),
  })
  const taken: string[] = []
  const done = Promise.withResolvers<void>()
  queue.work(async ({ runId }) => {
    taken.push(runId)
    await done.promise
    return 'handled'
  }, 2)
  await queue.offer({ runId: 'a', epoch: 0 })
  await expect.poll(() => taken).toEqual(['a'])
  await expect.poll(() => queue.counts()).toMatchObject({ active: 1 })
  // Its lock is renewed meanwhile, by more scripts.
  await new Promise((resolve) => setTimeout(resolve, 1500))
  done.resolve()
  await expect.poll(() => queue.counts()).toMatchObject({ active: 0 })
  expect(troubles).toEqual([])
})

it('a run is read in another process, signals are heard, and nothing is left when it is dropped', async () => {
  const signals: Signal[] = []
  const leave = there.bus.subscribe('*', (signal) => signals.push(signal))
  await here.log.append('read', said(1, 3))
  await reads(there, 'read', 3)
  await here.log.compact('read', snapshot(3))
  await here.log.append('read', said(4, 5))
  await reads(there, 'read', 5)
  expect(await admin.exists('outlast:{read}:head')).toBe(1)
  here.bus.publish({ kind: 'stop', runId: 'read' })
  await eventually(() => expect(signals).toContainEqual({ kind: 'stop', runId: 'read' }), LONG)
  leave()
  await here.log.drop('read', 1)
  await eventually(async () => expect(await admin.exists('outlast:{read}:head')).toBe(0), LONG)
  expect([...here.errors, ...there.errors]).toEqual([])
})

it('while it is cut off everything goes over PostgreSQL, and over it again afterwards', async () => {
  proxy.down()
  await haveRedis(false)
  await here.log.append('cut', said(1, 2))
  await reads(there, 'cut', 2)
  proxy.up()
  await haveRedis(true)
  await here.log.append('cut', said(3, 4))
  await reads(there, 'cut', 4)
  await eventually(async () => expect(await admin.exists('outlast:{cut}:head')).toBe(1), LONG)
})

describe('that user', () => {
  it.each([
    ['set', 'theirs', 'x'],
    ['get', 'theirs'],
    ['publish', 'theirs', 'x'],
    ['subscribe', 'theirs'],
    ['eval', "return redis.call('get', 'theirs')", '0'],
    ['flushall'],
    ['keys', '*'],
    ['config', 'get', '*'],
    ['acl', 'list'],
  ])('may not %s %s', async (command, ...words) => {
    const user = new Redis(redis.urlOf('outlast', 'password'))
    try {
      await expect(user.call(command, ...words)).rejects.toThrow(
        /NOPERM|No permissions|can't access/,
      )
    } finally {
      user.disconnect()
    }
  })
})
