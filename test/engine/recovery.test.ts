import { tool } from 'ai'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  defineAgent,
  type OutlastTool,
  type OutlastToolSet,
  type ToolRecoveryResult,
} from '../../src/agent/define-agent.ts'
import { toolRun } from '../../src/agent/tool-run.ts'
import { idempotent } from '../../src/agent/declare.ts'
import type { WorkerPorts } from '../../src/engine/workers/worker.ts'
import { createBarrier } from '../support/barrier.ts'
import { messageParts, storedParts, testOutlast, withFastClock } from '../support/engine.ts'
import { mortalOutlast, type MortalOutlast } from '../support/mortal.ts'
import { createMigratedDatabase } from '../support/postgres.ts'
import {
  finishPart,
  scriptedModel,
  textParts,
  toolCallParts,
  type ModelScript,
} from '../support/scripted-model.ts'

const agentOf = (script: ModelScript, tools: OutlastToolSet = {}) => {
  const model = scriptedModel(script)
  return { model, agents: [defineAgent({ name: 'a', model, tools })] }
}

/** Two processes on one database; the first dies when the test says so. */
const twoProcesses = async (
  first: ReturnType<typeof agentOf>,
  second: ReturnType<typeof agentOf>,
  act: (one: MortalOutlast) => Promise<void>,
  decorateSecond: (ports: WorkerPorts) => WorkerPorts = withFastClock,
) => {
  await using database = await createMigratedDatabase()
  const options = { database: { url: database.url }, leaseTtlMs: 1000 }
  await using one = await mortalOutlast(first.agents, options)
  await act(one)
  await using two = await testOutlast(second.agents, options, decorateSecond)
  const { id } = await two.db.selectFrom('aiChatRuns').select('id').executeTakeFirstOrThrow()
  const attachment = await two.engine.attach(two.principal, { runId: id })
  const chunks = []
  for await (const batch of attachment!.frames(new AbortController().signal))
    chunks.push(...batch.map(({ chunk }) => chunk))
  const parts = await messageParts(chunks)
  const run = await two.settled(attachment!.run)
  expect(parts).toEqual(await storedParts(two, attachment!.run))
  const calls = await two.db
    .selectFrom('aiChatRunToolCalls')
    .selectAll()
    .orderBy('toolCallId')
    .execute()
  return { run, parts, calls }
}

/** A stop arrives when a call was journaled as started, and before it acts. */
const stoppedOnceStarted = (ports: WorkerPorts): WorkerPorts => {
  const fast = withFastClock(ports)
  const startCall: WorkerPorts['journal']['startCall'] = async (lease, call) => {
    await fast.journal.startCall(lease, call)
    await fast.store.requestStop(lease.runId, lease.workspaceId)
    fast.bus.publish({ kind: 'stop', runId: lease.runId })
  }
  return { ...fast, journal: { ...fast.journal, startCall } }
}

const done: ModelScript = () => [...textParts('Done'), finishPart()]

describe('a run whose process died', () => {
  it('in a model call makes that call again and no other', async () => {
    const barrier = createBarrier()
    const calling = () => [
      ...toolCallParts({ id: 'c1', name: 'look', input: {} }),
      finishPart('tool-calls'),
    ]
    const look = idempotent(tool({ inputSchema: z.object({}), execute: async () => 'seen' }))
    const first = agentOf(
      async function* (call) {
        if (call === 0) return yield* calling()
        yield { type: 'text-start', id: '0' }
        yield { type: 'text-delta', id: '0', delta: 'Lost' }
        await barrier.wait()
      },
      { look },
    )
    const second = agentOf(done, { look })
    const { run, parts } = await twoProcesses(first, second, async (one) => {
      await one.ask('Hi')
      await barrier.reached
      one.kill()
    })
    expect(run).toMatchObject({ status: 'succeeded', stepCount: 2 })
    expect(first.model.calls.length).toBe(2)
    expect(second.model.calls.length).toBe(1)
    expect(JSON.stringify(parts)).not.toContain('Lost')
  })

  it('in a tool that is idempotent executes it again with the same key; any other is said to be unknown', async () => {
    const barrier = createBarrier()
    const waiting = tool({ inputSchema: z.object({}), execute: () => barrier.wait() })
    const again = {
      again: idempotent(tool({ inputSchema: z.object({}), execute: async () => 'seen' })),
    }
    const first = agentOf(
      () => [
        ...toolCallParts({ id: 'c1', name: 'again', input: {} }),
        ...toolCallParts({ id: 'c2', name: 'once', input: {} }),
        ...toolCallParts({ id: 'c3', name: 'quick', input: {} }),
        finishPart('tool-calls'),
      ],
      {
        again: idempotent(waiting),
        once: waiting,
        quick: tool({ inputSchema: z.object({}), execute: async () => 'kept' }),
      },
    )
    const forbidden = tool({
      inputSchema: z.object({}),
      execute: async (): Promise<string> =>
        expect.unreachable('a journaled or unknown call is not executed again'),
    })
    const second = agentOf(done, { ...again, once: forbidden, quick: forbidden })
    const { run, calls } = await twoProcesses(first, second, async (one) => {
      await one.ask('Hi')
      await barrier.reached
      await expect
        .poll(() =>
          one.db.selectFrom('aiChatRunToolCalls').select('status').orderBy('toolCallId').execute(),
        )
        .toEqual([{ status: 'started' }, { status: 'started' }, { status: 'succeeded' }])
      one.kill()
    })
    expect(run).toMatchObject({ status: 'succeeded', stepCount: 2 })
    expect(calls).toMatchObject([
      { toolCallId: 'c1', status: 'succeeded', output: 'seen', attempt: 2 },
      { toolCallId: 'c2', status: 'unknown', attempt: 1 },
      { toolCallId: 'c3', status: 'succeeded', output: 'kept', attempt: 1 },
    ])
    expect(second.model.prompts[0]!.at(-1)).toMatchObject({
      content: [
        { toolCallId: 'c1', output: { value: 'seen' } },
        {
          toolCallId: 'c2',
          output: { type: 'error-text', value: expect.stringContaining('unknown') },
        },
        { toolCallId: 'c3', output: { value: 'kept' } },
      ],
    })
  })

  it('in a tool that is idempotent, and is stopped before it acts again, has an unknown outcome', async () => {
    const barrier = createBarrier()
    const inputSchema = z.object({})
    const first = agentOf(
      () => [...toolCallParts({ id: 'c1', name: 'again', input: {} }), finishPart('tool-calls')],
      { again: idempotent(tool({ inputSchema, execute: () => barrier.wait() })) },
    )
    const execute = async (): Promise<string> => expect.unreachable('it was stopped')
    const second = agentOf(done, { again: idempotent(tool({ inputSchema, execute })) })
    const act = async (one: MortalOutlast) => {
      await one.ask('Hi')
      await barrier.reached
      one.kill()
    }
    const { run, calls } = await twoProcesses(first, second, act, stoppedOnceStarted)
    expect(run).toMatchObject({ status: 'aborted' })
    expect(calls).toMatchObject([{ toolCallId: 'c1', status: 'unknown', attempt: 2 }])
  })

  it('in a tool that can find out asks it, and goes on with the truth', async () => {
    const barrier = createBarrier()
    const inputSchema = z.object({})
    const waiting = tool({ inputSchema, execute: () => barrier.wait() })
    const names = ['sent', 'refused', 'never', 'lost', 'broken'] as const
    const first = agentOf(
      () => [
        ...names.flatMap((name) => toolCallParts({ id: name, name, input: {} })),
        finishPart('tool-calls'),
      ],
      Object.fromEntries(names.map((name) => [name, waiting])),
    )
    const asked: string[] = []
    const finding = (result: ToolRecoveryResult | Error): OutlastTool => ({
      ...tool({ inputSchema, execute: async () => 'executed now' }),
      onInterrupted: (_input, options) => {
        asked.push(toolRun(options).idempotencyKey)
        if (result instanceof Error) throw result
        return result
      },
    })
    const second = agentOf(done, {
      sent: finding({ outcome: 'succeeded', output: 'was sent' }),
      refused: finding({ outcome: 'failed', error: 'was refused' }),
      never: finding({ outcome: 'not-executed' }),
      lost: finding({ outcome: 'unknown' }),
      broken: finding(new TypeError('cannot ask')),
    })
    const { run, calls } = await twoProcesses(first, second, async (one) => {
      await one.ask('Hi')
      await expect
        .poll(() => one.db.selectFrom('aiChatRunToolCalls').select('status').execute())
        .toHaveLength(names.length)
      one.kill()
    })
    expect(run).toMatchObject({ status: 'succeeded' })
    const byName = Object.fromEntries(
      calls.map(({ toolName, status, output, error, attempt }) => [
        toolName,
        { status, output, error, attempt },
      ]),
    )
    expect(byName).toMatchObject({
      sent: { status: 'succeeded', output: 'was sent', attempt: 1 },
      refused: { status: 'failed', error: 'was refused', attempt: 1 },
      never: { status: 'succeeded', output: 'executed now', attempt: 2 },
      lost: { status: 'unknown', attempt: 1 },
      broken: { status: 'unknown', attempt: 1 },
    })
    expect(asked.toSorted()).toEqual(names.map((name) => `${run.id}:0:${name}`).toSorted())
  })
})

it('a call whose run was stopped after it was journaled, and before it acted, is said not to have been executed', async () => {
  const execute = async (): Promise<string> => expect.unreachable('it was stopped')
  const { agents } = agentOf(
    () => [...toolCallParts({ id: 'c1', name: 'act', input: {} }), finishPart('tool-calls')],
    { act: tool({ inputSchema: z.object({}), execute }) },
  )
  await using outlast = await testOutlast(agents, {}, stoppedOnceStarted)
  const run = await outlast.ask('Hi')
  expect(await outlast.settled(run)).toMatchObject({ status: 'aborted' })
  expect(await storedParts(outlast, run)).toMatchObject([
    { type: 'step-start' },
    { type: 'tool-act', state: 'output-error', errorText: expect.stringContaining('not executed') },
  ])
})
