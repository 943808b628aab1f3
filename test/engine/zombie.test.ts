/** A worker that slept through its lease in between two durable writes, and wakes when another one has gone on. */
import { tool } from 'ai'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import type { WorkerPorts } from '../../src/engine/workers/worker.ts'
import { createBarrier } from '../support/barrier.ts'
import { testOutlast, withFastClock } from '../support/engine.ts'
import { createMigratedDatabase } from '../support/postgres.ts'
import { finishPart, scriptedModel, textParts, toolCallParts } from '../support/scripted-model.ts'
import { eventually } from '../support/eventually.ts'

const LEASE_MS = 1000

const agent = (onAsked: () => void = () => {}) => {
  const act = tool({ inputSchema: z.object({}), execute: async () => 'done' })
  const model = scriptedModel((_call, { prompt }) => {
    onAsked()
    return prompt.some(({ role }) => role === 'tool')
      ? [...textParts('Done'), finishPart()]
      : [...toolCallParts({ id: 'c1', name: 'act', input: {} }), finishPart('tool-calls')]
  })
  return { model, agents: [defineAgent({ name: 'a', model, tools: { act } })] }
}

it('asks the model nothing for a run that another one has taken over', async () => {
  await using database = await createMigratedDatabase()
  const options = { database: { url: database.url }, leaseTtlMs: LEASE_MS }
  const asleep = createBarrier()
  const keeper = createBarrier()
  let sleeping = false
  const asked: string[] = []
  const sleeper = (ports: WorkerPorts): WorkerPorts => {
    const fast = withFastClock(ports)
    return {
      ...fast,
      journal: {
        ...fast.journal,
        async endCall(...args) {
          await fast.journal.endCall(...args)
          sleeping = true
          await asleep.wait()
          sleeping = false
        },
      },
      store: {
        ...fast.store,
        async renew(...args) {
          if (sleeping) await keeper.wait()
          else asked.push('the database')
          return fast.store.renew(...args)
        },
      },
    }
  }
  const first = agent(() => asked.push('the model'))
  const second = agent()
  await using one = await testOutlast(first.agents, options, sleeper)
  await using two = await testOutlast(second.agents, options)
  const run = await one.ask('Hi')
  await asleep.reached
  expect(await two.settled(run)).toMatchObject({ status: 'succeeded', stepCount: 2 })
  asked.length = 0
  asleep.release()
  await eventually(() => expect(asked).not.toEqual([]))
  expect(asked[0]).toBe('the database')
  keeper.release()
  await one.close()
  expect(first.model.calls).toHaveLength(1)
  expect(second.model.calls).toHaveLength(1)
})
