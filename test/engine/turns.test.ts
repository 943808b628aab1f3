import { describe, expect, it } from 'vitest'
import { tool } from 'ai'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { RunAlreadyActiveError } from '../../src/domain/errors.ts'
import { START } from '../../src/domain/position.ts'
import type { Chunk } from '../../src/engine/chunks.ts'
import type { ChunkLog } from '../../src/engine/ports.ts'
import { createBarrier } from '../support/barrier.ts'
import {
  collect,
  DATABASES,
  messageParts,
  storedParts,
  testOutlast,
  withFastClock,
} from '../support/engine.ts'
import { finishPart, scriptedModel, toolCallParts } from '../support/scripted-model.ts'

/** A model that says two words, the second when the test lets it. */
const halting = () => {
  const gate = createBarrier()
  const model = scriptedModel(async function* () {
    yield { type: 'text-start', id: '0' }
    yield { type: 'text-delta', id: '0', delta: 'Hello' }
    await gate.wait()
    yield { type: 'text-delta', id: '0', delta: ' again' }
    yield { type: 'text-end', id: '0' }
    yield finishPart()
  })
  return { gate, model, agents: [defineAgent({ name: 'a', model })] }
}

const parts = [{ type: 'text', text: 'Hi' }]

describe.each(DATABASES)('on %s', (_name, options) => {
  it('a message that is sent again while its run is active, and after it, begins nothing', async () => {
    const { gate, model, agents } = halting()
    await using outlast = await testOutlast(agents, options)
    const { engine, principal } = outlast
    const send = () => engine.startTurn({ principal, chatId: 'chat', message: { id: 'm1', parts } })
    const first = await send()
    expect(first.started).toBe(true)
    await gate.reached
    const second = await send()
    expect(second).toMatchObject({ started: false, run: { id: first.run.id, status: 'running' } })
    const watching = collect(await engine.attachOwn(second.run, 'chat'))
    gate.release()
    const expected = await messageParts((await watching).map(({ chunk }) => chunk))
    expect(expected).toEqual(await storedParts(outlast, first.run))

    const third = await send()
    expect(third).toMatchObject({ started: false, run: { id: first.run.id, status: 'succeeded' } })
    const replayed = await collect(await engine.attachOwn(third.run, 'chat'))
    expect(await messageParts(replayed.map(({ chunk }) => chunk))).toEqual(expected)
    expect(model.calls).toHaveLength(1)
    const { messages } = await outlast.chats.messages(principal, 'chat', {})
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant'])
    expect(outlast.errors).toEqual([])
  })

  it('of twenty turns that begin at the same time in one chat one begins, and the others learn which', async () => {
    const { gate, model, agents } = halting()
    await using outlast = await testOutlast(agents, options)
    const { engine, principal } = outlast
    const turns = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        engine.startTurn({ principal, chatId: 'chat', message: { id: `m${index}`, parts } }),
      ),
    )
    const begun = turns.flatMap((turn) => (turn.status === 'fulfilled' ? [turn.value] : []))
    expect(begun).toHaveLength(1)
    const refusals: unknown[] = turns.flatMap((turn) =>
      turn.status === 'rejected' ? [turn.reason as unknown] : [],
    )
    expect(refusals).toHaveLength(19)
    for (const refusal of refusals) {
      expect(refusal).toBeInstanceOf(RunAlreadyActiveError)
      expect(refusal).toMatchObject({ activeRunId: begun[0]!.run.id })
    }
    gate.release()
    expect(await outlast.settled(begun[0]!.run)).toMatchObject({ status: 'succeeded' })
    expect(model.calls).toHaveLength(1)
    expect((await outlast.chats.messages(principal, 'chat', {})).messages).toHaveLength(2)
  })

  it('of twenty copies of one message one begins the run that all the others find', async () => {
    const { gate, model, agents } = halting()
    await using outlast = await testOutlast(agents, options)
    const { engine, principal } = outlast
    const copies = await Promise.all(
      Array.from({ length: 20 }, () =>
        engine.startTurn({ principal, chatId: 'chat', message: { id: 'm1', parts } }),
      ),
    )
    expect(new Set(copies.map(({ run }) => run.id)).size).toBe(1)
    expect(copies.filter(({ started }) => started)).toHaveLength(1)
    gate.release()
    await outlast.settled(copies[0]!.run)
    expect(model.calls).toHaveLength(1)
  })
})

describe('a chat with messages that were replaced', () => {
  it('is deleted with all of them', async () => {
    const { gate, agents } = halting()
    gate.release()
    await using outlast = await testOutlast(agents)
    const { engine, principal, db } = outlast
    const turn = { principal, chatId: 'chat' }
    const message = { id: 'm1', parts }
    await outlast.settled((await engine.startTurn({ ...turn, message })).run)
    for (const text of ['One', 'Two']) {
      const edited = { id: 'm1', parts: [{ type: 'text', text }] }
      const edit = { kind: 'edit', messageId: 'm1', message: edited } as const
      await outlast.settled((await engine.startTurn({ ...turn, ...edit })).run)
    }
    const again = { kind: 'regenerate' } as const
    await outlast.settled((await engine.startTurn({ ...turn, ...again })).run)
    const kept = () => db.selectFrom('aiChatMessages').select('publicId').execute()
    expect(await kept()).toHaveLength(7)
    await db.deleteFrom('aiChats').execute()
    expect(await kept()).toEqual([])
  })
})

describe('a chat that is deleted while it is answered', () => {
  const deleteChats = (db: Awaited<ReturnType<typeof testOutlast>>['db']) =>
    db.deleteFrom('aiChats').execute()

  it('ends its readers in good order and its model call, and nothing is left or reported', async () => {
    const gate = createBarrier()
    let signal: AbortSignal | undefined
    const model = scriptedModel(async function* (_call, { abortSignal }) {
      signal = abortSignal
      yield { type: 'text-start', id: '0' }
      yield { type: 'text-delta', id: '0', delta: 'Hello' }
      await gate.wait()
    })
    await using outlast = await testOutlast([defineAgent({ name: 'a', model })])
    const run = await outlast.ask('Hi')
    const attachment = (await outlast.engine.attach(outlast.principal, { runId: run.id }))!
    const chunks: Chunk[] = []
    const said = createBarrier()
    said.release()
    const read = async () => {
      for await (const batch of attachment.frames(AbortSignal.timeout(30_000))) {
        chunks.push(...batch.map(({ chunk }) => chunk))
        if (chunks.some(({ type }) => type === 'text-delta')) await said.wait()
      }
    }
    const live = read()
    await said.reached
    await deleteChats(outlast.db)
    await live
    expect(attachment.ended).toBe(true)
    expect(chunks).toContainEqual({ type: 'text-delta', id: '0', delta: 'Hello' })
    await expect.poll(() => signal?.aborted).toBe(true)
    for (const table of ['aiChatRuns', 'aiChatMessages', 'aiChatRunSteps'] as const)
      expect(await outlast.db.selectFrom(table).select('id').execute()).toEqual([])
    expect(await outlast.engine.latest(outlast.principal, 'chat')).toBeUndefined()
    expect(outlast.errors).toEqual([])
  })

  it('is forgotten by the log', async () => {
    const { gate, agents } = halting()
    let log: ChunkLog | undefined
    await using outlast = await testOutlast(agents, {}, (ports) => {
      log = ports.log
      return withFastClock(ports)
    })
    const run = await outlast.ask('Hi')
    await gate.reached
    const logged = async () => {
      const { snapshot, entries } = await log!.read(run.id, START)
      return snapshot !== undefined || entries.length > 0
    }
    await expect.poll(logged).toBe(true)
    await deleteChats(outlast.db)
    await expect.poll(logged).toBe(false)
  })

  it('drops what its tools do afterwards', async () => {
    const gate = createBarrier()
    const model = scriptedModel(() => [
      ...toolCallParts({ id: 'c1', name: 'act', input: {} }),
      finishPart('tool-calls'),
    ])
    const act = tool({ inputSchema: z.object({}), execute: () => gate.wait() })
    await using outlast = await testOutlast([defineAgent({ name: 'a', model, tools: { act } })])
    const run = await outlast.ask('Hi')
    const live = outlast.tail(run)
    await gate.reached
    await deleteChats(outlast.db)
    gate.release()
    await live
    await outlast.close(0)
    expect(model.calls).toHaveLength(1)
    expect(outlast.errors).toEqual([])
  })

  it('may be begun again under its id at once', async () => {
    const { gate, agents } = halting()
    await using outlast = await testOutlast(agents)
    const gone = await outlast.ask('Hi', 'chat')
    await gate.reached
    await deleteChats(outlast.db)
    const next = await outlast.ask('Hi', 'chat')
    expect(next.id).not.toBe(gone.id)
    gate.release()
    const frames = await outlast.tail(next)
    expect(await outlast.settled(next)).toMatchObject({ status: 'succeeded' })
    expect(await messageParts(frames.map(({ chunk }) => chunk))).toEqual(
      await storedParts(outlast, next),
    )
    expect(outlast.errors).toEqual([])
  })
})
