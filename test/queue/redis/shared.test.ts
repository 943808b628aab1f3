/** What one process says of its runs is read in another one over Redis, and over PostgreSQL while Redis is away. */
import { Redis } from 'ioredis'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import type { LogRead, Signal } from '../../../src/engine/ports.ts'
import { needsOwnRedis } from '../../support/needs-redis.ts'
import { outageProxy, type OutageProxy } from '../../support/outage-proxy.ts'
import { startRedis, type RedisServer } from '../../support/redis.ts'
import { describeSpeaking, said, snapshot, START } from '../../support/said.ts'
import { startSharing, type Member, type Sharing } from '../../support/sharing.ts'
import { eventually } from '../../support/eventually.ts'

needsOwnRedis()
let redis: RedisServer
let admin: Redis
let sharing: Sharing
let here: Member
let there: Member
let proxy: OutageProxy
/** Has a way to Redis of its own, which can be cut. */
let remote: Member

beforeAll(async () => {
  if (!inject('redisStarts')) return
  redis = await startRedis()
  admin = new Redis(redis.url)
  admin.on('error', () => undefined)
  sharing = await startSharing()
  here = await sharing.join({ redis: redis.url })
  there = await sharing.join({ redis: redis.url })
  proxy = await outageProxy(redis.url)
  remote = await sharing.join({ redis: proxy.url })
  await allHaveRedis()
})
afterAll(async () => {
  await sharing?.[Symbol.asyncDispose]()
  await proxy?.[Symbol.asyncDispose]()
  admin?.disconnect()
  await redis?.stop()
})

// Who has failed often has to prove itself for about twenty seconds, and for longer on a busy machine.
const LONG = { timeout: 50_000, interval: 20 }

const hasRedis = (member: Member, isSo = true) =>
  eventually(() => expect(member.changes.at(-1)).toBe(isSo), LONG)

const allHaveRedis = () => Promise.all([here, there, remote].map((one) => hasRedis(one)))

/** Follows a run as its readers do, and never accepts a hole or anything twice. */
const reader = (member: Member, runId: string) => {
  let at = START
  const words: number[] = []
  const read = async () => {
    const { entries, snapshot: found }: LogRead = await member.log.read(runId, at)
    for (const { epoch, n } of entries) {
      if (epoch < at.epoch || (epoch === at.epoch && n <= at.n)) continue
      const follows = epoch > at.epoch ? 1 : at.n + 1
      if (n !== follows && n > (found?.n ?? 0) + 1) throw new Error(`a hole before ${n}`)
      at = { epoch, n }
      words.push(n)
    }
  }
  return {
    words,
    until: (n: number, epoch = 1) =>
      eventually(async () => {
        await read()
        expect(at).toEqual({ epoch, n })
      }, LONG),
  }
}

const tailsInPostgres = async (): Promise<string[]> => {
  const { rows } = await sql<{ runId: string }>`
    select run_id from outlast.ai_chat_run_tails`.execute(sharing.database.db)
  return rows.map(({ runId }) => runId)
}

const tailsInRedis = async (): Promise<string[]> =>
  (await admin.keys('outlast:{*}:head')).map((key) => /\{(.*)\}/.exec(key)![1]!)

/** Who holds a run is what its row says. */
const heldInEpoch = (runId: string, epoch: number) =>
  sharing.database.db.transaction().execute(async (trx) => {
    await sql`set local session_replication_role = replica`.execute(trx)
    await sql`
      insert into outlast.ai_chat_runs (id, chat_id, workspace_id, created_by, driver, status, lease_epoch)
      values (${runId}, ${runId}, 'w', 'u', 'engine', 'running', ${epoch})`.execute(trx)
  })

const oneTo = (last: number) => Array.from({ length: last }, (_, n) => n + 1)

describeSpeaking('over Redis', () => here)

describe('a run of another process', () => {
  it('is read as it grows, and PostgreSQL has nothing of it', async () => {
    const reads = reader(there, 'grows')
    for (let n = 1; n <= 30; n += 3) {
      await here.log.append('grows', said(n, n + 2))
      if (n % 9 === 1) await here.log.compact('grows', snapshot(n + 2))
      await reads.until(n + 2)
    }
    expect(reads.words).toEqual(oneTo(30))
    expect(await tailsInRedis()).toContain('grows')
    expect(await tailsInPostgres()).toEqual([])
    expect([...here.errors, ...there.errors]).toEqual([])
  })

  it('takes little room however long it is, and is gone when it is dropped', async () => {
    const reads = reader(there, 'long')
    for (let n = 1; n <= 400; n += 4) {
      await here.log.append('long', said(n, n + 3, { text: 'x'.repeat(500) }))
      if (n % 64 === 61) await here.log.compact('long', snapshot(n + 3))
      await reads.until(n + 3)
    }
    expect(reads.words).toEqual(oneTo(400))
    expect(await admin.xlen('outlast:{long}:rows')).toBeLessThan(60)
    await here.log.drop('long', 1)
    await eventually(async () => expect(await tailsInRedis()).not.toContain('long'), LONG)
  })

  it('goes on under a higher epoch in a third process, whose word is the last one', async () => {
    const reads = reader(there, 'moves')
    await here.log.append('moves', said(1, 3))
    await reads.until(3)
    await heldInEpoch('moves', 2)
    await remote.log.append('moves', said(1, 2, { epoch: 2 }))
    await reads.until(2, 2)
    await eventually(async () => {
      await expect(here.log.append('moves', said(4, 4))).rejects.toMatchObject({
        code: 'LEASE_LOST',
      })
    })
  })
})

describe('a signal of another process', () => {
  it.each(['stop', 'waiting', 'settled'] as const)('is heard once: %s', async (kind) => {
    const signals: Signal[] = []
    const leave = there.bus.subscribe('*', (signal) => signals.push(signal))
    here.bus.publish({ kind, runId: `run ${kind}` })
    here.bus.publish({ kind, runId: 'the next one' })
    await eventually(() => expect(signals).toContainEqual({ kind, runId: 'the next one' }))
    expect(signals).toHaveLength(2)
    leave()
  })
})

describe('readers lose nothing', () => {
  afterEach(async () => {
    proxy.up()
    redis.thaw()
    await allHaveRedis()
  })

  /** Says three words before, meanwhile and after, each read word by word in both other processes. */
  const through = async (
    runId: string,
    happens: () => Promise<unknown>,
    ends: () => Promise<unknown> = async () => undefined,
  ) => {
    const readers = [reader(there, runId), reader(remote, runId)]
    const say = async (n: number) => {
      await here.log.append(runId, said(n, n))
      await Promise.all(readers.map((one) => one.until(n)))
    }
    for (const n of [1, 2, 3]) await say(n)
    await happens()
    for (const n of [4, 5, 6]) await say(n)
    await ends()
    for (const n of [7, 8, 9]) await say(n)
    for (const { words } of readers) expect(words).toEqual(oneTo(9))
  }

  it('when Redis is emptied', async () => {
    await through('flushed', () => redis.flush())
  })

  it('when Redis is emptied while the run is silent, and somebody comes only then', async () => {
    await here.log.append('silent', said(1, 3))
    await reader(there, 'silent').until(3)
    await redis.flush()
    await reader(remote, 'silent').until(3)
  })

  it('when Redis is killed, and comes back empty', async () => {
    const errors = here.errors.length
    await through(
      'killed',
      () => redis.kill(),
      async () => {
        expect(await tailsInPostgres()).toContain('killed')
        await redis.start()
        await allHaveRedis()
      },
    )
    expect(await tailsInRedis()).toContain('killed')
    expect(here.errors.slice(errors).map(({ message }) => message)).toEqual([
      expect.stringContaining(`Redis at 127.0.0.1:${redis.port} does not answer`),
    ])
  })

  it('when Redis is stopped in its tracks', async () => {
    await through(
      'frozen',
      async () => redis.freeze(),
      async () => {
        redis.thaw()
        await allHaveRedis()
      },
    )
  })

  it('when Redis pauses', async () => {
    await through('paused', () => redis.pause(2500), allHaveRedis)
  })

  it.each(['down', 'stall'] as const)(
    'when one process alone loses Redis, also of its own runs: %s',
    async (fault) => {
      const reads = reader(there, `of the remote: ${fault}`)
      const say = async (n: number) => {
        await remote.log.append(`of the remote: ${fault}`, said(n, n))
        await reads.until(n)
      }
      await say(1)
      await through(
        `for the remote: ${fault}`,
        async () => {
          proxy[fault]()
          await hasRedis(remote, false)
          for (const n of [2, 3]) await say(n)
        },
        async () => {
          expect(here.changes.at(-1)).toBe(true)
          proxy.up()
          await allHaveRedis()
          for (const n of [4, 5]) await say(n)
        },
      )
      expect(reads.words).toEqual([1, 2, 3, 4, 5])
    },
  )

  it('and signals are heard, when one process alone has lost Redis', async () => {
    proxy.down()
    await hasRedis(remote, false)
    const told = async (from: Member, to: Member, runId: string) => {
      const signals: Signal[] = []
      const leave = to.bus.subscribe(runId, (signal) => signals.push(signal))
      from.bus.publish({ kind: 'stop', runId })
      await eventually(() => expect(signals).toContainEqual({ kind: 'stop', runId }), LONG)
      leave()
    }
    await told(remote, here, 'from the remote')
    await told(here, remote, 'to the remote')
  })

  it('although Redis knows a later holder, from before the database was restored', async () => {
    const later = { epoch: 99, stream: 'before', last: 5, rows: 0, snapshots: 0 }
    await admin.hset('outlast:{restored}:head', later)
    await there.log.read('restored', START)
    for (let n = 1; n <= 9; n += 1) {
      await here.log.append('restored', said(n, n))
      await eventually(async () => {
        await there.log.read('restored', START)
        const { rows } = await sql<{ lastN: number }>`
          select last_n as "lastN" from outlast.ai_chat_run_tails where run_id = 'restored'
        `.execute(sharing.database.db)
        expect(rows).toEqual([{ lastN: n }])
      }, LONG)
    }
    await here.log.drop('restored', 1)
    await eventually(async () => expect(await tailsInPostgres()).not.toContain('restored'), LONG)
    await admin.del('outlast:{restored}:head')
  })

  it('when a late holder with an old epoch writes first after Redis was emptied', async () => {
    const reads = reader(there, 'zombie')
    await remote.log.append('zombie', said(1, 3))
    await reads.until(3)
    await here.log.append('zombie', said(1, 2, { epoch: 2 }))
    await reads.until(2, 2)
    await redis.flush()
    await remote.log.append('zombie', said(4, 6)).catch(() => undefined)
    await here.log.append('zombie', said(3, 4, { epoch: 2 }))
    await reads.until(4, 2)
    expect(reads.words).toEqual([1, 2, 3, 1, 2, 3, 4])
  })
})
