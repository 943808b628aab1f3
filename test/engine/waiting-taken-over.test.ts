import { tool } from 'ai'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { idempotent } from '../../src/agent/declare.ts'
import { defineAgent } from '../../src/agent/define-agent.ts'
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
import { mortalOutlast } from '../support/mortal.ts'
import { createMigratedDatabase } from '../support/postgres.ts'
import { finishPart, scriptedModel, textParts, toolCallParts } from '../support/scripted-model.ts'

const inputSchema = z.object({})

const modelThatCalls = (...names: string[]) =>
  scriptedModel((_call, { prompt }) =>
    prompt.at(-1)?.role === 'tool'
      ? [...textParts('Done'), finishPart()]
      : [
          ...names.flatMap((name) => toolCallParts({ id: name, name, input: {} })),
          finishPart('tool-calls'),
        ],
  )

const statusIn = ({ db }: TestOutlast) =>
  db.selectFrom('aiChatRuns').select('status').executeTakeFirstOrThrow()

describe('a run that waits for a person', () => {
  it('goes on in another process when the one that took the decision dies, and acts once', async () => {
    await using database = await createMigratedDatabase()
    let executed = 0
    const pay = tool({ inputSchema, needsApproval: true, execute: async () => ++executed })
    const agents = [defineAgent({ name: 'a', model: modelThatCalls('pay'), tools: { pay } })]
    const options = { database: { url: database.url }, leaseTtlMs: 1000 }
    await using one = await mortalOutlast(agents, options)
    const run = await one.ask('Hi')
    const seen = await one.tail(run)
    one.kill(['claim', 'findUnheld'])
    const decision = {
      principal: one.principal,
      target: { runId: run.id },
      answers: [{ approvalId: `${run.id}:0:pay`, approved: true }],
    }
    await one.engine.decide(decision)
    expect(await statusIn(one)).toEqual({ status: 'pending' })
    await using two = await testOutlast(agents, options)
    const again = await two.engine.decide(decision)
    await collect(await again.attach())
    expect(await two.settled(run)).toMatchObject({ status: 'succeeded' })
    expect(executed).toBe(1)
    const rest = await two.tail(run, seen.at(-1)!.position)
    const parts = await messageParts([...seen, ...rest].map(({ chunk }) => chunk))
    expect(parts).toEqual(await storedParts(two, run))
  })

  it('goes on at once when the decision comes before its last holder is done with it', async () => {
    let executed = 0
    const pay = tool({ inputSchema, needsApproval: true, execute: async () => ++executed })
    const agents = [defineAgent({ name: 'a', model: modelThatCalls('pay'), tools: { pay } })]
    const barrier = createBarrier()
    // Nobody looks for runs that were left behind: it goes on because it is offered, or never.
    const decorate = (ports: WorkerPorts): WorkerPorts => {
      const fast = withFastClock(ports)
      const wait: WorkerPorts['store']['wait'] = async (lease) => {
        const run = await fast.store.wait(lease)
        await barrier.wait()
        return run
      }
      return { ...fast, store: { ...fast.store, wait, findUnheld: async () => [] } }
    }
    await using outlast = await testOutlast(agents, {}, decorate)
    const { engine, principal } = outlast
    const run = await outlast.ask('Hi')
    await barrier.reached
    const answers = [{ approvalId: `${run.id}:0:pay`, approved: true }]
    await engine.decide({ principal, target: { runId: run.id }, answers })
    expect(await statusIn(outlast)).toEqual({ status: 'pending' })
    barrier.release()
    expect(await outlast.settled(run)).toMatchObject({ status: 'succeeded' })
    expect(executed).toBe(1)
  })

  it('ends for no reader that learns in the middle of its look that it goes on', async () => {
    const pay = tool({ inputSchema, needsApproval: true, execute: async () => 'paid' })
    const agents = [defineAgent({ name: 'a', model: modelThatCalls('pay'), tools: { pay } })]
    let beforeLoad: (() => Promise<unknown>) | undefined
    const decorate = (ports: WorkerPorts): WorkerPorts => {
      const fast = withFastClock(ports)
      const load: WorkerPorts['journal']['load'] = async (...args) => {
        const once = beforeLoad
        beforeLoad = undefined
        await once?.()
        return fast.journal.load(...args)
      }
      return { ...fast, journal: { ...fast.journal, load } }
    }
    await using outlast = await testOutlast(agents, {}, decorate)
    const { engine, principal } = outlast
    const run = await outlast.ask('Hi')
    await outlast.tail(run)
    const answers = [{ approvalId: `${run.id}:0:pay`, approved: true }]
    // The reader has seen a run that waits, and now reads what is in its journal.
    beforeLoad = () => engine.decide({ principal, target: { runId: run.id }, answers })
    const frames = await outlast.tail(run)
    const parts = await messageParts(frames.map(({ chunk }) => chunk))
    expect(parts.at(-1)).toMatchObject({ type: 'text', text: 'Done' })
    expect(parts).toEqual(await storedParts(outlast, run))
  })

  it('is asked once: who takes it over does not ask its own rules again', async () => {
    await using database = await createMigratedDatabase()
    const barrier = createBarrier()
    let executed = 0
    const model = modelThatCalls('pay', 'look')
    const agentWith = (needsApproval: boolean, look: () => Promise<unknown>) => [
      defineAgent({
        name: 'a',
        model,
        tools: {
          pay: tool({ inputSchema, needsApproval, execute: async () => ++executed }),
          look: idempotent(tool({ inputSchema, execute: look })),
        },
      }),
    ]
    const options = { database: { url: database.url }, leaseTtlMs: 1000 }
    await using one = await mortalOutlast(
      agentWith(true, () => barrier.wait()),
      options,
    )
    const run = await one.ask('Hi')
    await barrier.reached
    one.kill()
    await using two = await testOutlast(
      agentWith(false, async () => 'seen'),
      options,
    )
    await expect.poll(() => statusIn(two)).toEqual({ status: 'waiting' })
    expect(executed).toBe(0)
    const answers = [{ approvalId: `${run.id}:0:pay`, approved: true }]
    const { principal, engine } = two
    const decided = await engine.decide({ principal, target: { runId: run.id }, answers })
    await collect(await decided.attach())
    expect(executed).toBe(1)
    const parts = await messageParts((await two.tail(run)).map(({ chunk }) => chunk))
    expect(parts).toEqual(await storedParts(two, run))
  })
})
