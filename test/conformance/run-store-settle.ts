/** How a run ends. */
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { INTERRUPTED_CALL } from '../../src/domain/step.ts'
import type { RunJournal } from '../../src/engine/ports.ts'
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
  TTL_MS,
  type Stores,
} from './stores.ts'

export const describeStop = (stores: () => Stores): void => {
  describe('requestStop', () => {
    test('marks an active run, and keeps the time of the first request', async () => {
      const { run } = await heldRun(stores(), await somebody(stores()))
      const first = await stores().runs.requestStop(run.id, run.workspaceId)
      expect(first).toMatchObject({ id: run.id, status: 'running' })
      expect(first?.stopRequestedAt).toBeInstanceOf(Date)
      const second = await stores().runs.requestStop(run.id, run.workspaceId)
      expect(second?.stopRequestedAt).toEqual(first?.stopRequestedAt)
    })

    test('marks a run that its caller executes', async () => {
      const principal = await somebody(stores())
      const chat = await stores().insertChat(principal)
      const { id } = await stores().insertExternalRun({ principal, chatId: chat.id })
      expect(await stores().runs.requestStop(id, principal.workspaceId)).toMatchObject({ id })
    })

    test('finds neither settled nor foreign runs', async () => {
      const { run, lease } = await heldRun(stores(), await somebody(stores()))
      expect(await stores().runs.requestStop(run.id, randomUUID())).toBeUndefined()
      await settleAs(stores(), lease)
      expect(await stores().runs.requestStop(run.id, run.workspaceId)).toBeUndefined()
    })

    test('makes the run settle as aborted, whatever it comes to', async () => {
      const principal = await somebody(stores())
      const outcomes = [
        { status: 'succeeded', output: { a: 1 } },
        { status: 'aborted' },
        { status: 'failed', code: 'provider_error', error: 'It broke.' },
      ] as const
      for (const outcome of outcomes) {
        const { run, lease } = await heldRun(stores(), principal)
        await stores().runs.requestStop(run.id, run.workspaceId)
        const settled = await stores().runs.settle(lease, { outcome, calls: [] }, () => [])
        expect(settled).toMatchObject({
          status: 'aborted',
          error: null,
          errorCode: null,
          output: null,
        })
        const message = await stores().conversations.message(
          run.assistantMessageId!,
          run.workspaceId,
        )
        expect(message?.status).toBe('aborted')
      }
    })

    test('and a settlement at the same time agree on who was first', async () => {
      const principal = await somebody(stores())
      for (let round = 0; round < 10; round += 1) {
        const { run, lease } = await heldRun(stores(), principal)
        const [settled, stopped] = await Promise.all([
          settleAs(stores(), lease),
          stores().runs.requestStop(run.id, run.workspaceId),
        ])
        expect(settled.status).toBe(stopped ? 'aborted' : 'succeeded')
      }
    })
  })
}

export const describeSettle = (stores: () => Stores): void => {
  describe('settle', () => {
    test('writes the status, the time and the message, and gives the lease back', async () => {
      const { run, lease } = await heldRun(stores(), await somebody(stores()))
      const parts = [
        { type: 'text', text: 'One' },
        { type: 'text', text: 'Two\u0000' },
      ]
      const outcome = { status: 'succeeded', output: { z: 1, a: 'x\u0000' } } as const
      const settled = await stores().runs.settle(lease, { outcome, calls: [] }, () => parts)
      expect(settled).toMatchObject({
        id: run.id,
        status: 'succeeded',
        error: null,
        output: { z: 1, a: 'x' },
        leaseHolder: null,
        leaseEpoch: 1,
        lapsed: true,
      })
      expect(settled.finishedAt).toBeInstanceOf(Date)
      const message = await stores().conversations.message(run.assistantMessageId!, run.workspaceId)
      expect(message).toMatchObject({
        status: 'completed',
        runId: run.id,
        parts: [
          { type: 'text', text: 'One' },
          { type: 'text', text: 'Two' },
        ],
      })
    })

    test('keeps why a run failed', async () => {
      const { run, lease } = await heldRun(stores(), await somebody(stores()))
      const outcome = { status: 'failed', code: 'max_steps', error: 'Too many.\u0000' } as const
      const settled = await stores().runs.settle(lease, { outcome, calls: [] }, () => [])
      expect(settled).toMatchObject({
        status: 'failed',
        error: 'Too many.',
        errorCode: 'max_steps',
      })
      const message = await stores().conversations.message(run.assistantMessageId!, run.workspaceId)
      expect(message?.status).toBe('error')
    })

    test('projects the run as it settled, with the interrupted step and calls', async () => {
      const { run, lease } = await heldRun(stores(), await somebody(stores()))
      const { journal, runs } = stores()
      await journal.appendStep(lease, stepOf(lease, 0))
      await journal.startCall(lease, callOf(lease, { toolCallId: 'told' }))
      await journal.startCall(lease, callOf(lease, { toolCallId: 'untold' }))
      await journal.startCall(lease, callOf(lease, { toolCallId: 'ended' }))
      await journal.endCall(lease, 0, 'ended', endOf())
      const end = endOf({ status: 'unknown', output: undefined, error: 'Interrupted.' })
      const step = stepOf(lease, 1, { info: { finishReason: 'interrupted' } })
      let projected: RunJournal | undefined
      const settled = await runs.settle(
        lease,
        {
          outcome: { status: 'aborted' },
          step,
          calls: [
            { stepIndex: 0, toolCallId: 'told', end },
            { stepIndex: 0, toolCallId: 'ended', end },
            { stepIndex: 0, toolCallId: 'never started', end },
          ],
        },
        (projectedRun, projectedJournal) => {
          expect(projectedRun).toMatchObject({ id: run.id, status: 'aborted', stepCount: 2 })
          projected = projectedJournal
          return []
        },
      )
      expect(settled.stepCount).toBe(2)
      expect(projected).toEqual(await journal.load(run.id, run.workspaceId))
      expect(projected?.steps).toEqual([stepOf(lease, 0), step])
      expect(projected?.calls).toMatchObject([
        { toolCallId: 'told', status: 'unknown', error: 'Interrupted.' },
        { toolCallId: 'untold', status: 'unknown', error: INTERRUPTED_CALL },
        { toolCallId: 'ended', status: 'succeeded' },
      ])
    })

    test('changes nothing when its projection fails', async () => {
      const { run, lease } = await heldRun(stores(), await somebody(stores()))
      const settled = stores().runs.settle(
        lease,
        { outcome: { status: 'succeeded' }, step: stepOf(lease, 0), calls: [] },
        () => {
          throw new Error('no projection')
        },
      )
      await expect(settled).rejects.toThrow('no projection')
      expect(await stores().journal.load(run.id, run.workspaceId)).toEqual({ steps: [], calls: [] })
      expect(await stores().runs.renew([lease], TTL_MS)).toHaveLength(1)
    })

    test('refuses a writer whose epoch is not the newest, and a second time', async () => {
      const { run, lease } = await heldRun(stores(), await somebody(stores()), { ttlMs: LAPSED_MS })
      const taken = leaseOf(await claimed(stores(), run.id, { holder: 'two' }))
      await expect(settleAs(stores(), lease)).rejects.toEqual(LEASE_LOST)
      expect(await settleAs(stores(), taken)).toMatchObject({ status: 'succeeded', leaseEpoch: 2 })
      await expect(settleAs(stores(), taken)).rejects.toEqual(LEASE_LOST)
      const message = await stores().conversations.message(run.assistantMessageId!, run.workspaceId)
      expect(message?.status).toBe('completed')
    })

    test('refuses the right epoch in a foreign workspace', async () => {
      const { lease } = await heldRun(stores(), await somebody(stores()))
      const foreign = { ...lease, workspaceId: randomUUID() }
      await expect(settleAs(stores(), foreign)).rejects.toEqual(LEASE_LOST)
    })

    test('works after the lease has lapsed, as long as nobody took the run', async () => {
      const { lease } = await heldRun(stores(), await somebody(stores()), { ttlMs: LAPSED_MS })
      expect(await settleAs(stores(), lease)).toMatchObject({ status: 'succeeded' })
    })
  })
}
