/** What Redis is used for keeps its promises on Valkey too, over TLS and with the rights that docs/operations.md has. */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { createBullQueue } from '../../../src/queue/bullmq.ts'
import { connectRedis, readRedisAddress } from '../../../src/queue/redis/connection.ts'
import { createRedisTails } from '../../../src/queue/redis/tails.ts'
import { describeRunQueue } from '../../conformance/run-queue.ts'
import { describeTailStore } from '../../conformance/tail-store.ts'
import { documentedRights } from '../../support/documented-rights.ts'
import { needsOwnValkey } from '../../support/needs-redis.ts'
import { startRedis, type RedisServer } from '../../support/redis.ts'
import { describeSpeaking, said, START } from '../../support/said.ts'
import { startSharing, type Member, type Sharing } from '../../support/sharing.ts'
import { eventually } from '../../support/eventually.ts'
import { watchedRedis } from '../../support/watched-redis.ts'

const isThere = needsOwnValkey()
let valkey: RedisServer
let url: string
let admin: Redis
let redis: Redis
let tails: ReturnType<typeof createRedisTails>
let sharing: Sharing
let here: Member
let there: Member

beforeAll(async () => {
  if (!isThere) return
  valkey = await startRedis({ binary: 'valkey-server', tls: true, users: [documentedRights()] })
  // As NODE_EXTRA_CA_CERTS does at the start of a process.
  setDefaultCACertificates([...getCACertificates(), readFileSync(valkey.ca!, 'utf8')])
  url = valkey.urlOf('outlast', 'password')
  admin = new Redis(valkey.url)
  const address = readRedisAddress({ url })
  redis = connectRedis(address, () => undefined)
  tails = createRedisTails(redis, address)
  sharing = await startSharing()
  here = await sharing.join({ redis: url })
  there = await sharing.join({ redis: url })
  await eventually(
    () => {
      expect(redis.status).toBe('ready')
      for (const { changes } of [here, there]) expect(changes.at(-1)).toBe(true)
    },
    { timeout: 30_000 },
  )
})
afterAll(async () => {
  await sharing?.[Symbol.asyncDispose]()
  redis?.disconnect()
  admin?.disconnect()
  await valkey?.stop()
})

const queues: AsyncDisposable[] = []
afterEach(async () => {
  for (const queue of queues.splice(0)) await queue[Symbol.asyncDispose]()
})

describeTailStore('Valkey', () => ({
  tails,
  lose: async (runId) =>
    void (await admin.del(`outlast:{${runId}}:head`, `outlast:{${runId}}:rows`)),
}))

describeSpeaking('over Valkey', () => here)

describeRunQueue('BullMQ on Valkey', () => {
  const queue = createBullQueue({
    address: readRedisAddress({ url, prefix: `outlast:${randomUUID()}` }),
    leaseTtlMs: 1000,
    onError: (error) => expect.unreachable(error.message),
  })
  queues.push(queue)
  return queue
})

it('what one process says is read in another one, and PostgreSQL is not needed for it', async () => {
  await here.log.append('said', said(1, 3))
  await eventually(
    async () => expect((await there.log.read('said', START)).entries).toHaveLength(3),
    { timeout: 30_000, interval: 50 },
  )
  expect(await admin.exists('outlast:{said}:head')).toBe(1)
  expect([...here.errors, ...there.errors]).toEqual([])
})

it('nobody finds anything to complain about', async () => {
  using watched = watchedRedis({ url })
  const { heard, watch } = watched
  await expect.poll(() => watch.answers).toBe(true)
  expect(heard).toEqual([])
})
