/** Who holds a run. */
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  begun,
  claimed,
  heldRun,
  LAPSED_MS,
  LEASE_LOST,
  leaseOf,
  settleAs,
  somebody,
  stepOf,
  TTL_MS,
  type Stores,
} from './stores.ts'

export const describeClaim = (stores: () => Stores): void => {
  describe('claim', () => {
    test('takes a pending run with the next epoch', async () => {
      const principal = await somebody(stores())
      const { id } = await begun(stores(), principal)
      const run = await stores().runs.claim(id, 'one', TTL_MS)
      expect(run).toMatchObject({
        id,
        status: 'running',
        leaseEpoch: 1,
        leaseHolder: 'one',
        lapsed: false,
        attempt: 1,
      })
      expect(run?.startedAt).toBeInstanceOf(Date)
    })

    test('gets nothing while somebody holds the run', async () => {
      const { run } = await heldRun(stores(), await somebody(stores()))
      expect(await stores().runs.claim(run.id, 'two', TTL_MS)).toBeUndefined()
    })

    test('takes a run whose lease has lapsed and counts the attempt', async () => {
      const { run } = await heldRun(stores(), await somebody(stores()), { ttlMs: LAPSED_MS })
      const taken = await stores().runs.claim(run.id, 'two', TTL_MS)
      expect(taken).toMatchObject({ leaseEpoch: 2, leaseHolder: 'two', attempt: 2 })
      expect(taken?.startedAt).toEqual(run.startedAt)
    })

    test('for an offer takes a run in the epoch of the offer only', async () => {
      const { id } = await begun(stores(), await somebody(stores()))
      expect(await stores().runs.claim(id, 'one', TTL_MS, 1)).toBeUndefined()
      expect(await stores().runs.claim(id, 'one', LAPSED_MS, 0)).toMatchObject({ leaseEpoch: 1 })
      // Its holder is gone: who takes over looks at more than an offer says.
      expect(await stores().runs.claim(id, 'two', TTL_MS, 0)).toBeUndefined()
      expect(await stores().runs.claim(id, 'two', TTL_MS)).toMatchObject({ leaseEpoch: 2 })
    })

    test('gives a run to one of any number of simultaneous claims', async () => {
      const { id } = await begun(stores(), await somebody(stores()))
      const claims = await Promise.all(
        Array.from({ length: 20 }, (_, index) => stores().runs.claim(id, `w-${index}`, TTL_MS)),
      )
      expect(claims.filter((run) => run !== undefined)).toHaveLength(1)
    })

    test('gives a lapsed run to one of any number of simultaneous claims', async () => {
      const { run } = await heldRun(stores(), await somebody(stores()), { ttlMs: LAPSED_MS })
      const claims = await Promise.all(
        Array.from({ length: 20 }, (_, index) => stores().runs.claim(run.id, `w-${index}`, TTL_MS)),
      )
      expect(claims.filter((taken) => taken !== undefined)).toMatchObject([{ leaseEpoch: 2 }])
    })

    test('never takes a settled run', async () => {
      const { run, lease } = await heldRun(stores(), await somebody(stores()))
      await settleAs(stores(), lease)
      expect(await stores().runs.claim(run.id, 'two', TTL_MS)).toBeUndefined()
    })

    test('never takes a run that was asked to stop', async () => {
      const { id, workspaceId } = await begun(stores(), await somebody(stores()))
      await stores().runs.requestStop(id, workspaceId)
      expect(await stores().runs.claim(id, 'one', TTL_MS)).toBeUndefined()
    })

    test('never goes on with a bound run', async () => {
      const principal = await somebody(stores())
      const { run } = await heldRun(stores(), principal, { bound: true, ttlMs: LAPSED_MS })
      expect(run.bound).toBe(true)
      expect(await stores().runs.claim(run.id, 'two', TTL_MS)).toBeUndefined()
    })

    test('never takes a run that its caller executes', async () => {
      const principal = await somebody(stores())
      const chat = await stores().insertChat(principal)
      const { id } = await stores().insertExternalRun({ principal, chatId: chat.id })
      expect(await stores().runs.claim(id, 'one', TTL_MS)).toBeUndefined()
    })

    test('gets nothing for an id that does not exist', async () => {
      expect(await stores().runs.claim(randomUUID(), 'one', TTL_MS)).toBeUndefined()
    })
  })
}

export const describeLeases = (stores: () => Stores): void => {
  const unheld = async () => (await stores().runs.findUnheld(1_000)).map(({ id }) => id)

  describe('leases', () => {
    test('unheld are runs that were let in 2 s ago and those with a lapsed lease, oldest first', async () => {
      const principal = await somebody(stores())
      const pending = await begun(stores(), principal)
      await stores().backdate(pending.id, 3)
      const { run: lapsed } = await heldRun(stores(), principal, { ttlMs: LAPSED_MS })
      const bound = await heldRun(stores(), principal, { ttlMs: LAPSED_MS, bound: true })
      const stopped = await heldRun(stores(), principal, { ttlMs: LAPSED_MS })
      await stores().runs.requestStop(stopped.run.id, principal.workspaceId)
      const expected = [pending.id, lapsed.id, bound.run.id, stopped.run.id]
      const found = await unheld()
      expect(found.filter((id) => expected.includes(id))).toEqual(expected)
    })

    test('a bound run that waits is left to its socket for 30 s, unless it was asked to stop', async () => {
      const principal = await somebody(stores())
      const young = await begun(stores(), principal, { bound: true })
      const old = await begun(stores(), principal, { bound: true })
      await stores().backdate(old.id, 31)
      const stopped = await begun(stores(), principal, { bound: true })
      await stores().runs.requestStop(stopped.id, principal.workspaceId)
      const found = await unheld()
      expect(found).not.toContain(young.id)
      expect(found).toEqual(expect.arrayContaining([old.id, stopped.id]))
    })

    test("neither held, settled nor other people's runs are unheld", async () => {
      const principal = await somebody(stores())
      const { run: held } = await heldRun(stores(), principal)
      const settled = await heldRun(stores(), principal)
      await settleAs(stores(), settled.lease)
      const chat = await stores().insertChat(principal)
      const external = await stores().insertExternalRun({ principal, chatId: chat.id })
      const found = await unheld()
      for (const { id } of [held, settled.run, external]) expect(found).not.toContain(id)
    })

    test('no more unheld runs are found than asked for', async () => {
      const principal = await somebody(stores())
      await heldRun(stores(), principal, { ttlMs: LAPSED_MS })
      await heldRun(stores(), principal, { ttlMs: LAPSED_MS })
      expect(await stores().runs.findUnheld(1)).toHaveLength(1)
    })

    test('one call renews all leases of a process and brings their stop requests', async () => {
      const principal = await somebody(stores())
      const one = await heldRun(stores(), principal, { ttlMs: LAPSED_MS })
      const two = await heldRun(stores(), principal, { ttlMs: LAPSED_MS })
      await stores().runs.requestStop(two.run.id, principal.workspaceId)
      const states = await stores().runs.renew([one.lease, two.lease], TTL_MS)
      expect(states).toHaveLength(2)
      expect(states).toEqual(
        expect.arrayContaining([
          { runId: one.run.id, epoch: 1, stopRequested: false },
          { runId: two.run.id, epoch: 1, stopRequested: true },
        ]),
      )
      expect(await stores().runs.claim(one.run.id, 'two', TTL_MS)).toBeUndefined()
    })

    test('a lease with an older epoch, of a settled run or of a foreign workspace is lost', async () => {
      const principal = await somebody(stores())
      const taken = await heldRun(stores(), principal, { ttlMs: LAPSED_MS })
      await claimed(stores(), taken.run.id, { holder: 'two' })
      const settled = await heldRun(stores(), principal)
      await settleAs(stores(), settled.lease)
      const foreign = { ...(await heldRun(stores(), principal)).lease, workspaceId: randomUUID() }
      const leases = [taken.lease, settled.lease, foreign]
      expect(await stores().runs.renew(leases, TTL_MS)).toEqual([])
    })

    test('nothing is renewed and nothing released for no leases', async () => {
      expect(await stores().runs.renew([], TTL_MS)).toEqual([])
      await expect(stores().runs.release([])).resolves.toBeUndefined()
    })

    test('a released run can be claimed at once and the attempt does not count', async () => {
      const { run, lease } = await heldRun(stores(), await somebody(stores()))
      await stores().runs.release([lease])
      expect(await unheld()).toContain(run.id)
      const taken = await stores().runs.claim(run.id, 'two', TTL_MS)
      expect(taken).toMatchObject({ leaseEpoch: 2, attempt: 1 })
    })

    test('a released lease cannot be renewed and writes nothing', async () => {
      const { lease } = await heldRun(stores(), await somebody(stores()))
      await stores().runs.release([lease])
      expect(await stores().runs.renew([lease], TTL_MS)).toEqual([])
      await expect(stores().journal.appendStep(lease, stepOf(lease, 0))).rejects.toEqual(LEASE_LOST)
    })

    test('releasing a lease that was lost changes nothing', async () => {
      const { run, lease } = await heldRun(stores(), await somebody(stores()), { ttlMs: LAPSED_MS })
      const taken = await claimed(stores(), run.id, { holder: 'two' })
      await stores().runs.release([lease])
      expect(await stores().runs.renew([leaseOf(taken)], TTL_MS)).toHaveLength(1)
    })

    test('attempts count from the last journaled step', async () => {
      const { run, lease } = await heldRun(stores(), await somebody(stores()), { ttlMs: LAPSED_MS })
      const second = leaseOf(await claimed(stores(), run.id, { holder: 'two', ttlMs: LAPSED_MS }))
      expect(lease.epoch).toBe(1)
      await stores().journal.appendStep(second, stepOf(second, 0))
      expect(await claimed(stores(), run.id, { holder: 'three' })).toMatchObject({
        leaseEpoch: 3,
        attempt: 1,
        stepCount: 1,
      })
    })
  })
}

export const describeSeize = (stores: () => Stores): void => {
  describe('seize', () => {
    test('takes pending, stopped and bound runs that nobody holds, in order to settle them', async () => {
      const principal = await somebody(stores())
      const pending = await begun(stores(), principal)
      const stopped = await begun(stores(), principal)
      await stores().runs.requestStop(stopped.id, principal.workspaceId)
      const bound = await heldRun(stores(), principal, { bound: true, ttlMs: LAPSED_MS })
      const lapsed = await heldRun(stores(), principal, { ttlMs: LAPSED_MS })
      for (const { id, leaseEpoch, attempt } of [pending, stopped, bound.run, lapsed.run]) {
        const run = await stores().runs.seize(id, 'sweeper', TTL_MS)
        expect(run).toMatchObject({ id, leaseEpoch: leaseEpoch + 1, attempt, lapsed: false })
        const settled = await settleAs(stores(), leaseOf(run!), 'aborted')
        expect(settled.status).toBe('aborted')
      }
    })

    test('a run that never started has no start when it was seized', async () => {
      const { id } = await begun(stores(), await somebody(stores()))
      const run = await stores().runs.seize(id, 'sweeper', TTL_MS)
      expect(run?.startedAt).toBeNull()
    })

    test('takes neither held, settled nor external runs', async () => {
      const principal = await somebody(stores())
      const { run: held } = await heldRun(stores(), principal)
      const settled = await heldRun(stores(), principal)
      await settleAs(stores(), settled.lease)
      const chat = await stores().insertChat(principal)
      const external = await stores().insertExternalRun({ principal, chatId: chat.id })
      for (const { id } of [held, settled.run, external])
        expect(await stores().runs.seize(id, 'sweeper', TTL_MS)).toBeUndefined()
    })

    test('leaves a run to one of claim and seize at the same time', async () => {
      const { run } = await heldRun(stores(), await somebody(stores()), { ttlMs: LAPSED_MS })
      const takers = await Promise.all([
        stores().runs.claim(run.id, 'two', TTL_MS),
        stores().runs.seize(run.id, 'three', TTL_MS),
      ])
      expect(takers.filter((taken) => taken !== undefined)).toHaveLength(1)
    })
  })
}
