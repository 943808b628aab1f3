import { generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai'
import { expect, test } from 'vitest'
import { createBarrier } from './barrier.ts'
import {
  errorPart,
  finishPart,
  type ModelScript,
  reasoningParts,
  scriptedModel,
  textParts,
  toolCallParts,
} from './scripted-model.ts'

const double = tool({
  inputSchema: jsonSchema<{ n: number }>({ type: 'object', properties: { n: { type: 'number' } } }),
  execute: ({ n }) => n * 2,
})

const twoSteps: ModelScript = (call) =>
  call === 0
    ? [
        ...reasoningParts('Doubling.'),
        ...toolCallParts({ id: 'c1', name: 'double', input: { n: 21 } }),
        finishPart('tool-calls'),
      ]
    : [...textParts(['It is ', '42.']), finishPart()]

test('a scripted model answers step by step and keeps each prompt', async () => {
  const model = scriptedModel(twoSteps)
  const result = streamText({ model, prompt: 'Hi', tools: { double }, stopWhen: stepCountIs(3) })
  expect(await result.text).toBe('It is 42.')
  expect((await result.steps)[0]?.reasoningText).toBe('Doubling.')
  expect(model.prompts.map((prompt) => prompt.map(({ role }) => role))).toEqual([
    ['user'],
    ['user', 'assistant', 'tool'],
  ])
})

test('the same script works without streaming', async () => {
  const model = scriptedModel(twoSteps)
  const options = { model, prompt: 'Hi', tools: { double }, stopWhen: stepCountIs(3) }
  const result = await generateText(options)
  expect(result.text).toBe('It is 42.')
  expect(result.steps[0]?.toolResults.map(({ output }) => output)).toEqual([42])
})

test('an abort ends a stream whose script waits', async () => {
  const gate = createBarrier()
  const model = scriptedModel(async function* () {
    yield* textParts('before')
    await gate.wait()
    yield finishPart()
  })
  const controller = new AbortController()
  const { stream } = await model.doStream({ prompt: [], abortSignal: controller.signal })
  const reader = stream.getReader()
  const types: string[] = []
  const reading = (async () => {
    for (;;) types.push((await reader.read()).value?.type ?? 'end')
  })()
  await gate.reached
  controller.abort(new Error('stopped'))
  await expect(reading).rejects.toThrow('stopped')
  expect(types).toEqual(['stream-start', 'text-start', 'text-delta', 'text-end'])
})

test('a script fails a call by throwing and a stream by an error part', async () => {
  const model = scriptedModel((call) => {
    if (call === 0) throw new Error('refused')
    return [errorPart(new Error('broken'))]
  })
  await expect(model.doStream({ prompt: [] })).rejects.toThrow('refused')
  await expect(model.doGenerate({ prompt: [] })).rejects.toThrow('broken')
})
