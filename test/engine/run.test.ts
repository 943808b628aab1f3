import { tool } from 'ai'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { DATABASES, messageParts, storedParts, testOutlast } from '../support/engine.ts'
import { finishPart, scriptedModel, textParts, toolCallParts } from '../support/scripted-model.ts'

describe.each(DATABASES)('a run on %s', (_name, options) => {
  it('answers, and the message is what readers saw', async () => {
    const model = scriptedModel(() => [...textParts('Hello, world'), finishPart()])
    await using outlast = await testOutlast([defineAgent({ name: 'a', model })], options)
    const run = await outlast.ask('Hi')
    const frames = await outlast.tail(run)
    expect(frames.map(({ chunk }) => chunk.type)).toEqual(
      expect.arrayContaining(['start', 'start-step', 'text-start', 'finish-step', 'finish']),
    )
    expect(await outlast.settled(run)).toMatchObject({ status: 'succeeded', stepCount: 1 })
    const parts = await messageParts(frames.map(({ chunk }) => chunk))
    expect(parts).toEqual(await storedParts(outlast, run))
    expect(parts.at(-1)).toEqual({ type: 'text', text: 'Hello, world', state: 'done' })
    expect(outlast.errors).toEqual([])
  })

  it('runs tools in parallel and shows their results to the model', async () => {
    const model = scriptedModel((call) =>
      call === 0
        ? [
            ...toolCallParts({ id: 'c1', name: 'double', input: { n: 2 } }),
            ...toolCallParts({ id: 'c2', name: 'double', input: { n: 21 } }),
            finishPart('tool-calls'),
          ]
        : [...textParts('Done'), finishPart()],
    )
    const double = tool({
      inputSchema: z.object({ n: z.number() }),
      execute: async ({ n }) => n * 2,
    })
    await using outlast = await testOutlast(
      [defineAgent({ name: 'a', model, tools: { double } })],
      options,
    )
    const run = await outlast.ask('Double')
    const frames = await outlast.tail(run)
    expect(await messageParts(frames.map(({ chunk }) => chunk))).toEqual(
      await storedParts(outlast, run),
    )
    expect(await outlast.settled(run)).toMatchObject({ status: 'succeeded', stepCount: 2 })
    expect(model.prompts[1]!.at(-1)).toMatchObject({
      role: 'tool',
      content: [
        { toolCallId: 'c1', output: { type: 'json', value: 4 } },
        { toolCallId: 'c2', output: { type: 'json', value: 42 } },
      ],
    })
  })
})
