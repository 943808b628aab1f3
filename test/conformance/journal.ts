/** What every Journal must do. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Lease } from '../../src/domain/run.ts'
import {
  callOf,
  claimed,
  endOf,
  heldRun,
  LAPSED_MS,
  LEASE_LOST,
  leaseOf,
  settleAs,
  somebody,
  stepOf,
  type OpenStores,
  type Stores,
} from './stores.ts'

const BROKEN = expect.objectContaining({ code: 'INVARIANT' })

export const describeJournal = (name: string, open: OpenStores): void => {
  describe(`Journal on ${name}`, () => {
    let opened: Stores
    beforeAll(async () => {
      opened = await open()
    })
    afterAll(() => opened[Symbol.asyncDispose]())

    const stores = () => opened
    describeSteps(stores)
    describeCalls(stores)
    describeFence(stores)
  })
}

/** A held run with one journaled step. */
const withStep = async (stores: Stores, options: { ttlMs?: number } = {}): Promise<Lease> => {
  const { lease } = await heldRun(stores, await somebody(stores), options)
  await stores.journal.appendStep(lease, stepOf(lease, 0))
  return lease
}

const load = ({ journal }: Stores, { runId, workspaceId }: Lease) =>
  journal.load(runId, workspaceId)

const describeSteps = (stores: () => Stores): void => {
  describe('steps', () => {
    test('come back as they were written, in order', async () => {
      const lease = await withStep(stores())
      const bare = stepOf(lease, 1, { parts: [], spans: [], info: { finishReason: 'stop' } })
      await stores().journal.appendStep(lease, bare)
      const { steps } = await load(stores(), lease)
      expect(steps).toEqual([stepOf(lease, 0), bare])
    })

    test('keep the order of keys, escapes and every character of what the model said', async () => {
      const { lease } = await heldRun(stores(), await somebody(stores()))
      const step = stepOf(lease, 0)
      await stores().journal.appendStep(lease, step)
      const { steps } = await load(stores(), lease)
      expect(JSON.stringify(steps[0]?.parts)).toBe(JSON.stringify(step.parts))
    })

    test('count, and begin the counting of attempts anew', async () => {
      const lease = await withStep(stores())
      await stores().journal.appendStep(lease, stepOf(lease, 1))
      const settled = await settleAs(stores(), lease)
      expect(settled).toMatchObject({ stepCount: 2, attempt: 0 })
    })

    test('are written once when they are written twice', async () => {
      const lease = await withStep(stores())
      await stores().journal.appendStep(lease, stepOf(lease, 0))
      expect((await load(stores(), lease)).steps).toHaveLength(1)
    })

    test('are never replaced by another attempt', async () => {
      const lease = await withStep(stores(), { ttlMs: LAPSED_MS })
      const next = leaseOf(await claimed(stores(), lease.runId, { holder: 'two' }))
      const append = stores().journal.appendStep(next, stepOf(next, 0, { parts: [], spans: [] }))
      await expect(append).rejects.toEqual(BROKEN)
      expect((await load(stores(), lease)).steps).toEqual([stepOf(lease, 0)])
    })

    test('of a foreign workspace are not seen', async () => {
      const lease = await withStep(stores())
      const foreign = { ...lease, workspaceId: randomUUID() }
      expect(await load(stores(), foreign)).toEqual({ steps: [], calls: [] })
    })
  })
}

const describeCalls = (stores: () => Stores): void => {
  describe('calls', () => {
    test('are started, then ended with a result', async () => {
      const lease = await withStep(stores())
      const { journal } = stores()
      await journal.startCall(lease, callOf(lease))
      expect((await load(stores(), lease)).calls).toEqual([callOf(lease)])
      const end = endOf({ modelOutput: { type: 'text', value: 'two' } })
      await journal.endCall(lease, 0, 'call-1', end)
      expect((await load(stores(), lease)).calls).toEqual([callOf(lease, end)])
    })

    test('keep the order of keys of input and output', async () => {
      const lease = await withStep(stores())
      const { journal } = stores()
      await journal.startCall(lease, callOf(lease))
      await journal.endCall(lease, 0, 'call-1', endOf())
      const [call] = (await load(stores(), lease)).calls
      expect(JSON.stringify([call?.input, call?.output])).toBe(
        JSON.stringify([callOf(lease).input, endOf().output]),
      )
    })

    test('end without output, with an error or unknown', async () => {
      const lease = await withStep(stores())
      const { journal } = stores()
      const ends = {
        nothing: endOf({ output: undefined, data: [] }),
        failed: endOf({ status: 'failed', output: undefined, error: 'It broke.' }),
        unknown: endOf({ status: 'unknown', output: undefined, error: 'Who knows.' }),
      }
      for (const [toolCallId, end] of Object.entries(ends)) {
        await journal.startCall(lease, callOf(lease, { toolCallId }))
        await journal.endCall(lease, 0, toolCallId, end)
      }
      expect((await load(stores(), lease)).calls).toMatchObject([
        { toolCallId: 'nothing', status: 'succeeded', output: null, data: [] },
        { toolCallId: 'failed', status: 'failed', error: 'It broke.' },
        { toolCallId: 'unknown', status: 'unknown', error: 'Who knows.' },
      ])
    })

    test('come back in the order in which they were started', async () => {
      const lease = await withStep(stores())
      const { journal } = stores()
      for (const toolCallId of ['b', 'c', 'a'])
        await journal.startCall(lease, callOf(lease, { toolCallId }))
      await journal.endCall(lease, 0, 'c', endOf())
      const { calls } = await load(stores(), lease)
      expect(calls.map(({ toolCallId }) => toolCallId)).toEqual(['b', 'c', 'a'])
    })

    test('with the same id in another step are other calls', async () => {
      const lease = await withStep(stores())
      const { journal } = stores()
      await journal.startCall(lease, callOf(lease))
      await journal.endCall(lease, 0, 'call-1', endOf())
      await journal.startCall(lease, callOf(lease, { stepIndex: 1 }))
      const { calls } = await load(stores(), lease)
      expect(calls.map(({ status }) => status)).toEqual(['succeeded', 'started'])
    })

    test('that are started again count the attempt and belong to the new epoch', async () => {
      const lease = await withStep(stores(), { ttlMs: LAPSED_MS })
      const { journal } = stores()
      await journal.startCall(lease, callOf(lease))
      const next = leaseOf(await claimed(stores(), lease.runId, { holder: 'two' }))
      await journal.startCall(next, callOf(next, { span: { from: 3 } }))
      const [call] = (await load(stores(), lease)).calls
      expect(call).toMatchObject({ status: 'started', attempt: 2, epoch: 2, span: { from: 3 } })
    })

    test('that are told twice to start are started once', async () => {
      const lease = await withStep(stores())
      const { journal } = stores()
      await journal.startCall(lease, callOf(lease))
      await journal.startCall(lease, callOf(lease))
      expect((await load(stores(), lease)).calls).toMatchObject([{ attempt: 1 }])
    })

    test('that a later holder ends belong to its epoch', async () => {
      const lease = await withStep(stores(), { ttlMs: LAPSED_MS })
      const { journal } = stores()
      await journal.startCall(lease, callOf(lease))
      const next = leaseOf(await claimed(stores(), lease.runId, { holder: 'two' }))
      const end = endOf({ status: 'unknown', span: { from: 1, to: 1 }, data: [] })
      await journal.endCall(next, 0, 'call-1', end)
      const [call] = (await load(stores(), lease)).calls
      expect(call).toMatchObject({ status: 'unknown', epoch: 2, span: { from: 1, to: 1 } })
    })

    test('with a result never start again and keep their first result', async () => {
      const lease = await withStep(stores())
      const { journal } = stores()
      await journal.startCall(lease, callOf(lease))
      await journal.endCall(lease, 0, 'call-1', endOf())
      await journal.endCall(lease, 0, 'call-1', endOf({ status: 'failed', error: 'Late.' }))
      await expect(journal.startCall(lease, callOf(lease))).rejects.toEqual(BROKEN)
      expect((await load(stores(), lease)).calls).toEqual([callOf(lease, endOf())])
    })

    test('that never started cannot end', async () => {
      const lease = await withStep(stores())
      const end = stores().journal.endCall(lease, 0, 'call-1', endOf())
      await expect(end).rejects.toEqual(BROKEN)
      expect((await load(stores(), lease)).calls).toEqual([])
    })
  })
}

const describeFence = (stores: () => Stores): void => {
  /** Each of the journal's writes. */
  const writes = (lease: Lease) => [
    () => stores().journal.appendStep(lease, stepOf(lease, 1)),
    () => stores().journal.startCall(lease, callOf(lease, { toolCallId: 'call-2' })),
    () => stores().journal.endCall(lease, 0, 'call-1', endOf()),
  ]

  const expectRefused = async (lease: Lease): Promise<void> => {
    for (const write of writes(lease)) await expect(write()).rejects.toEqual(LEASE_LOST)
  }

  const open = async (options: { ttlMs?: number } = {}): Promise<Lease> => {
    const lease = await withStep(stores(), options)
    await stores().journal.startCall(lease, callOf(lease))
    return lease
  }

  describe('the fence', () => {
    test('lets the holder write, also when its lease has lapsed', async () => {
      const lease = await open({ ttlMs: LAPSED_MS })
      for (const write of writes(lease)) await write()
      const { steps, calls } = await load(stores(), lease)
      expect([steps.length, calls.length]).toEqual([2, 2])
    })

    test('refuses each write of a holder whose run was taken over', async () => {
      const lease = await open({ ttlMs: LAPSED_MS })
      const before = await load(stores(), lease)
      await claimed(stores(), lease.runId, { holder: 'two' })
      await expectRefused(lease)
      expect(await load(stores(), lease)).toEqual(before)
    })

    test('refuses each write of a holder whose run was seized', async () => {
      const lease = await open({ ttlMs: LAPSED_MS })
      await stores().runs.seize(lease.runId, 'two', 1_000)
      await expectRefused(lease)
    })

    test('refuses each write to a settled run', async () => {
      const lease = await open()
      await settleAs(stores(), lease)
      const before = await load(stores(), lease)
      await expectRefused(lease)
      expect(await load(stores(), lease)).toEqual(before)
    })

    test('refuses each write from a foreign workspace, of a coming epoch and to no run', async () => {
      const lease = await open()
      const before = await load(stores(), lease)
      await expectRefused({ ...lease, workspaceId: randomUUID() })
      await expectRefused({ ...lease, epoch: lease.epoch + 1 })
      await expectRefused({ ...lease, runId: randomUUID() })
      expect(await load(stores(), lease)).toEqual(before)
    })

    test('names run and epoch of who lost', async () => {
      const lease = { ...(await open()), epoch: 7 }
      await expect(stores().journal.appendStep(lease, stepOf(lease, 1))).rejects.toMatchObject({
        code: 'LEASE_LOST',
        runId: lease.runId,
        epoch: 7,
      })
    })
  })
}
