import { expect, it } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import type { Frame } from '../../src/engine/tail/replay.ts'
import type { WorkerPorts } from '../../src/engine/workers/worker.ts'
import { createBarrier } from '../support/barrier.ts'
import { messageParts, storedParts, testOutlast, withFastClock } from '../support/engine.ts'
import { mortalOutlast } from '../support/mortal.ts'
import { createMigratedDatabase } from '../support/postgres.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'

it('a run that is stopped right after it was taken over shows nothing of what is void', async () => {
  await using database = await createMigratedDatabase()
  const options = { database: { url: database.url }, leaseTtlMs: 1000 }
  const silent = createBarrier()
  const speaking = scriptedModel(async function* () {
    yield { type: 'text-start', id: '0' }
    yield { type: 'text-delta', id: '0', delta: 'Once upon a' }
    await silent.wait()
  })
  await using one = await mortalOutlast([defineAgent({ name: 'a', model: speaking })], options)
  const run = await one.ask('Hi', 'chat')
  await silent.reached
  const frames: Frame[] = []
  for await (const batch of (await one.engine.attachOwn(run, 'chat')).frames(
    AbortSignal.timeout(10_000),
  )) {
    frames.push(...batch)
    if (frames.some(({ chunk }) => chunk.type === 'text-delta')) break
  }
  one.kill(['renew', 'findUnheld'])

  const claimed = createBarrier()
  const slow = (ports: WorkerPorts): WorkerPorts => {
    const fast = withFastClock(ports)
    const history: WorkerPorts['conversations']['history'] = async (...args) => {
      await claimed.wait()
      return fast.conversations.history(...args)
    }
    return { ...fast, conversations: { ...fast.conversations, history } }
  }
  const answering = scriptedModel(() => [...textParts('Again'), finishPart()])
  await using two = await testOutlast([defineAgent({ name: 'a', model: answering })], options, slow)
  await claimed.reached
  expect(await two.engine.stop(two.principal, { runId: run.id })).toBe(true)
  claimed.release()
  expect(await two.settled(run)).toMatchObject({ status: 'aborted' })
  expect(answering.calls).toHaveLength(0)

  const rest = await two.tail(run, frames.at(-1)!.position)
  const stored = await storedParts(two, run)
  expect(await messageParts([...frames, ...rest].map(({ chunk }) => chunk))).toEqual(stored)
  const all = await two.tail(run)
  expect(await messageParts(all.map(({ chunk }) => chunk))).toEqual(stored)
})
