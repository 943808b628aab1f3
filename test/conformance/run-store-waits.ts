/** How a run waits for a person, and what the person says. */
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Lease, Principal, RunRecord } from '../../src/domain/run.ts'
import type { ToolCallRecord } from '../../src/domain/step.ts'
import {
  callOf,
  claimed,
  heldRun,
  LEASE_LOST,
  leaseOf,
  somebody,
  stepOf,
  TTL_MS,
  turnOf,
  type Stores,
} from './stores.ts'

const askedCall = (lease: Lease, rest: Partial<ToolCallRecord> = {}): ToolCallRecord =>
  callOf(lease, {
    status: 'asked',
    attempt: 0,
    approval: { id: 'p-1', asked: { epoch: lease.epoch, n: 10 } },
    ...rest,
  })

type Waiting = { readonly principal: Principal; readonly run: RunRecord; readonly lease: Lease }

/** A run that waits for an approval of `call-1` and for the output of `call-2`. */
const waitingRun = async (stores: Stores, chatId: string = randomUUID()): Promise<Waiting> => {
  const principal = await somebody(stores)
  const { lease } = await heldRun(stores, principal, { chatId })
  await stores.journal.appendStep(lease, stepOf(lease, 0))
  await stores.journal.recordCalls(lease, [
    askedCall(lease),
    callOf(lease, { toolCallId: 'call-2', status: 'awaited', attempt: 0 }),
  ])
  return { principal, run: await stores.runs.wait(lease), lease }
}

const callsOf = async ({ journal }: Stores, { runId, workspaceId }: Lease) =>
  (await journal.load(runId, workspaceId)).calls

export const describeWait = (stores: () => Stores): void => {
  describe('wait', () => {
    test('gives the run back to nobody, and its attempts begin anew', async () => {
      const { run, lease } = await waitingRun(stores())
      expect(run).toMatchObject({ status: 'waiting', leaseHolder: null, attempt: 0 })
      expect(await stores().runs.claim(run.id, 'two', TTL_MS)).toBe(undefined)
      const unheld = await stores().runs.findUnheld(1000)
      expect(unheld.map(({ id }) => id)).not.toContain(run.id)
      await expect(stores().journal.appendStep(lease, stepOf(lease, 1))).rejects.toEqual(LEASE_LOST)
    })

    test('leaves a run held that was asked to stop', async () => {
      const { run, lease } = await heldRun(stores(), await somebody(stores()))
      await stores().runs.requestStop(run.id, run.workspaceId)
      const held = await stores().runs.wait(lease)
      expect(held).toMatchObject({ status: 'running', leaseHolder: 'one', lapsed: false })
    })

    test('is ended by nobody who has not seen a stop', async () => {
      const { run } = await waitingRun(stores())
      expect(await stores().runs.seize(run.id, 'two', TTL_MS)).toBe(undefined)
      await stores().runs.requestStop(run.id, run.workspaceId)
      expect(await stores().runs.seize(run.id, 'two', TTL_MS)).toMatchObject({ id: run.id })
    })

    test('is refused to who has lost the run', async () => {
      const { lease } = await heldRun(stores(), await somebody(stores()))
      const late = { ...lease, epoch: lease.epoch - 1 }
      await expect(stores().runs.wait(late)).rejects.toEqual(LEASE_LOST)
    })
  })
}

export const describeDecide = (stores: () => Stores): void => {
  const approve = { toolCallId: 'call-1', kind: 'approval', approved: true } as const
  const give = { toolCallId: 'call-2', kind: 'output', output: { z: 1, a: 2 } } as const

  describe('decide', () => {
    test('takes decisions until none is missing, and the run may be claimed', async () => {
      const { principal, run, lease } = await waitingRun(stores())
      const once = await stores().runs.decide(lease, principal.userId, [approve])
      expect(once).toMatchObject({ status: 'waiting' })
      expect(await stores().runs.claim(run.id, 'two', TTL_MS)).toBe(undefined)
      const twice = await stores().runs.decide(lease, principal.userId, [give])
      expect(twice).toMatchObject({ status: 'pending' })
      const decidedEpoch = lease.epoch
      expect(await callsOf(stores(), lease)).toMatchObject([
        { status: 'approved', approval: { id: 'p-1', approved: true }, decidedEpoch },
        { status: 'succeeded', output: { z: 1, a: 2 }, decidedEpoch, span: { to: undefined } },
      ])
      expect(await claimed(stores(), run.id)).toMatchObject({ leaseEpoch: lease.epoch + 1 })
    })

    test('keeps the first of several decisions at once', async () => {
      const { principal, lease } = await waitingRun(stores())
      const deny = { ...approve, approved: false, reason: 'No.' } as const
      await Promise.all(
        [approve, deny, approve, deny].map((one) =>
          stores().runs.decide(lease, principal.userId, [one]),
        ),
      )
      const [first] = await callsOf(stores(), lease)
      await stores().runs.decide(lease, principal.userId, [deny])
      await stores().runs.decide(lease, principal.userId, [approve])
      expect((await callsOf(stores(), lease))[0]).toEqual(first)
    })

    test('takes of a call only the kind of answer that it waits for', async () => {
      const { principal, lease } = await waitingRun(stores())
      const before = await callsOf(stores(), lease)
      const wrong = [
        { ...give, toolCallId: 'call-1' },
        { ...approve, toolCallId: 'call-2' },
        { ...approve, toolCallId: 'call-9' },
      ]
      expect(await stores().runs.decide(lease, principal.userId, wrong)).toMatchObject({
        status: 'waiting',
      })
      expect(await callsOf(stores(), lease)).toEqual(before)
    })

    test('takes nothing of another epoch, of a foreign workspace, or after a stop', async () => {
      const { principal, run, lease } = await waitingRun(stores())
      const { runs } = stores()
      const before = await callsOf(stores(), lease)
      const decide = (other: Partial<Lease> = {}) =>
        runs.decide({ ...lease, ...other }, principal.userId, [approve, give])
      expect(await decide({ epoch: lease.epoch + 1 })).toBe(undefined)
      expect(await decide({ workspaceId: randomUUID() })).toBe(undefined)
      await runs.requestStop(run.id, run.workspaceId)
      expect(await decide()).toBe(undefined)
      expect(await callsOf(stores(), lease)).toEqual(before)
    })
  })

  describe('begin, while a run of the chat waits', () => {
    test('settles it as superseded, with its calls ended and its message written', async () => {
      const chatId = randomUUID()
      const { principal, run, lease } = await waitingRun(stores(), chatId)
      const parts = [{ type: 'text', text: 'Projected' }]
      const project = () => parts
      const next = await stores().runs.begin(turnOf(principal, { chatId, project }))
      expect(next).toMatchObject({ kind: 'begun' })
      expect(await stores().conversations.findRun(principal, run.id)).toMatchObject({
        status: 'aborted',
        errorCode: 'superseded',
        leaseEpoch: lease.epoch + 1,
      })
      expect(await callsOf(stores(), lease)).toMatchObject([
        { status: 'denied', approval: { approved: false } },
        { status: 'failed' },
      ])
      const message = await stores().conversations.message(run.assistantMessageId!, run.workspaceId)
      expect(message).toMatchObject({ status: 'aborted', parts })
    })

    test('or a decision comes first, and the run goes on', async () => {
      const chatId = randomUUID()
      const { principal, run, lease } = await waitingRun(stores(), chatId)
      const [decided, begun] = await Promise.all([
        stores().runs.decide(lease, principal.userId, [approve, give]),
        stores().runs.begin(turnOf(principal, { chatId })),
      ])
      expect(begun.kind).toBe(decided ? 'active' : 'begun')
      const { status } = (await stores().conversations.findRun(principal, run.id))!
      expect(status).toBe(decided ? 'pending' : 'aborted')
    })
  })

  describe('recordCalls', () => {
    test('keeps what people have said, and may be repeated', async () => {
      const { principal, run, lease } = await waitingRun(stores())
      await stores().runs.decide(lease, principal.userId, [approve, give])
      const next = leaseOf(await claimed(stores(), run.id))
      const told = (await callsOf(stores(), lease)).map((call, index) => ({
        ...call,
        epoch: next.epoch,
        span: { from: index + 1, to: index === 1 ? 2 : undefined },
      }))
      await stores().journal.recordCalls(next, told)
      await stores().journal.recordCalls(next, told)
      expect(await callsOf(stores(), lease)).toEqual(told)
      await expect(stores().journal.recordCalls(lease, told)).rejects.toEqual(LEASE_LOST)
      await stores().journal.startCall(next, { ...told[0]!, status: 'started', span: { from: 3 } })
      expect((await callsOf(stores(), lease))[0]).toMatchObject({ status: 'started', attempt: 1 })
    })
  })
}
