/** What every RunCatalog does. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunFilter } from '../../src/domain/catalog.ts'
import type { Principal } from '../../src/domain/run.ts'
import {
  begun,
  callOf,
  claimed,
  heldRun,
  LAPSED_MS,
  LEASE_LOST,
  leaseOf,
  settleAs,
  somebody,
  stepOf,
  TTL_MS,
  turnOf,
  type OpenStores,
  type Stores,
} from './stores.ts'

export const describeRunCatalog = (name: string, open: OpenStores): void => {
  describe(`RunCatalog: ${name}`, () => {
    let stores: Stores
    beforeAll(async () => {
      stores = await open()
    })
    afterAll(() => stores[Symbol.asyncDispose]())

    const listed = async (principal: Principal, filter: RunFilter) =>
      (await stores.records.list(principal, filter, { limit: 99 })).items.map(({ run }) => run.id)

    const holdsOf = async (principal: Principal, runId: string) =>
      (await stores.records.holds(principal, runId)).map(({ epoch, holder, end }) => [
        epoch,
        holder,
        end,
      ])

    describe('holds', () => {
      it('are none before a run is taken, and open while it is held', async () => {
        const principal = await somebody(stores)
        const { id } = await begun(stores, principal)
        expect(await stores.records.holds(principal, id)).toEqual([])
        await claimed(stores, id)
        const [hold, ...others] = await stores.records.holds(principal, id)
        expect(hold).toEqual({
          epoch: 1,
          holder: 'one',
          beganAt: expect.any(Date),
          endedAt: null,
          end: null,
        })
        expect(others).toEqual([])
      })

      it('end as the run is settled, by whoever does it', async () => {
        const principal = await somebody(stores)
        const { run, lease } = await heldRun(stores, principal)
        await settleAs(stores, lease)
        const [hold] = await stores.records.holds(principal, run.id)
        expect(hold).toMatchObject({ end: 'settled', endedAt: expect.any(Date) })
        const left = await begun(stores, principal)
        const seized = await stores.runs.seize(left.id, 'two', TTL_MS)
        await settleAs(stores, leaseOf(seized!), 'aborted')
        expect(await holdsOf(principal, left.id)).toEqual([[1, 'two', 'settled']])
      })

      it('end as released when they are given back, and as lost when somebody goes on', async () => {
        const principal = await somebody(stores)
        const { run, lease } = await heldRun(stores, principal)
        await stores.runs.release([lease])
        const second = await claimed(stores, run.id, { holder: 'two', ttlMs: LAPSED_MS })
        const third = await claimed(stores, run.id, { holder: 'three', ttlMs: LAPSED_MS })
        await stores.runs.seize(run.id, 'four', TTL_MS)
        expect(await holdsOf(principal, run.id)).toEqual([
          [1, 'one', 'released'],
          [2, 'two', 'lost'],
          [3, 'three', 'lost'],
          [4, 'four', null],
        ])
        for (const late of [second, third])
          await expect(settleAs(stores, leaseOf(late))).rejects.toEqual(LEASE_LOST)
        await stores.runs.release([leaseOf(second)])
        expect((await holdsOf(principal, run.id)).at(-1)).toEqual([4, 'four', null])
      })

      it('end while a run waits for a person, and another one begins when it goes on', async () => {
        const principal = await somebody(stores)
        const { run, lease } = await heldRun(stores, principal)
        await stores.journal.appendStep(lease, stepOf(lease, 0))
        await stores.journal.recordCalls(lease, [callOf(lease, { status: 'awaited', attempt: 0 })])
        await stores.runs.wait(lease)
        expect(await holdsOf(principal, run.id)).toEqual([[1, 'one', 'waiting']])
        await stores.runs.decide(lease, principal.userId, [
          { kind: 'output', toolCallId: 'call-1', output: 'here' },
        ])
        await claimed(stores, run.id, { holder: 'two' })
        expect(await holdsOf(principal, run.id)).toEqual([
          [1, 'one', 'waiting'],
          [2, 'two', null],
        ])
      })

      it('stay open when a run that was asked to stop does not begin to wait', async () => {
        const principal = await somebody(stores)
        const { run, lease } = await heldRun(stores, principal)
        await stores.runs.requestStop(run.id, run.workspaceId)
        await stores.runs.wait(lease)
        expect(await holdsOf(principal, run.id)).toEqual([[1, 'one', null]])
      })

      it('are one for each of any number of simultaneous claims that got the run', async () => {
        const principal = await somebody(stores)
        const { run } = await heldRun(stores, principal, { ttlMs: LAPSED_MS })
        const holders = Array.from({ length: 10 }, (_, index) => `w-${index}`)
        await Promise.all(holders.map((holder) => stores.runs.claim(run.id, holder, TTL_MS)))
        expect(await holdsOf(principal, run.id)).toEqual([
          [1, 'one', 'lost'],
          [2, expect.stringMatching(/^w-/), null],
        ])
      })

      it('are nobody else’s to see, and go with the chat', async () => {
        const principal = await somebody(stores)
        const chatId = randomUUID()
        const { run } = await heldRun(stores, principal, { chatId })
        const colleague = await somebody(stores, principal.workspaceId)
        expect(await stores.records.holds(colleague, run.id)).toEqual([])
        await stores.chats.remove(principal, chatId)
        expect(await stores.records.holds(principal, run.id)).toEqual([])
      })
    })

    describe('list', () => {
      it('takes runs by when they began', async () => {
        const principal = await somebody(stores)
        const [old, young] = [await begun(stores, principal), await begun(stores, principal)]
        await stores.backdate(old.id, 3600)
        const { run } = (await stores.records.find(principal, old.id))!
        const at = run.createdAt
        const after = new Date(at.getTime() + 1)
        expect(await listed(principal, { from: at })).toEqual([young.id, old.id])
        expect(await listed(principal, { from: after })).toEqual([young.id])
        expect(await listed(principal, { to: after })).toEqual([old.id])
        expect(await listed(principal, { to: new Date(at.getTime() - 1) })).toEqual([])
      })

      it('takes runs by what they cost at least, and by why they failed', async () => {
        const principal = await somebody(stores)
        const { run, lease } = await heldRun(stores, principal)
        await stores.journal.appendStep(lease, stepOf(lease, 0))
        await stores.journal.appendStep(lease, stepOf(lease, 1))
        const { lease: failing } = await heldRun(stores, principal)
        const outcome = { status: 'failed', code: 'max_steps', error: 'Too many.' } as const
        const failed = await stores.runs.settle(failing, { outcome, calls: [] }, () => [])
        const cost = 2 * 5_000_000_123
        expect(await listed(principal, { minCostMicros: cost })).toEqual([run.id])
        expect(await listed(principal, { minCostMicros: cost + 1 })).toEqual([])
        expect(await listed(principal, { errorCode: 'max_steps' })).toEqual([failed.id])
        expect(await listed(principal, { errorCode: 'superseded' })).toEqual([])
      })

      it('says the title of the chat, and which models answered', async () => {
        const principal = await somebody(stores)
        const chatId = randomUUID()
        const { lease } = await heldRun(stores, principal, { chatId, text: 'What is it?' })
        const step = stepOf(lease, 0)
        await stores.journal.appendStep(lease, step)
        const other = { ...step.info!, modelId: 'another', provider: undefined }
        await stores.journal.appendStep(lease, stepOf(lease, 1, { info: other }))
        const found = async () => (await stores.records.find(principal, lease.runId))!
        expect(await found()).toMatchObject({
          chatTitle: 'What is it?',
          models: ['another', 'provider/model'],
        })
        await stores.chats.rename(principal, chatId, 'It')
        expect(await found()).toMatchObject({ chatTitle: 'It' })
        await settleAs(stores, lease)
        const fresh = await stores.runs.begin(turnOf(principal))
        expect(await stores.records.find(principal, fresh.run.id)).toMatchObject({ models: [] })
      })
    })
  })
}
