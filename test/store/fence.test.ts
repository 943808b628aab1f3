/** A late writer and a claim take turns, whichever is first: two connections, one of them paused before its commit. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sql } from 'kysely'
import type { Lease } from '../../src/domain/run.ts'
import type { OutlastDatabase } from '../../src/store/database.ts'
import { openPostgres, type PostgresDatabase } from '../conformance/databases.ts'
import { portsOn, storesOn } from '../conformance/sql-stores.ts'
import {
  begun,
  callOf,
  endOf,
  heldRun,
  LAPSED_MS,
  LEASE_LOST,
  leaseOf,
  settleAs,
  somebody,
  stepOf,
  TTL_MS,
  turnOf,
  type Stores,
} from '../conformance/stores.ts'
import { createBarrier } from '../support/barrier.ts'

let database: PostgresDatabase
/** One process, and another one. */
let one: Stores
let two: Omit<Stores, typeof Symbol.asyncDispose>

beforeAll(async () => {
  database = await openPostgres()
  one = storesOn(database)
  two = portsOn(await database.connect())
})
afterAll(() => database[Symbol.asyncDispose]())

/** Does something in a transaction of its own, and commits it when told. */
const paused = async <T>(act: (ports: typeof two, trx: OutlastDatabase) => Promise<T>) => {
  const barrier = createBarrier()
  const done = database.db.transaction().execute(async (trx) => {
    const result = await act(portsOn(trx), trx)
    await barrier.wait()
    return result
  })
  await Promise.race([barrier.reached, done])
  return { done, commit: barrier.release }
}

/** Resolves when so many statements wait for the lock of another transaction. */
const untilBlocked = async (count = 1): Promise<void> => {
  for (;;) {
    const { rows } = await sql`
      select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`.execute(database.db)
    if (rows.length >= count) return
  }
}

type Write = (ports: typeof two, lease: Lease) => Promise<void>

const WRITES: readonly (readonly [string, Write])[] = [
  ['a step', ({ journal }, lease) => journal.appendStep(lease, stepOf(lease, 1))],
  [
    'the start of a call',
    ({ journal }, lease) => journal.startCall(lease, callOf(lease, { toolCallId: 'call-2' })),
  ],
  ['the end of a call', ({ journal }, lease) => journal.endCall(lease, 0, 'call-1', endOf())],
]

/** A run whose lease has lapsed, with a step and an open call. */
const lapsedRun = async (): Promise<Lease> => {
  const { lease } = await heldRun(one, await somebody(one), { ttlMs: LAPSED_MS })
  await one.journal.appendStep(lease, stepOf(lease, 0))
  await one.journal.startCall(lease, callOf(lease))
  return lease
}

const load = ({ runId, workspaceId }: Lease) => one.journal.load(runId, workspaceId)

describe.each(WRITES)('%s that is written late', (_name, write) => {
  test('is in the journal of who claims the run after its commit', async () => {
    const lease = await lapsedRun()
    const before = await load(lease)
    const writer = await paused((ports) => write(ports, lease))
    const claim = two.runs.claim(lease.runId, 'two', TTL_MS)
    await untilBlocked()
    expect(await load(lease)).toEqual(before)
    writer.commit()
    await writer.done
    expect(await claim).toMatchObject({ leaseEpoch: 2 })
    expect(await load(lease)).not.toEqual(before)
  })

  test('waits for a claim in progress and then writes nothing', async () => {
    const lease = await lapsedRun()
    const before = await load(lease)
    const claim = await paused(({ runs }) => runs.claim(lease.runId, 'two', TTL_MS))
    const refused = expect(write(two, lease)).rejects.toEqual(LEASE_LOST)
    await untilBlocked()
    claim.commit()
    expect(await claim.done).toMatchObject({ leaseEpoch: 2 })
    await refused
    expect(await load(lease)).toEqual(before)
  })
})

describe('a settlement', () => {
  test('waits for a claim in progress and then changes nothing', async () => {
    const lease = await lapsedRun()
    const claim = await paused(({ runs }) => runs.claim(lease.runId, 'two', TTL_MS))
    const refused = expect(settleAs(one, lease)).rejects.toEqual(LEASE_LOST)
    await untilBlocked()
    claim.commit()
    await claim.done
    await refused
  })

  test('in progress keeps a claim and a stop waiting, and they find it settled', async () => {
    const lease = await lapsedRun()
    // Holds the message, so that the settlement stops between the run and its message.
    const message = await paused((_ports, trx) =>
      trx
        .updateTable('aiChatMessages')
        .set({ content: '' })
        .where('workspaceId', '=', lease.workspaceId)
        .execute(),
    )
    const settled = settleAs(one, lease)
    await untilBlocked()
    const claim = two.runs.claim(lease.runId, 'two', TTL_MS)
    const stop = two.runs.requestStop(lease.runId, lease.workspaceId)
    await untilBlocked(3)
    message.commit()
    await message.done
    expect((await settled).status).toBe('succeeded')
    expect(await claim).toBeUndefined()
    expect(await stop).toBeUndefined()
  })

  test('waits for a stop in progress and is an abort then', async () => {
    const lease = await lapsedRun()
    const stop = await paused(({ runs }) => runs.requestStop(lease.runId, lease.workspaceId))
    const settled = settleAs(one, lease)
    await untilBlocked()
    stop.commit()
    expect(await stop.done).toBeDefined()
    expect((await settled).status).toBe('aborted')
  })
})

describe('the beginning of a run', () => {
  test('meets a run that somebody inserts at the same moment, and leaves nothing behind', async () => {
    const principal = await somebody(one)
    const { id: chatId } = await one.insertChat(principal)
    const inserted = await paused((ports) => ports.insertExternalRun({ principal, chatId }))
    const result = two.runs.begin(turnOf(principal, { chatId }))
    await untilBlocked()
    inserted.commit()
    const { id } = await inserted.done
    expect(await result).toMatchObject({ kind: 'active', run: { id } })
    expect(await one.conversations.messages(principal, chatId)).toEqual([])
  })

  test('waits for another one in the same chat', async () => {
    const principal = await somebody(one)
    const first = await begun(one, principal, { chatId: 'chat', messageId: 'm-1' })
    await settleAs(one, leaseOf((await one.runs.claim(first.id, 'one', TTL_MS))!))
    const other = await paused((_ports, trx) =>
      trx.selectFrom('aiChats').select('id').where('id', '=', first.chatId).forUpdate().execute(),
    )
    const result = two.runs.begin(turnOf(principal, { chatId: 'chat', messageId: 'm-2' }))
    await untilBlocked()
    other.commit()
    await other.done
    expect(await result).toMatchObject({ kind: 'begun' })
  })
})
