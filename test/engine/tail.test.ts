import { tool } from 'ai'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { parseOffset } from '../../src/domain/position.ts'
import type { Attachment } from '../../src/engine/api.ts'
import { frameOffset, type Frame } from '../../src/engine/tail/replay.ts'
import type { WorkerPorts } from '../../src/engine/workers/worker.ts'
import { createBarrier, type Barrier } from '../support/barrier.ts'
import { messageParts, storedParts, testOutlast, type TestOutlast } from '../support/engine.ts'
import { finishPart, scriptedModel, toolCallParts } from '../support/scripted-model.ts'

/** A model that says `count` words, each when the test lets it. */
const talker = (count: number, gates: ReadonlyMap<number, Barrier> = new Map()) =>
  scriptedModel(async function* () {
    yield { type: 'text-start', id: '0' }
    for (let index = 0; index < count; index++) {
      await gates.get(index)?.wait()
      yield { type: 'text-delta', id: '0', delta: `${index} ` }
      // The engine sends what it has when the event loop turns.
      if (index % 7 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    yield { type: 'text-end', id: '0' }
    yield finishPart()
  })

const words = (count: number): string =>
  Array.from({ length: count }, (_, index) => `${index} `).join('')

/** Counts what the engine asked the world to remember. */
const counting = () => {
  const open = { listeners: 0, timers: 0 }
  const once = (key: keyof typeof open, release: () => void) => {
    open[key] += 1
    let done = false
    return () => {
      if (!done) open[key] -= 1
      done = true
      release()
    }
  }
  const decorate = (ports: WorkerPorts): WorkerPorts => ({
    ...ports,
    bus: {
      ...ports.bus,
      subscribe: (key, tell) => once('listeners', ports.bus.subscribe(key, tell)),
    },
    clock: {
      ...ports.clock,
      after(ms, callback) {
        const forget = once('timers', () => undefined)
        const cancel = ports.clock.after(ms, () => {
          forget()
          callback()
        })
        return () => {
          forget()
          cancel()
        }
      },
    },
  })
  return { open, decorate }
}

const attach = async (outlast: TestOutlast, runId: string, after?: string): Promise<Attachment> => {
  const position = after === undefined ? undefined : parseOffset(after)!
  return (await outlast.engine.attach(
    outlast.principal,
    { runId },
    position ? { after: position } : {},
  ))!
}

const readAll = async (
  attachment: Attachment,
  signal = new AbortController().signal,
): Promise<Frame[]> => {
  const frames: Frame[] = []
  for await (const batch of attachment.frames(signal)) frames.push(...batch)
  return frames
}

describe('a tail', () => {
  it('gives a late reader one delta for everything so far, and then what comes', async () => {
    const gate = createBarrier()
    const model = talker(2000, new Map([[1900, gate]]))
    await using outlast = await testOutlast(
      [defineAgent({ name: 'a', model })],
      {},
      (ports) => ports,
    )
    const run = await outlast.ask('Talk')
    const early = readAll(await attach(outlast, run.id))
    await gate.reached
    const late = await attach(outlast, run.id)
    const controller = new AbortController()
    const first: Frame[] = []
    for await (const batch of late.frames(controller.signal)) {
      first.push(...batch)
      if (first.some(({ chunk }) => chunk.type === 'text-delta')) break
    }
    const deltas = first.filter(({ chunk }) => chunk.type === 'text-delta')
    expect(deltas.length).toBe(1)
    gate.release()
    const rest = await readAll(await attach(outlast, run.id, frameOffset(first.at(-1)!)))
    const expected = await storedParts(outlast, run)
    expect(expected).toContainEqual({ type: 'text', text: words(2000), state: 'done' })
    expect(await messageParts([...first, ...rest].map(({ chunk }) => chunk))).toEqual(expected)
    expect(await messageParts((await early).map(({ chunk }) => chunk))).toEqual(expected)
  })

  it('keeps no queue for a slow reader: it gets the state of the step instead', async () => {
    const gate = createBarrier()
    const model = talker(3000, new Map([[2999, gate]]))
    await using outlast = await testOutlast(
      [defineAgent({ name: 'a', model })],
      {},
      (ports) => ports,
    )
    const run = await outlast.ask('Talk')
    const iterator = (await attach(outlast, run.id))
      .frames(new AbortController().signal)
      [Symbol.asyncIterator]()
    const frames: Frame[] = [...(await iterator.next()).value!, ...(await iterator.next()).value!]
    await gate.reached
    await new Promise((resolve) => setTimeout(resolve, 50))
    const next: Frame[] = (await iterator.next()).value!
    expect(next.length).toBe(1)
    gate.release()
    frames.push(...next)
    for (let batch = await iterator.next(); !batch.done; batch = await iterator.next())
      frames.push(...batch.value)
    expect(await messageParts(frames.map(({ chunk }) => chunk))).toEqual(
      await storedParts(outlast, run),
    )
  })

  it('leaves nothing behind when readers leave', async () => {
    const { open, decorate } = counting()
    const gate = createBarrier()
    const model = talker(20, new Map([[10, gate]]))
    await using outlast = await testOutlast(
      [defineAgent({ name: 'a', model })],
      { leaseTtlMs: 60_000 },
      decorate,
    )
    const run = await outlast.ask('Talk')
    await gate.reached
    const before = open.listeners
    const controllers = Array.from({ length: 200 }, () => new AbortController())
    const readers = controllers.map(async ({ signal }) =>
      readAll(await attach(outlast, run.id), signal),
    )
    await expect.poll(() => open.listeners, { timeout: 20_000 }).toBe(before + 200)
    for (const controller of controllers) controller.abort()
    await Promise.all(readers)
    expect(open.listeners).toBe(before)
    // Looking for runs, the leases, the presence and the files have one timer each; the model call one more.
    expect(open.timers).toBeLessThanOrEqual(5)
    gate.release()
    expect(await outlast.settled(run)).toMatchObject({ status: 'succeeded' })
  })

  it('resolves every id that was sent live, after the run has settled', async () => {
    const model = talker(60)
    await using outlast = await testOutlast([defineAgent({ name: 'a', model })])
    const run = await outlast.ask('Talk')
    const frames = await outlast.tail(run)
    const expected = await storedParts(outlast, run)
    for (const [index, frame] of frames.entries()) {
      const rest = await readAll(await attach(outlast, run.id, frameOffset(frame)))
      const chunks = [...frames.slice(0, index + 1), ...rest].map(({ chunk }) => chunk)
      expect(await messageParts(chunks)).toEqual(expected)
    }
  })
})

it('a reader whose look at the journal is older than the next step misses no result', async () => {
  const executing = createBarrier()
  const speaking = createBarrier()
  const looking = createBarrier()
  const begun = createBarrier()
  let isLooking = false
  const model = scriptedModel(async function* (call) {
    if (call === 0) {
      yield* [...toolCallParts({ id: 't1', name: 'add', input: {} }), finishPart('tool-calls')]
      return
    }
    yield { type: 'text-start', id: '0' }
    yield { type: 'text-delta', id: '0', delta: 'Five' }
    await speaking.wait()
    yield { type: 'text-end', id: '0' }
    yield finishPart()
  })
  const add = tool({
    inputSchema: z.object({}),
    execute: async () => {
      await executing.wait()
      return 5
    },
  })
  const agent = defineAgent({ name: 'a', model, tools: { add } })
  await using outlast = await testOutlast([agent], {}, (ports) => ({
    ...ports,
    journal: {
      ...ports.journal,
      load: async (...args) => {
        const loaded = await ports.journal.load(...args)
        if (isLooking) {
          isLooking = false
          await looking.wait()
        }
        return loaded
      },
    },
    log: {
      ...ports.log,
      compact: async (runId, snapshot) => {
        await ports.log.compact(runId, snapshot)
        if (snapshot.step.stepIndex === 1) begun.release()
      },
    },
  }))
  const run = await outlast.ask('Add')
  await executing.reached
  isLooking = true
  const tailed = outlast.tail(run)
  await looking.reached
  executing.release()
  await begun.promise
  looking.release()
  speaking.release()
  const types = (await tailed).map(({ chunk }) => chunk.type)
  expect(types).toContain('tool-output-available')
  expect(types.at(-1)).toBe('finish')
})
