/** What the run's row is for SQL: hot when it is renewed, and what only its columns can say. */
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { AiChatRunRepo } from '../../src/store/ai-chat-run-repo.ts'
import { DATABASES } from '../conformance/databases.ts'
import { portsOn, storesOn } from '../conformance/sql-stores.ts'
import {
  begun,
  heldRun,
  LEASE_LOST,
  settleAs,
  somebody,
  stepOf,
  TTL_MS,
} from '../conformance/stores.ts'

describe.each(DATABASES)('a run on %s', (_name, open) => {
  test('is renewed and written in place, without touching an index', async () => {
    await using opened = await open()
    const { updates, hot } = await opened.db.connection().execute(async (db) => {
      const ports = portsOn(db)
      const stores = { ...ports, [Symbol.asyncDispose]: () => Promise.resolve() }
      const { lease } = await heldRun(stores, await somebody(stores))
      const count = async () => {
        await sql`select pg_stat_force_next_flush()`.execute(db)
        await sql`select pg_stat_clear_snapshot()`.execute(db)
        const { rows } = await sql<{ updates: number; hot: number }>`
          select n_tup_upd as updates, n_tup_hot_upd as hot
          from pg_stat_user_tables where relname = 'ai_chat_runs'`.execute(db)
        return rows[0]!
      }
      const before = await count()
      for (let index = 0; index < 50; index += 1) {
        await ports.runs.renew([lease], TTL_MS)
        await ports.journal.appendStep(lease, stepOf(lease, index))
      }
      await ports.runs.requestStop(lease.runId, lease.workspaceId)
      await ports.runs.release([lease])
      const after = await count()
      return { updates: after.updates - before.updates, hot: after.hot - before.hot }
    })
    expect(updates).toBe(102)
    // Not all: a page that somebody else is reading at the moment cannot be tidied for the next version.
    expect(hot / updates).toBeGreaterThan(0.9)
  })

  test('that waits for a person is unheld only when it was asked to stop, and can be seized', async () => {
    await using opened = await open()
    const stores = storesOn(opened)
    const { id, workspaceId } = await begun(stores, await somebody(stores))
    await opened.db
      .updateTable('aiChatRuns')
      .set({ status: 'waiting' })
      .where('id', '=', id)
      .execute()
    expect(await stores.runs.findUnheld(10)).toEqual([])
    expect(await stores.runs.claim(id, 'one', TTL_MS)).toBeUndefined()
    await stores.runs.requestStop(id, workspaceId)
    expect(await stores.runs.findUnheld(10)).toMatchObject([{ id, status: 'waiting' }])
    expect(await stores.runs.seize(id, 'one', TTL_MS)).toMatchObject({ status: 'running' })
  })

  test('that somebody settled by hand is no longer held', async () => {
    await using opened = await open()
    const stores = storesOn(opened)
    const { run, lease } = await heldRun(stores, await somebody(stores))
    await new AiChatRunRepo(opened.db).update(run.id, run.workspaceId, { status: 'aborted' })
    expect(await stores.runs.renew([lease], TTL_MS)).toEqual([])
    await expect(stores.journal.appendStep(lease, stepOf(lease, 0))).rejects.toEqual(LEASE_LOST)
    await expect(settleAs(stores, lease)).rejects.toEqual(LEASE_LOST)
  })

  test('goes with its chat, and its journal with it', async () => {
    await using opened = await open()
    const stores = storesOn(opened)
    const { run, lease } = await heldRun(stores, await somebody(stores))
    await stores.journal.appendStep(lease, stepOf(lease, 0))
    await opened.db.deleteFrom('aiChats').where('id', '=', run.chatId).execute()
    for (const table of ['aiChatRuns', 'aiChatMessages', 'aiChatRunSteps'] as const)
      expect(await opened.db.selectFrom(table).select('id').execute()).toEqual([])
    await expect(stores.journal.appendStep(lease, stepOf(lease, 1))).rejects.toEqual(LEASE_LOST)
  })
})
