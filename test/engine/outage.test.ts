import { tool } from 'ai'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent, type OutlastToolSet } from '../../src/agent/define-agent.ts'
import { StoreUnavailableError } from '../../src/domain/errors.ts'
import type { WorkerPorts } from '../../src/engine/workers/worker.ts'
import { createBarrier } from '../support/barrier.ts'
import {
  collect,
  messageParts,
  storedParts,
  testOutlast,
  withFastClock,
} from '../support/engine.ts'
import { outageProxy } from '../support/outage-proxy.ts'
import { createMigratedDatabase } from '../support/postgres.ts'
import {
  finishPart,
  scriptedModel,
  textParts,
  toolCallParts,
  type ModelScript,
} from '../support/scripted-model.ts'

const LEASE_MS = 1000

const agentOf = (script: ModelScript, tools: OutlastToolSet = {}) => {
  const model = scriptedModel(script)
  return { model, agents: [defineAgent({ name: 'a', model, tools })] }
}

const real = (ports: WorkerPorts): WorkerPorts => ports

/** An outage is a matter of time: there is nothing to wait for but its end. */
const elapse = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe.each(['down', 'stalled'] as const)(
  'a database that is %s for longer than a lease',
  (how) => {
    it('loses no run, repeats no model call, and nobody steals', async () => {
      await using database = await createMigratedDatabase()
      await using proxy = await outageProxy(database.url)
      const options = { database: { url: proxy.url, silenceMs: 700 }, leaseTtlMs: LEASE_MS }
      const talking = createBarrier()
      const script: ModelScript = async function* () {
        yield { type: 'text-start', id: '0' }
        yield { type: 'text-delta', id: '0', delta: 'Before' }
        await talking.wait()
        yield { type: 'text-delta', id: '0', delta: ' and after' }
        yield { type: 'text-end', id: '0' }
        yield finishPart()
      }
      const holder = agentOf(script)
      const other = agentOf(() => [...textParts('Stolen'), finishPart()])
      await using one = await testOutlast(holder.agents, options, real)
      await using _two = await testOutlast(other.agents, options, real)
      const run = await one.ask('Hi')
      await talking.reached
      const attachment = await one.engine.attach(one.principal, { runId: run.id })
      const attached = createBarrier()
      const reading = collect(attachment!, attached.release)
      await attached.promise
      expect(holder.model.calls.length + other.model.calls.length).toBe(1)
      if (how === 'down') proxy.down()
      else proxy.stall()
      await elapse(2 * LEASE_MS)
      talking.release()
      await elapse(LEASE_MS)
      expect(one.errors).not.toEqual([])
      proxy.up()
      const chunks = (await reading).map(({ chunk }) => chunk)
      const parts = await messageParts(chunks)
      expect(parts).toEqual(await storedParts(one, run))
      expect(parts.at(-1)).toMatchObject({ type: 'text', text: 'Before and after' })
      expect(await one.settled(run)).toMatchObject({ status: 'succeeded' })
      expect(holder.model.calls.length + other.model.calls.length).toBe(1)
    })
  },
)

describe('a database that comes and goes', () => {
  it('starts no tool whose start cannot be written', async () => {
    await using database = await createMigratedDatabase()
    await using proxy = await outageProxy(database.url)
    const deciding = createBarrier()
    let acted = 0
    const act = tool({ inputSchema: z.object({}), execute: async () => ++acted })
    const { agents, model } = agentOf(
      async function* (call) {
        if (call > 0) return yield* [...textParts('Done'), finishPart()]
        await deciding.wait()
        yield* toolCallParts({ id: 'c1', name: 'act', input: {} })
        yield finishPart('tool-calls')
      },
      { act },
    )
    await using outlast = await testOutlast(agents, { database: { url: proxy.url } })
    const run = await outlast.ask('Hi')
    await deciding.reached
    proxy.down()
    deciding.release()
    await expect.poll(() => proxy.refused).toBeGreaterThan(3)
    expect(outlast.errors).not.toEqual([])
    expect(acted).toBe(0)
    proxy.up()
    expect(await outlast.settled(run)).toMatchObject({ status: 'succeeded', stepCount: 2 })
    expect([acted, model.calls.length]).toEqual([1, 2])
  })

  it('fails one statement in three, before or after it took effect, and nothing is lost or doubled', async () => {
    let statement = 0
    const failing = <T extends object>(port: T): T =>
      new Proxy(port, {
        get(target, key) {
          const method: unknown = Reflect.get(target, key)
          if (typeof method !== 'function') return method
          return async (...args: unknown[]): Promise<unknown> => {
            statement += 1
            if (statement % 3 === 0) throw new StoreUnavailableError('gone before')
            const result: unknown = await Reflect.apply(method, target, args)
            if (statement % 7 === 0) throw new StoreUnavailableError('gone after')
            return result
          }
        },
      })
    const decorate = (ports: WorkerPorts) => {
      const fast = withFastClock(ports)
      return { ...fast, journal: failing(fast.journal) }
    }
    let acted = 0
    const act = tool({ inputSchema: z.object({}), execute: async () => ++acted })
    const { agents, model } = agentOf(
      (call) =>
        call < 5
          ? [
              ...toolCallParts({ id: 'c1', name: 'act', input: {} }),
              ...toolCallParts({ id: 'c2', name: 'act', input: {} }),
              finishPart('tool-calls'),
            ]
          : [...textParts('Done'), finishPart()],
      { act },
    )
    await using outlast = await testOutlast(agents, {}, decorate)
    const run = await outlast.ask('Hi')
    expect(await outlast.settled(run)).toMatchObject({ status: 'succeeded', stepCount: 6 })
    expect([acted, model.calls.length]).toEqual([10, 6])
  })
})

/** Every way in which a run touches the database, in the order of its life. */
const touches = [
  ['store', 'findUnheld'],
  ['store', 'claim'],
  ['journal', 'load'],
  ['conversations', 'history'],
  ['journal', 'appendStep'],
  ['journal', 'startCall'],
  ['journal', 'endCall'],
  ['store', 'renew'],
  ['store', 'settle'],
] as const

const moments = touches.flatMap(([port, method]) =>
  (['before', 'after'] as const).map((when) => ({ port, method, when })),
)

describe('a database that goes away', () => {
  it.for(moments)('$when $method took effect costs nothing', async (moment, { expect }) => {
    const { port, method, when } = moment
    let failures = 0
    const decorate = (ports: WorkerPorts): WorkerPorts => {
      const fast = withFastClock(ports)
      const target: object = fast[port]
      const work = Reflect.get(target, method) as (...args: unknown[]) => Promise<unknown>
      const failing = async (...args: unknown[]): Promise<unknown> => {
        // A claim whose answer is lost is an attempt, of which a run has three.
        if (failures >= 2) return work(...args)
        failures += 1
        if (when === 'after') await work(...args)
        throw new StoreUnavailableError('gone')
      }
      return { ...fast, [port]: { ...target, [method]: failing } }
    }
    let acted = 0
    const act = tool({ inputSchema: z.object({}), execute: async () => ++acted })
    const { agents, model } = agentOf(
      (call) =>
        call === 0
          ? [...toolCallParts({ id: 'c1', name: 'act', input: {} }), finishPart('tool-calls')]
          : [...textParts('Done'), finishPart()],
      { act },
    )
    await using outlast = await testOutlast(agents, { leaseTtlMs: LEASE_MS }, decorate)
    const run = await outlast.ask('Hi')
    const frames = await outlast.tail(run)
    const parts = await messageParts(frames.map(({ chunk }) => chunk))
    expect(parts).toEqual(await storedParts(outlast, run))
    expect(await outlast.settled(run)).toMatchObject({ status: 'succeeded', stepCount: 2 })
    expect([acted, model.calls.length]).toEqual([1, 2])
  })
})
