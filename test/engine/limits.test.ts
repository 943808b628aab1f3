import { tool } from 'ai'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { toolRun, type ToolRun } from '../../src/agent/tool-run.ts'
import type { WorkerPorts } from '../../src/engine/workers/worker.ts'
import { createBarrier } from '../support/barrier.ts'
import {
  collect,
  messageParts,
  storedParts,
  testOutlast,
  withFastClock,
  type TestOutlast,
} from '../support/engine.ts'
import { createMigratedDatabase } from '../support/postgres.ts'
import {
  finishPart,
  scriptedModel,
  textParts,
  toolCallParts,
  type ModelScript,
} from '../support/scripted-model.ts'

const inputSchema = z.object({})
const callAct = () => [
  ...toolCallParts({ id: 'c1', name: 'act', input: {} }),
  finishPart('tool-calls'),
]
const done = () => [...textParts('Done'), finishPart()]

/** A process that dies: from then on nothing it does reaches the database. */
const mortal = () => {
  let dead = false
  const guard = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, key) {
        const method: unknown = Reflect.get(target, key)
        if (typeof method !== 'function') return method
        return (...args: unknown[]): unknown =>
          dead ? new Promise(() => undefined) : Reflect.apply(method, target, args)
      },
    })
  const decorate = (ports: WorkerPorts): WorkerPorts => {
    const fast = withFastClock(ports)
    return { ...fast, store: guard(fast.store), journal: guard(fast.journal) }
  }
  return { decorate, kill: () => void (dead = true) }
}

/**
 * Processes that die one after the other on one database; each is told when its model is called, and dies when `dies`
 * says so.
 */
const dyingProcesses = async (
  script: (process: number, call: number) => ReturnType<ModelScript> | 'dies',
) => {
  await using database = await createMigratedDatabase()
  const corpses: (() => Promise<void>)[] = []
  const options = { database: { url: database.url }, leaseTtlMs: 300 }
  let calls = 0
  let runId: string | undefined
  try {
    for (let process = 0; ; process++) {
      const { decorate, kill } = mortal()
      const death = createBarrier()
      const model = scriptedModel(async function* (call) {
        calls += 1
        const said = script(process, call)
        if (said === 'dies') await death.wait()
        else yield* said
      })
      const act = tool({ inputSchema, execute: async () => 'acted' })
      const outlast = await testOutlast(
        [defineAgent({ name: 'a', model, tools: { act } })],
        options,
        decorate,
      )
      corpses.push(() => outlast.close(0))
      runId ??= (await outlast.ask('Hi')).id
      const attachment = (await outlast.engine.attach(outlast.principal, { runId }))!
      const settled = collect(attachment).then(() => 'settled' as const)
      if ((await Promise.race([settled, death.reached])) !== 'settled') {
        kill()
        continue
      }
      return { run: await outlast.settled(attachment.run), calls, processes: process + 1 }
    }
  } finally {
    for (const close of corpses) void close().catch(() => undefined)
  }
}

describe('a run whose processes die', () => {
  it('without progress is given up after the third', async () => {
    const { run, calls, processes } = await dyingProcesses(() => 'dies')
    expect(run).toMatchObject({ status: 'failed', errorCode: 'recovery_exhausted', stepCount: 1 })
    expect(run.error).toContain('3 times')
    expect({ calls, processes }).toEqual({ calls: 3, processes: 4 })
  })

  it('after each step is never given up', async () => {
    // Each process makes one step and dies in the next one, the last excepted.
    const { run, processes } = await dyingProcesses((process, call) => {
      if (process === 6) return done()
      return call === 0 ? callAct() : 'dies'
    })
    expect(run).toMatchObject({ status: 'succeeded', stepCount: 7 })
    expect(processes).toBe(7)
  })
})

describe('a tool that takes too long', () => {
  const timeout = { toolMs: 2000 }

  /** Runs a tool and gives what everybody has of it in the end. */
  const slowTool = async (
    execute: (run: ToolRun) => AsyncIterable<unknown>,
    meanwhile?: (outlast: TestOutlast) => Promise<void>,
  ) => {
    const model = scriptedModel((call) => (call === 0 ? callAct() : done()))
    const act = tool({
      inputSchema,
      async *execute(_input, options) {
        yield* execute(toolRun(options))
      },
    })
    await using outlast = await testOutlast([
      defineAgent({ name: 'a', model, tools: { act }, timeout }),
    ])
    const run = await outlast.ask('Hi')
    const live = await outlast.tail(run)
    await meanwhile?.(outlast)
    const stored = await storedParts(outlast, run)
    expect(await messageParts(live.map(({ chunk }) => chunk))).toEqual(stored)
    const again = await outlast.tail(run)
    expect(await messageParts(again.map(({ chunk }) => chunk))).toEqual(stored)
    expect(await outlast.settled(run)).toMatchObject({ status: 'succeeded', stepCount: 2 })
    expect(outlast.errors).toEqual([])
    const ledger = await outlast.db.selectFrom('aiChatRunToolCalls').selectAll().execute()
    return { stored, ledger, told: JSON.stringify(model.prompts[1]!.at(-1)) }
  }

  const tooLong = 'The tool did not finish within 2 s.'

  it('is told to end, and the model is told that it did not finish', async () => {
    let reason: unknown
    const { stored, ledger, told } = await slowTool(async function* ({ signal, write }) {
      write({ type: 'data-progress', data: 'begun' })
      yield 'half'
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reason = signal.reason
          reject(new TypeError('I was interrupted'))
        })
      })
    })
    expect(reason).toMatchObject({ kind: 'timeout' })
    expect(told).toContain(tooLong)
    expect(ledger).toMatchObject([{ status: 'failed', error: tooLong }])
    expect(stored).toMatchObject([
      { type: 'step-start' },
      { type: 'tool-act', state: 'output-error', errorText: tooLong },
      { type: 'data-progress', data: 'begun' },
      { type: 'step-start' },
      { type: 'text', text: 'Done' },
    ])
  })

  it('and does not obey has no say any more', async () => {
    const late = createBarrier()
    const over = createBarrier()
    const { stored, ledger, told } = await slowTool(
      async function* ({ write }) {
        await late.wait()
        write({ type: 'data-progress', data: 'too late' })
        yield 'too late'
        over.release()
      },
      async ({ db }) => {
        // The run has settled without it.
        late.release()
        await over.promise
        const calls = await db.selectFrom('aiChatRunToolCalls').select('status').execute()
        expect(calls).toEqual([{ status: 'failed' }])
      },
    )
    expect(told).toContain(tooLong)
    expect(ledger).toMatchObject([{ status: 'failed', error: tooLong, output: null, data: null }])
    expect(JSON.stringify(stored)).not.toContain('too late')
  })
})
