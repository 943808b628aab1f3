/** Who is executed next, where a process executes so many runs at a time, and what becomes of runs that nobody takes. */
import { describe, expect, it } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import type { WorkerPorts } from '../../src/engine/workers/worker.ts'
import { createAdmissions } from '../../src/store/admissions.ts'
import { createBarrier } from '../support/barrier.ts'
import { testOutlast, withFastClock, type TestOutlast } from '../support/engine.ts'
import { createMigratedDatabase } from '../support/postgres.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'
import { eventually } from '../support/eventually.ts'

const said = (prompt: unknown): string => /say (\S+)"/.exec(JSON.stringify(prompt))![1]!

/** Answers when the gate is open, and knows who was asked and how many at most at a time. */
const gated = () => {
  const gate = createBarrier()
  const asked: string[] = []
  let inside = 0
  let most = 0
  const model = scriptedModel(async function* (_call, { prompt }) {
    asked.push(said(prompt.at(-1)))
    most = Math.max(most, (inside += 1))
    await gate.wait()
    yield* [...textParts('Done'), finishPart()]
    inside -= 1
  })
  return { gate, asked, most: () => most, agents: [defineAgent({ name: 'a', model })] }
}

const stateOf = ({ db }: TestOutlast) => createAdmissions(db, 'outlast').state()

/** Looks that come by the clock are far away. */
const withoutLooks = (ports: WorkerPorts): WorkerPorts => ({
  ...ports,
  clock: {
    ...ports.clock,
    after: (ms, callback) => (ms < 500 ? ports.clock.after(ms, callback) : () => undefined),
  },
})

const never = new Promise<never>(() => undefined)

describe('a process with room for so many runs', () => {
  it('never executes more, and executes all', async () => {
    const { gate, asked, most, agents } = gated()
    await using outlast = await testOutlast(agents, { concurrency: 2 })
    const names = Array.from({ length: 10 }, (_, index) => `c${index}`)
    const runs = await Promise.all(names.map((name) => outlast.ask(`say ${name}`)))
    await eventually(() => expect(asked).toHaveLength(2))
    expect(await stateOf(outlast)).toMatchObject({ admitted: 2, pending: 8 })
    gate.release()
    for (const run of runs) expect((await outlast.settled(run)).status).toBe('succeeded')
    expect(asked.toSorted()).toEqual(names)
    expect(most()).toBe(2)
    expect(outlast.errors).toEqual([])
  })

  it('is given what it has room for and one more where offers reach the whole fleet', async () => {
    const { gate, asked, most, agents } = gated()
    const toAll = (ports: WorkerPorts): WorkerPorts =>
      withFastClock({ ...ports, queue: { ...ports.queue, reach: 'fleet' } })
    await using outlast = await testOutlast(agents, { concurrency: 2 }, toAll)
    const names = Array.from({ length: 10 }, (_, index) => `c${index}`)
    const runs = await Promise.all(names.map((name) => outlast.ask(`say ${name}`)))
    await eventually(() => expect(asked).toHaveLength(2))
    expect(await stateOf(outlast)).toMatchObject({ admitted: 3, pending: 7 })
    gate.release()
    for (const run of runs) expect((await outlast.settled(run)).status).toBe('succeeded')
    expect(most()).toBe(2)
    expect(outlast.errors).toEqual([])
  })

  it('takes workspaces in turn', async () => {
    const { gate, asked, agents } = gated()
    const limits = { activeRuns: 100 }
    await using outlast = await testOutlast(agents, { concurrency: 1, limits })
    for (let index = 0; index < 50; index += 1) await outlast.ask('say busy')
    const principal = { workspaceId: 'w2', userId: 'u2' }
    await outlast.principals.ensure(principal)
    const message = { parts: [{ type: 'text', text: 'say alone' }] }
    await outlast.engine.startTurn({ principal, chatId: 'alone', message })
    gate.release()
    await eventually(() => expect(asked).toContain('alone'))
    expect(asked.indexOf('alone')).toBeLessThanOrEqual(2)
    await outlast.close(0)
  })

  it('tells another process of a run that it has no room for', async () => {
    const { gate, asked, agents } = gated()
    await using database = await createMigratedDatabase()
    const options = { database: { url: database.url }, concurrency: 1 }
    await using full = await testOutlast(agents, options, withoutLooks)
    await using other = await testOutlast(agents, options, withoutLooks)
    await full.ask('say first')
    await eventually(() => expect(asked).toEqual(['first']))
    await full.ask('say second')
    await eventually(() => expect(asked).toEqual(['first', 'second']))
    gate.release()
    await eventually(async () => expect(await stateOf(other)).toMatchObject({ admitted: 0 }))
  })
})

describe('a process that executes nothing', () => {
  it('leaves its runs to others', async () => {
    const { gate, asked, agents } = gated()
    gate.release()
    await using database = await createMigratedDatabase()
    const options = { database: { url: database.url } }
    await using server = await testOutlast(agents, { ...options, concurrency: 0 })
    const run = await server.ask('say hello')
    expect(await stateOf(server)).toMatchObject({ pending: 1, admitted: 0 })
    expect(asked).toEqual([])
    await using _worker = await testOutlast(agents, options)
    expect((await server.settled(run)).status).toBe('succeeded')
    expect(server.errors).toEqual([])
  })

  it('executes those that end with their request, and settles what it stops', async () => {
    const { gate, asked, agents } = gated()
    gate.release()
    await using server = await testOutlast(agents, { concurrency: 0 })
    const waiting = await server.ask('say never')
    expect(await server.engine.stop(server.principal, { runId: waiting.id })).toBe(true)
    expect((await server.settled(waiting)).status).toBe('aborted')
    await server.db
      .updateTable('workspaces')
      .set({ settings: JSON.stringify({ ai: { autonomousRuns: false } }) })
      .execute()
    const bound = await server.ask('say bound')
    await eventually(async () => {
      const found = await server.db.selectFrom('aiChatRuns').select(['id', 'status']).execute()
      expect(found).toContainEqual({ id: bound.id, status: 'succeeded' })
    })
    expect(asked).toEqual(['bound'])
  })
})

it('a run whose process died between admission and claim is taken by another one', async () => {
  const { gate, agents } = gated()
  gate.release()
  await using database = await createMigratedDatabase()
  const options = { database: { url: database.url } }
  const claims = createBarrier()
  const dying = (ports: WorkerPorts): WorkerPorts => {
    const { store } = ports
    const claim = () => {
      claims.release()
      return never
    }
    return { ...withoutLooks(ports), store: { ...store, claim } }
  }
  const dead = await testOutlast(agents, options, dying)
  const run = await dead.ask('say hello')
  await claims.promise
  expect(await stateOf(dead)).toMatchObject({ pending: 0, admitted: 1 })
  await using alive = await testOutlast(agents, options, withFastClock)
  expect((await alive.settled(run)).status).toBe('succeeded')
  void dead.close(0)
})
