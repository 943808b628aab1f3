/** A process that executes runs is known to be there from its start to its close. */
import { expect, test, vi } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { keepPresence } from '../../src/engine/workers/presence.ts'
import { openIdleOutlast } from '../../src/outlast.ts'
import { createWorkers } from '../../src/store/workers.ts'
import { createBarrier } from '../support/barrier.ts'
import { testOutlast } from '../support/engine.ts'
import { createMigratedDatabase } from '../support/postgres.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'

const agent = defineAgent({
  name: 'a',
  model: scriptedModel(() => [...textParts('Fine'), finishPart()]),
})

test('two processes on one database are there until each is closed, and one that executes nothing is not', async () => {
  await using own = await createMigratedDatabase()
  const database = { url: own.url }
  await using one = await testOutlast([agent], { database })
  const workers = createWorkers(one.db)
  const count = async () => (await workers.list()).length
  await expect.poll(count).toBe(1)
  const other = await testOutlast([agent], { database })
  await expect.poll(count).toBe(2)
  await other.close()
  expect(await count()).toBe(1)
  const idle = await openIdleOutlast({ database, onError: () => undefined })
  await idle.close()
  expect(await count()).toBe(1)
  expect(one.errors).toEqual([])
})

/** A clock that shows what waits for it, and a registry that can be held up. */
const presence = (options: { isBusy?: () => boolean } = {}) => {
  const waiting: { ms: number; callback: () => void }[] = []
  const announced: string[] = []
  const onError = vi.fn()
  const registry = {
    announce: vi.fn(async () => void announced.push('here')),
    leave: vi.fn(async () => void announced.push('gone')),
    list: async () => [],
    capacity: async () => ({ workers: 0, concurrency: 0 }),
  }
  const leave = keepPresence({
    workers: registry,
    worker: { id: 'w', version: '1', concurrency: null },
    busyMs: 3000,
    isBusy: () => false,
    onError,
    ...options,
    clock: {
      now: () => 0,
      date: () => new Date(0),
      random: () => 0.5,
      after: (ms, callback) => {
        const timer = { ms, callback }
        waiting.push(timer)
        return () => void waiting.splice(waiting.indexOf(timer), 1)
      },
    },
  })
  return { waiting, announced, onError, registry, leave }
}

test('a process that executes something is heard of as often as it renews its leases', async () => {
  let busy = false
  const { waiting, announced, leave } = presence({ isBusy: () => busy })
  await expect.poll(() => waiting.map(({ ms }) => ms)).toEqual([10_000])
  busy = true
  waiting.shift()?.callback()
  await expect.poll(() => waiting.map(({ ms }) => ms)).toEqual([3000])
  await leave()
  expect(announced).toEqual(['here', 'here', 'gone'])
  expect(waiting).toEqual([])
})

test('a database that is away is told of, and tried again', async () => {
  const { waiting, registry, onError, leave } = presence()
  await expect.poll(() => waiting).toHaveLength(1)
  registry.announce.mockRejectedValueOnce(new TypeError('away'))
  waiting.shift()?.callback()
  await expect.poll(() => waiting).toHaveLength(1)
  expect(onError).toHaveBeenCalledWith(expect.any(TypeError), { during: 'announcing this process' })
  registry.leave.mockRejectedValueOnce(new TypeError('away'))
  await leave()
  expect(onError).toHaveBeenLastCalledWith(expect.any(TypeError), { during: 'taking leave' })
})

test('the farewell comes after what was on its way', async () => {
  const { waiting, registry, announced, leave } = presence()
  await expect.poll(() => waiting).toHaveLength(1)
  const gate = createBarrier()
  registry.announce.mockImplementationOnce(async () => {
    await gate.wait()
    announced.push('late')
  })
  waiting.shift()?.callback()
  const left = leave()
  gate.release()
  await left
  expect(announced).toEqual(['here', 'late', 'gone'])
  expect(waiting).toEqual([])
})
