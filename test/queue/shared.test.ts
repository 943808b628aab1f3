/** What one process says of its runs is read in another one, on PostgreSQL alone. */
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LogRead } from '../../src/engine/ports.ts'
import { proxyTo } from '../store/fixtures/tcp-proxy.ts'
import { describeSpeaking, said, snapshot, START } from '../support/said.ts'
import { startSharing, type Member, type Sharing } from '../support/sharing.ts'
import { eventually } from '../support/eventually.ts'

const numbers = ({ entries }: LogRead): number[] => entries.map(({ n }) => n)

let sharing: Sharing
let here: Member
let there: Member

beforeAll(async () => {
  sharing = await startSharing()
  here = await sharing.join()
  there = await sharing.join()
})
afterAll(() => sharing[Symbol.asyncDispose]())

/** As the process over there knows it, once that is so. */
const readsThere = (runId: string, after: { epoch: number; n: number }, last: number) =>
  eventually(async () => {
    const read = await there.log.read(runId, after)
    expect(Math.max(read.entries.at(-1)?.n ?? 0, read.snapshot?.n ?? 0)).toBe(last)
    return read
  })

const rowsOf = async () => {
  const { rows } = await sql<{ runId: string; rows: number }>`
    select head.run_id, count(line.stream)::int as rows from outlast.ai_chat_run_tails as head
    left join outlast.ai_chat_run_tail_rows as line using (stream) group by head.run_id`.execute(
    sharing.database.db,
  )
  return new Map(rows.map(({ runId, rows: count }) => [runId, count]))
}

const heard = (listen: (hear: (signal: unknown) => void) => () => void) => {
  const signals: unknown[] = []
  const leave = listen((signal) => signals.push(signal))
  return { signals, leave }
}

describeSpeaking('of several processes', () => here)

describe('a run of another process', () => {
  it('is read as it was before somebody read it, and as it grows', async () => {
    await here.log.append('grows', said(1, 3))
    await here.log.compact('grows', snapshot(3))
    await here.log.append('grows', said(4, 5))
    const first = await readsThere('grows', START, 5)
    expect(first.snapshot).toEqual(snapshot(3))
    expect(numbers(first)).toEqual([1, 2, 3, 4, 5])
    await here.log.append('grows', said(6, 8))
    expect(numbers(await readsThere('grows', { epoch: 1, n: 5 }, 8))).toEqual([6, 7, 8])
  })

  it('is told about on the bus when there is more of it', async () => {
    await here.log.append('told', said(1, 1))
    await readsThere('told', START, 1)
    const news = heard((hear) => there.bus.subscribe('told', hear))
    await here.log.append('told', said(2, 2))
    await eventually(() => expect(news.signals).toContainEqual({ kind: 'progress', runId: 'told' }))
    news.leave()
    expect(numbers(await there.log.read('told', { epoch: 1, n: 1 }))).toEqual([2])
  })

  it('costs nothing where nobody reads it', async () => {
    await here.log.append('unread', said(1, 3))
    await here.log.append('read', said(1, 3))
    await readsThere('read', START, 3)
    expect([...(await rowsOf()).keys()]).not.toContain('unread')
  })

  it('is dense for a reader that keeps up, and what is kept of it stays small', async () => {
    const text = 'x'.repeat(500)
    let at = START
    for (let n = 1; n <= 400; n += 4) {
      await here.log.append('long', said(n, n + 3, { text }))
      if (n % 64 === 61) await here.log.compact('long', snapshot(n + 3))
      const { entries } = await readsThere('long', at, n + 3)
      expect(entries.map((entry) => entry.n)).toEqual(said(at.n + 1, n + 3).map((entry) => entry.n))
      at = { epoch: 1, n: n + 3 }
    }
    const late = await readsThere('long', START, 400)
    expect(late.snapshot?.n).toBeGreaterThanOrEqual(320)
    expect(numbers(late)[0]).toBeLessThanOrEqual(late.snapshot!.n + 1)
    expect((await rowsOf()).get('long')).toBeLessThan(60)
  })

  it('goes on under a higher epoch in a third process, whose word is the last one', async () => {
    const third = await sharing.join()
    await here.log.append('moves', said(1, 3))
    await readsThere('moves', START, 3)
    await third.log.append('moves', said(1, 2, { epoch: 2 }))
    const read = await eventually(async () => {
      const now = await there.log.read('moves', { epoch: 1, n: 3 })
      expect(now.entries).toEqual(said(1, 2, { epoch: 2 }))
      return now
    })
    expect(read.entries).toHaveLength(2)
    // The late holder hears of it when it goes on.
    await eventually(async () => {
      await expect(here.log.append('moves', said(4, 4))).rejects.toMatchObject({
        code: 'LEASE_LOST',
      })
    })
    expect((await there.log.read('moves', START)).entries[0]?.epoch).toBe(2)
  })

  it('is written down again when a crash of the database has emptied the tables', async () => {
    await here.log.append('emptied', said(1, 3))
    await readsThere('emptied', START, 3)
    await sql`truncate outlast.ai_chat_run_tails, outlast.ai_chat_run_tail_rows`.execute(
      sharing.database.db,
    )
    await here.log.append('emptied', said(4, 4))
    await here.log.append('emptied', said(5, 5))
    expect(numbers(await readsThere('emptied', START, 5))).toEqual([1, 2, 3, 4, 5])
  })

  it('leaves no rows behind', async () => {
    await here.log.append('done', said(1, 3))
    await readsThere('done', START, 3)
    await here.log.drop('done', 1)
    await eventually(async () => expect([...(await rowsOf()).keys()]).not.toContain('done'))
  })
})

describe('a signal of another process', () => {
  it.each(['stop', 'waiting', 'settled'] as const)('is heard: %s', async (kind) => {
    const all = heard((hear) => there.bus.subscribe('*', hear))
    const one = heard((hear) => there.bus.subscribe(`run ${kind}`, hear))
    const signal = { kind, runId: `run ${kind}` }
    here.bus.publish(signal)
    await eventually(() => expect(all.signals).toContainEqual(signal))
    expect(one.signals).toEqual([signal])
    all.leave()
    one.leave()
  })

  it('is heard by those who follow the chats of its owner, and by nobody else', async () => {
    const owner = { workspaceId: 'w', userId: 'ü"\u2028' }
    const own = heard((hear) => there.bus.subscribeChats(owner, hear))
    const other = heard((hear) => there.bus.subscribeChats({ ...owner, workspaceId: 'v' }, hear))
    const signals = Array.from({ length: 300 }, (_, n) => ({ ...owner, chatId: `chat ${n}` }))
    for (const signal of signals) here.bus.publishChat(signal)
    await eventually(() => expect(own.signals).toHaveLength(300))
    expect(own.signals).toEqual(signals)
    expect(other.signals).toEqual([])
    own.leave()
    other.leave()
  })

  it('is heard again after the connection that listens was cut', async () => {
    const cut = await sql<{ cut: boolean }>`
      select pg_terminate_backend(pid) as cut from pg_stat_activity
      where application_name = 'outlast listener' and datname = current_database()`.execute(
      sharing.database.db,
    )
    expect(cut.rows.length).toBeGreaterThanOrEqual(2)
    const all = heard((hear) => there.bus.subscribe('*', hear))
    await eventually(() => {
      here.bus.publish({ kind: 'stop', runId: 'again' })
      expect(all.signals).toContainEqual({ kind: 'stop', runId: 'again' })
    })
    all.leave()
    expect(there.errors).toHaveLength(1)
    // What was said meanwhile is read all the same.
    await here.log.append('meanwhile', said(1, 3))
    expect(numbers(await readsThere('meanwhile', START, 3))).toEqual([1, 2, 3])
  })
})

describe('a process that reaches the database through a pooler only', () => {
  it('says so once, and reads and is read all the same', async () => {
    // A pooler gives each client a process id of its own making: here the server's, changed on its way.
    const keyData = Buffer.from([0x4b, 0, 0, 0, 12])
    await using pooler = await proxyTo(sharing.database.url, (answer) => {
      const at = answer.indexOf(keyData)
      if (at >= 0) answer.writeInt32BE(1, at + keyData.length)
      return answer
    })
    const pooled = await sharing.join({ url: pooler.url })
    await eventually(() => expect(pooled.errors).toHaveLength(1))
    expect(pooled.errors[0]?.message).toContain('DATABASE_DIRECT_URL')
    await pooled.log.append('unheard', said(1, 3))
    expect(numbers(await readsThere('unheard', START, 3))).toEqual([1, 2, 3])
    await here.log.append('polled', said(1, 3))
    await eventually(async () =>
      expect(numbers(await pooled.log.read('polled', START))).toEqual([1, 2, 3]),
    )
    expect(pooled.errors).toHaveLength(1)
  })
})

describe('a process whose database is away', () => {
  it('goes on, says so once, and is read again when it is back', async () => {
    await here.log.append('away', said(1, 2))
    await readsThere('away', START, 2)
    const rename = (from: string, to: string) =>
      sql`alter table outlast.${sql.id(from)} rename to ${sql.id(to)}`.execute(sharing.database.db)
    await rename('ai_chat_run_tails', 'gone')
    const before = here.errors.length
    await here.log.append('away', said(3, 4))
    await eventually(() => expect(here.errors).toHaveLength(before + 1))
    await here.log.append('away', said(5, 6))
    expect(numbers(await here.log.read('away', START))).toEqual([1, 2, 3, 4, 5, 6])
    await rename('gone', 'ai_chat_run_tails')
    expect(numbers(await readsThere('away', { epoch: 1, n: 2 }, 6))).toEqual([3, 4, 5, 6])
    expect(here.errors).toHaveLength(before + 1)
  })
})
