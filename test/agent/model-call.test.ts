import { getEventListeners } from 'node:events'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { tool, ToolChoiceViolationError, type ModelMessage } from 'ai'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  defineAgent,
  type AgentOptions,
  type OutlastToolSet,
} from '../../src/agent/define-agent.ts'
import type { ModelPart } from '../../src/engine/ports.ts'
import {
  barrier,
  finish,
  hang,
  headers,
  reasoning,
  startFakeProvider,
  text,
  toolCall,
  usage,
  type FakeProvider,
  type Turn,
} from '../support/fake-provider.ts'
import { callModel, firstStep } from '../support/prepared.ts'
import { finishPart, scriptedModel, textParts, toolCallParts } from '../support/scripted-model.ts'

const messages: ModelMessage[] = [{ role: 'user', content: 'Hello' }]
const add = tool({
  inputSchema: z.object({ a: z.number() }),
  execute: ({ a }) => a + 1,
})

const unhandled: unknown[] = []
const onUnhandled = (reason: unknown) => unhandled.push(reason)
beforeEach(() => void process.on('unhandledRejection', onUnhandled))
afterEach(async () => {
  // A rejection is reported after the microtasks of the turn in which nobody handled it.
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', onUnhandled)
  expect(unhandled.splice(0)).toEqual([])
})

const agentOf = (provider: FakeProvider, options: Partial<AgentOptions<OutlastToolSet>> = {}) =>
  defineAgent({
    name: 'test',
    model: createOpenAICompatible({ name: 'fake', baseURL: provider.url, includeUsage: true })(
      'fake-1',
    ),
    tools: { add },
    ...(options as object),
  })

const request = (changes: { withTools?: boolean; signal?: AbortSignal } = {}) => ({
  messages,
  withTools: true,
  signal: new AbortController().signal,
  ...changes,
})

const collect = async (parts: AsyncIterable<ModelPart>): Promise<ModelPart[]> => {
  const all: ModelPart[] = []
  for await (const part of parts) all.push(part)
  return all
}

const provide = (...script: Turn[]) => startFakeProvider({ script })

describe('a model call', () => {
  test('gives the parts of the answer in their order, with its usage at the end', async () => {
    await using provider = await provide([
      reasoning('Hm.'),
      text('Adding.'),
      toolCall({ id: 'c1', name: 'add', arguments: { a: 1 } }),
      finish('tool_calls'),
      usage(11, 7),
    ])
    const parts = await collect(await callModel(agentOf(provider), request()))
    const types = parts.map(({ type }) => type)
    expect([...new Set(types)]).toEqual([
      'model-call-start',
      'model-call-response-metadata',
      'reasoning-start',
      'reasoning-delta',
      'reasoning-end',
      'text-start',
      'text-delta',
      'tool-input-start',
      'tool-input-delta',
      'text-end',
      'tool-input-end',
      'tool-call',
      'model-call-end',
    ])
    expect(parts.find(({ type }) => type === 'tool-call')).toMatchObject({
      toolCallId: 'c1',
      toolName: 'add',
      input: { a: 1 },
    })
    expect(parts.at(-1)).toMatchObject({
      finishReason: 'tool-calls',
      rawFinishReason: 'tool_calls',
      usage: { inputTokens: 11, outputTokens: 7 },
    })
  })

  test('sends instructions, tools and settings', async () => {
    await using provider = await provide([text('Hi'), finish()])
    const agent = agentOf(provider, {
      instructions: 'Be brief.',
      temperature: 0.5,
      maxOutputTokens: 9,
      headers: { 'x-team': 'blue' },
      toolChoice: 'required',
      activeTools: ['add'],
    })
    await collect(await callModel(agent, request()))
    const { body, headers: sent } = await provider.request(0)
    expect(body).toMatchObject({
      model: 'fake-1',
      temperature: 0.5,
      max_tokens: 9,
      tool_choice: 'required',
      stream_options: { include_usage: true },
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello' },
      ],
    })
    expect(body.tools?.map((offered) => offered.function.name)).toEqual(['add'])
    expect(sent['x-team']).toBe('blue')
  })

  test('in the last step offers the tools and forbids their use', async () => {
    await using provider = await provide([text('Hi'), finish()])
    await collect(
      await callModel(agentOf(provider, { toolChoice: 'required' }), request({ withTools: false })),
    )
    const { body } = await provider.request(0)
    expect(body.tool_choice).toBe('none')
    expect(body.tools).toHaveLength(1)
  })

  test('of an agent without tools says nothing about tools in the last step', async () => {
    await using provider = await provide([text('Hi'), finish()])
    await collect(
      await callModel(agentOf(provider, { tools: undefined }), request({ withTools: false })),
    )
    const { body } = await provider.request(0)
    expect('tools' in body || 'tool_choice' in body).toBe(false)
  })

  test('whose model calls a tool in the last step gives no call and fails with max_steps', async () => {
    await using provider = await provide([
      text('I will add.'),
      toolCall({ id: 'c1', name: 'add', arguments: { a: 1 } }),
      finish('tool_calls'),
    ])
    const agent = agentOf(provider, { maxSteps: 3 })
    const parts = await collect(await callModel(agent, request({ withTools: false })))
    const types = parts.map(({ type }) => type)
    expect(types.filter((type) => type.startsWith('tool'))).toEqual([])
    expect(types.slice(-2)).toEqual(['model-call-end', 'error'])
    const [end, error] = parts.slice(-2)
    expect(end).toMatchObject({ finishReason: 'error' })
    expect(error?.type === 'error' && ToolChoiceViolationError.isInstance(error.error)).toBe(true)
    const step = await firstStep(agent, request({ withTools: false }))
    expect(step.describeFailure(error?.type === 'error' && error.error)).toEqual({
      code: 'max_steps',
      retryable: false,
      message: 'The agent reached its limit of 3 steps without an answer.',
    })
  })

  test("leaves the caller's messages and signal as they were", async () => {
    await using provider = await provide([text('Hi'), finish()])
    const { signal } = new AbortController()
    const given = Object.freeze([Object.freeze({ role: 'user' as const, content: 'Hello' })])
    await collect(await callModel(agentOf(provider), { ...request({ signal }), messages: given }))
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  test('gives nothing more after its end', async () => {
    await using provider = await provide([text('Hi'), finish()])
    const controller = new AbortController()
    const parts = await callModel(agentOf(provider), request({ signal: controller.signal }))
    const iterator = parts[Symbol.asyncIterator]()
    while (!(await iterator.next()).done);
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
    expect(provider.calls).toBe(1)
  })

  test('is not made before the first part is wanted, nor when the signal is aborted already', async () => {
    await using provider = await provide()
    const reason = { kind: 'stop' }
    const signal = AbortSignal.abort(reason)
    const iterator = (await callModel(agentOf(provider), request({ signal })))[
      Symbol.asyncIterator
    ]()
    await expect(iterator.next()).rejects.toBe(reason)
    expect(provider.calls).toBe(0)
  })

  test('that fails throws what the provider package throws', async () => {
    await using provider = await provide()
    const { signal } = new AbortController()
    const parts = await callModel(agentOf(provider), request({ signal }))
    await expect(collect(parts)).rejects.toMatchObject({ statusCode: 400 })
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})

/** Where a provider may be when nobody wants its answer any more. */
const SILENCES = {
  'before the headers': () => [hang()],
  'after the headers': () => [headers(), hang()],
  'in the middle of a text': () => [text('Hel'), hang()],
  'in the middle of a tool call': () => [
    toolCall({ id: 'c1', name: 'add', arguments: { a: 1 } }),
    hang(),
  ],
} satisfies Record<string, () => Turn>

describe.each(Object.entries(SILENCES))('a provider that is silent %s', (where, turn) => {
  const begin = async (signal: AbortSignal) => {
    const provider = await provide(turn())
    const iterator = (await callModel(agentOf(provider), request({ signal })))[
      Symbol.asyncIterator
    ]()
    const parts: ModelPart[] = []
    const last = where.includes('before') ? 'nothing' : lastPart(where)
    let pending = iterator.next()
    while (parts.at(-1)?.type !== last && last !== 'nothing') {
      const result = await pending
      if (!result.done) parts.push(result.value)
      pending = iterator.next()
    }
    await provider.request(0)
    return { provider, iterator, pending }
  }

  test('loses its connection at once when the signal aborts, and the caller gets its reason', async () => {
    const controller = new AbortController()
    const reason = { kind: 'stop' }
    const { provider, iterator, pending } = await begin(controller.signal)
    await using _provider = provider
    const failed = expect(pending).rejects.toBe(reason)
    controller.abort(reason)
    await failed
    await provider.connectionClosed(0)
    await expect(iterator.next()).rejects.toBe(reason)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  test('loses its connection at once when the iterator is closed, also while a part is awaited', async () => {
    const controller = new AbortController()
    const { provider, iterator, pending } = await begin(controller.signal)
    await using _provider = provider
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
    expect(await pending).toEqual({ done: true, value: undefined })
    await provider.connectionClosed(0)
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })
})

const lastPart = (where: string): ModelPart['type'] => {
  if (where.includes('headers')) return 'model-call-start'
  return where.includes('text') ? 'text-delta' : 'tool-input-delta'
}

test('leaving the loop closes the connection', async () => {
  const gate = barrier()
  await using provider = await provide([text('Hello'), gate, text('world'), finish()])
  for await (const part of await callModel(agentOf(provider), request())) {
    if (part.type === 'text-delta') break
  }
  expect(await provider.connectionClosed(0)).toBeUndefined()
  gate.barrier.release()
})

describe('a model that ignores its signal', () => {
  /** Opens its stream when told to, never says anything, and notices only that its stream is cancelled. */
  const deaf = (opened = Promise.resolve()) => {
    const { promise: cancelled, resolve: cancel } = Promise.withResolvers<unknown>()
    const read = Promise.withResolvers<void>()
    const pull = () => {
      read.resolve()
      return new Promise<never>(() => {})
    }
    const model = {
      ...scriptedModel(() => []),
      doStream: async () => {
        await opened
        return { stream: new ReadableStream<never>({ pull, cancel }) }
      },
    }
    const agent = defineAgent({ name: 'test', model })
    return { agent, cancelled, read: read.promise }
  }

  test('cannot hold the caller in its stream', async () => {
    const controller = new AbortController()
    const { agent, cancelled, read } = deaf()
    const iterator = (await callModel(agent, request({ signal: controller.signal })))[
      Symbol.asyncIterator
    ]()
    const pending = expect(iterator.next()).rejects.toBe('enough')
    await read
    controller.abort('enough')
    await pending
    await cancelled
  })

  test('cannot hold the caller before its stream, which is closed when it comes', async () => {
    const opened = Promise.withResolvers<void>()
    const { agent, cancelled } = deaf(opened.promise)
    const iterator = (await callModel(agent, request()))[Symbol.asyncIterator]()
    const pending = iterator.next()
    await iterator.return?.()
    expect(await pending).toEqual({ done: true, value: undefined })
    opened.resolve()
    await cancelled
  })
})

test('many calls leave nothing behind on a signal that outlives them', async () => {
  const model = scriptedModel(() => [...textParts(['a', 'b']), finishPart()])
  const agent = defineAgent({ name: 'test', model })
  const { signal } = new AbortController()
  for (let call = 0; call < 20; call += 1) {
    if (call % 2) await collect(await callModel(agent, request({ signal })))
    else for await (const _part of await callModel(agent, request({ signal }))) break
  }
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

test("a call is repaired by the agent's own function", async () => {
  const model = scriptedModel(() => [
    ...toolCallParts({ id: 'c1', name: 'add', input: '{"a": "one"}' }),
    finishPart('tool-calls'),
  ])
  const agent = defineAgent({
    name: 'test',
    model,
    tools: { add },
    repairToolCall: async ({ toolCall: call }) => ({ ...call, input: '{"a": 1}' }),
  })
  const parts = await collect(await callModel(agent, request()))
  expect(parts.find(({ type }) => type === 'tool-call')).toMatchObject({ input: { a: 1 } })
})
