import { tool } from 'ai'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { toolRun } from '../../src/agent/tool-run.ts'
import { createBarrier } from '../support/barrier.ts'
import { DATABASES, messageParts, storedParts, testOutlast } from '../support/engine.ts'
import { finishPart, scriptedModel, textParts, toolCallParts } from '../support/scripted-model.ts'

const hangingAfter = (parts: ReturnType<typeof textParts>) => {
  const barrier = createBarrier()
  let signal: AbortSignal | undefined
  const model = scriptedModel(async function* (_call, options) {
    signal = options.abortSignal
    yield* parts
    await barrier.wait()
  })
  return { model, reached: barrier.reached, signal: () => signal! }
}

describe.each(DATABASES)('a stop on %s', (_name, options) => {
  it('in the middle of an answer keeps what was produced and closes the model call', async () => {
    const { model, reached, signal } = hangingAfter([
      { type: 'text-start', id: '0' },
      { type: 'text-delta', id: '0', delta: 'So far' },
    ])
    await using outlast = await testOutlast([defineAgent({ name: 'a', model })], options)
    const run = await outlast.ask('Hi')
    const frames = outlast.tail(run)
    await reached
    expect(await outlast.engine.stop(outlast.principal, { runId: run.id })).toBe(true)
    const chunks = (await frames).map(({ chunk }) => chunk)
    expect(signal().aborted).toBe(true)
    expect(chunks.slice(-4)).toEqual([
      { type: 'text-end', id: '0' },
      { type: 'finish-step' },
      { type: 'abort' },
      { type: 'finish' },
    ])
    expect(await messageParts(chunks)).toEqual(await storedParts(outlast, run))
    expect(await outlast.settled(run)).toMatchObject({ status: 'aborted', error: null })
    expect(await outlast.engine.stop(outlast.principal, { runId: run.id })).toBe(false)
  })

  it('in a tool gives it time to obey, then says that its outcome is unknown', async () => {
    const barrier = createBarrier()
    const begun = createBarrier()
    const model = scriptedModel(() => [
      ...toolCallParts({ id: 'c1', name: 'deaf', input: {} }),
      ...toolCallParts({ id: 'c2', name: 'obedient', input: {} }),
      finishPart('tool-calls'),
    ])
    const deaf = tool({
      inputSchema: z.object({}),
      execute: async (_input, options) => {
        toolRun(options).write({ type: 'data-note', data: 'was here' })
        await barrier.wait()
        return 'too late'
      },
    })
    const obedient = tool({
      inputSchema: z.object({}),
      execute: (_input, { abortSignal }) => {
        begun.release()
        return new Promise<string>((resolve) =>
          abortSignal!.addEventListener('abort', () => resolve('stopped in time')),
        )
      },
    })
    await using outlast = await testOutlast(
      [defineAgent({ name: 'a', model, tools: { deaf, obedient } })],
      options,
    )
    const run = await outlast.ask('Hi')
    const frames = outlast.tail(run)
    await Promise.all([barrier.reached, begun.promise])
    await outlast.engine.stop(outlast.principal, { runId: run.id })
    const parts = await messageParts((await frames).map(({ chunk }) => chunk))
    barrier.release()
    expect(parts).toEqual(await storedParts(outlast, run))
    expect(parts).toMatchObject([
      { type: 'step-start' },
      { type: 'tool-deaf', state: 'output-error', errorText: expect.stringContaining('unknown') },
      { type: 'tool-obedient', state: 'output-available', output: 'stopped in time' },
      { type: 'data-note', data: 'was here' },
    ])
    const calls = await outlast.db
      .selectFrom('aiChatRunToolCalls')
      .selectAll()
      .orderBy('toolCallId')
      .execute()
    expect(calls.map(({ status }) => status)).toEqual(['unknown', 'succeeded'])
  })

  it('of a run that nobody has claimed settles it at once', async () => {
    const model = scriptedModel(() => [...textParts('never'), finishPart()])
    await using outlast = await testOutlast(
      [defineAgent({ name: 'a', model })],
      options,
      (ports) => ({
        ...ports,
        store: { ...ports.store, claim: async () => undefined },
      }),
    )
    const run = await outlast.ask('Hi')
    expect(await outlast.engine.stop(outlast.principal, { runId: run.id })).toBe(true)
    expect(await outlast.settled(run)).toMatchObject({ status: 'aborted', stepCount: 0 })
    expect(model.calls).toEqual([])
  })

  it('frees the chat: a new turn waits for the stopping run and then starts', async () => {
    const { model, reached } = hangingAfter([{ type: 'text-start', id: '0' }])
    await using outlast = await testOutlast([defineAgent({ name: 'a', model })], options)
    const run = await outlast.ask('One', 'chat')
    await reached
    await expect(outlast.ask('Two', 'chat')).rejects.toMatchObject({
      code: 'A_RUN_ALREADY_ACTIVE',
      activeRunId: run.id,
    })
    await outlast.engine.stop(outlast.principal, { chatId: 'chat' })
    const next = await outlast.ask('Two', 'chat')
    expect(next.id).not.toBe(run.id)
    await outlast.engine.stop(outlast.principal, { runId: next.id })
  })
})
