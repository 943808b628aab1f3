import { describe, expect, it } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import type { WorkerPorts } from '../../src/engine/workers/worker.ts'
import type { Outlast } from '../../src/outlast.ts'
import { openDatabase } from '../../src/store/database.ts'
import { createBarrier } from '../support/barrier.ts'
import { messageParts, storedParts, testOutlast, withFastClock } from '../support/engine.ts'
import { createMigratedDatabase } from '../support/postgres.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'

const hanging = () => {
  const gate = createBarrier()
  const model = scriptedModel(async function* () {
    yield { type: 'text-start', id: '0' }
    yield { type: 'text-delta', id: '0', delta: 'So far' }
    await gate.wait()
  })
  return { reached: gate.reached, agents: [defineAgent({ name: 'a', model })] }
}

const speaking = () => [
  defineAgent({ name: 'a', model: scriptedModel(() => [...textParts('Hello'), finishPart()]) }),
]

describe('a stop in another process', () => {
  it('reaches the run with the next renewal of its lease', async () => {
    await using database = await createMigratedDatabase()
    const { reached, agents } = hanging()
    const options = { database: { url: database.url }, leaseTtlMs: 20_000 }
    await using one = await testOutlast(agents, options)
    await using two = await testOutlast(agents, options)
    const run = await one.ask('Hi')
    await reached
    expect(await two.engine.stop(two.principal, { runId: run.id })).toBe(true)
    const frames = await two.tail(run)
    expect(await two.settled(run)).toMatchObject({ status: 'aborted', error: null })
    const parts = await messageParts(frames.map(({ chunk }) => chunk))
    expect(parts).toEqual(await storedParts(two, run))
    expect(parts).toContainEqual({ type: 'text', text: 'So far', state: 'done' })
    expect([...one.errors, ...two.errors]).toEqual([])
  })
})

describe('an engine that closes while it claims a run', () => {
  it('gives the run back', async () => {
    const claimed = createBarrier()
    const slowly = (ports: WorkerPorts): WorkerPorts => {
      const fast = withFastClock(ports)
      const claim: WorkerPorts['store']['claim'] = async (...args) => {
        const run = await fast.store.claim(...args)
        await claimed.wait()
        return run
      }
      return { ...fast, store: { ...fast.store, claim } }
    }
    await using database = await createMigratedDatabase()
    const url = database.url
    const one = await testOutlast(speaking(), { database: { url } }, slowly)
    const run = await one.ask('Hi')
    await claimed.reached
    const closed = one.close(0)
    claimed.release()
    await closed
    expect(one.errors).toEqual([])
    const db = await openDatabase({ url })
    const left = await db.selectFrom('aiChatRuns').selectAll().executeTakeFirst()
    await db.destroy()
    expect(left).toMatchObject({ status: 'running', attempt: 0, leaseHolder: null })
    await using two = await testOutlast(speaking(), { database: { url } })
    expect(await two.settled(run)).toMatchObject({ status: 'succeeded' })
  })
})

describe('an engine that closes while it journals the last step of a run', () => {
  it('settles the run: there is nothing left for another one to begin', async () => {
    const journaled = createBarrier()
    const slowly = (ports: WorkerPorts): WorkerPorts => {
      const fast = withFastClock(ports)
      const appendStep: WorkerPorts['journal']['appendStep'] = async (...args) => {
        await fast.journal.appendStep(...args)
        await journaled.wait()
      }
      return { ...fast, journal: { ...fast.journal, appendStep } }
    }
    await using database = await createMigratedDatabase()
    const { url } = database
    const one = await testOutlast(speaking(), { database: { url }, graceMs: 60_000 }, slowly)
    await one.ask('Hi')
    await journaled.reached
    const closed = one.close()
    journaled.release()
    await closed
    const db = await openDatabase({ url })
    const left = await db.selectFrom('aiChatRuns').select('status').executeTakeFirst()
    await db.destroy()
    expect(left).toEqual({ status: 'succeeded' })
  })
})

describe('a stop that arrives while its run is being claimed', () => {
  it('does not wait for the renewal of the lease', async () => {
    const claimed = createBarrier()
    const { agents } = hanging()
    const slowly = (ports: WorkerPorts): WorkerPorts => {
      const claim: WorkerPorts['store']['claim'] = async (...args) => {
        const run = await ports.store.claim(...args)
        await claimed.wait()
        return run
      }
      return { ...ports, store: { ...ports.store, claim, renew: async () => [] } }
    }
    await using outlast = await testOutlast(agents, { leaseTtlMs: 3_600_000 }, slowly)
    const run = await outlast.ask('Hi')
    await claimed.reached
    const stopping = outlast.engine.stop(outlast.principal, { runId: run.id })
    await expect.poll(() => stopAsked(outlast)).toBe(true)
    claimed.release()
    expect(await stopping).toBe(true)
    expect(await outlast.settled(run)).toMatchObject({ status: 'aborted' })
  })
})

const stopAsked = async ({ db }: Outlast): Promise<boolean> => {
  const { stopRequestedAt } = await db
    .selectFrom('aiChatRuns')
    .select('stopRequestedAt')
    .executeTakeFirstOrThrow()
  return stopRequestedAt !== null
}
