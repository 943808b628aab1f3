import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { APICallError } from '@ai-sdk/provider'
import {
  generateText,
  jsonSchema,
  type ModelMessage,
  streamText,
  type TextStreamPart,
  tool,
  type ToolSet,
} from 'ai'
import { expect, test } from 'vitest'
import {
  barrier,
  empty,
  errorFrame,
  type FakeProvider,
  finish,
  garbage,
  hang,
  headers,
  reasoning,
  reset,
  split,
  startFakeProvider,
  status,
  text,
  toolCall,
  truncate,
  usage,
} from './fake-provider.ts'
import { findMessageProblem } from './strict-messages.ts'

const tools = {
  add: tool({
    inputSchema: jsonSchema<{ a: number; b: number }>({
      type: 'object',
      properties: { a: { type: 'number' }, b: { type: 'number' } },
      required: ['a', 'b'],
    }),
    execute: ({ a, b }) => a + b,
  }),
}

const modelOf = (provider: FakeProvider) =>
  createOpenAICompatible({
    name: 'fake',
    baseURL: provider.url,
    apiKey: 'key',
    includeUsage: true,
  })('m1')

const ask = (provider: FakeProvider, messages?: ModelMessage[], signal?: AbortSignal) =>
  streamText({
    model: modelOf(provider),
    messages: messages ?? [{ role: 'user', content: 'Hi' }],
    tools,
    maxRetries: 0,
    onError: () => {},
    ...(signal === undefined ? {} : { abortSignal: signal }),
  })

type Seen = { parts: Array<TextStreamPart<ToolSet>>; error: unknown }

/** Reads to the end, where a broken connection rejects and every other failure is a part. */
const read = async (provider: FakeProvider, messages?: ModelMessage[]): Promise<Seen> => {
  const seen: Seen = { parts: [], error: undefined }
  try {
    for await (const part of ask(provider, messages).stream) {
      seen.parts.push(part)
      if (part.type === 'error') seen.error ??= part.error
    }
  } catch (error) {
    seen.error = error
  }
  return seen
}

const textOf = ({ parts }: Seen): string =>
  parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('')

test('reasoning, text and usage arrive as scripted', async () => {
  await using provider = await startFakeProvider({
    script: [[reasoning('thinking about it'), text('Hello, world'), finish('stop'), usage(7, 3)]],
  })
  const result = ask(provider)
  expect(await result.text).toBe('Hello, world')
  expect(await result.reasoningText).toBe('thinking about it')
  expect(await result.finishReason).toBe('stop')
  expect((await result.usage).inputTokens).toBe(7)
  expect(provider.calls).toBe(1)
  expect(provider.requests[0]?.headers.authorization).toBe('Bearer key')
  expect(provider.requests[0]?.body.messages).toEqual([{ role: 'user', content: 'Hi' }])
})

test('parallel tool calls are streamed in pieces and told apart', async () => {
  await using provider = await startFakeProvider()
  provider.script([
    [
      toolCall({ id: 'c1', name: 'add', arguments: { a: 1, b: 2 } }),
      toolCall({ id: 'c2', name: 'add', arguments: { a: 3, b: 4 } }),
      finish('tool_calls'),
    ],
  ])
  const { parts } = await read(provider)
  expect(parts.filter((part) => part.type === 'tool-input-delta').length).toBeGreaterThan(4)
  expect(parts.flatMap((part) => (part.type === 'tool-result' ? [part.output] : []))).toEqual([
    3, 7,
  ])
})

test('arguments that are no JSON reach the client as they are', async () => {
  await using provider = await startFakeProvider({
    script: [[toolCall({ id: 'c1', name: 'add', arguments: '{"a": 1,' }), finish('tool_calls')]],
  })
  const calls = (await read(provider)).parts.filter((part) => part.type === 'tool-call')
  expect(calls).toMatchObject([{ toolCallId: 'c1', invalid: true }])
})

test('a script may be a function of the request', async () => {
  await using provider = await startFakeProvider({
    script: (request, index) => [text(`${index}: ${request.body.messages.length}`), finish()],
  })
  expect(await ask(provider).text).toBe('0: 1')
  expect(await ask(provider).text).toBe('1: 1')
})

test('without streaming the same turn is one body', async () => {
  await using provider = await startFakeProvider({
    script: [
      [
        text('Adding.'),
        toolCall({ id: 'c1', name: 'add', arguments: { a: 1, b: 2 } }),
        finish('tool_calls'),
        usage(),
      ],
    ],
  })
  const result = await generateText({
    model: modelOf(provider),
    prompt: 'Hi',
    tools,
    maxRetries: 0,
  })
  expect(result.text).toBe('Adding.')
  expect(result.toolResults.map((part) => part.output)).toEqual([3])
})

test('an HTTP error carries its status and headers', async () => {
  await using provider = await startFakeProvider({
    script: [[status(429, { 'retry-after': '1' })], [status(503)]],
  })
  const { error: first } = await read(provider)
  expect(APICallError.isInstance(first) && first.statusCode).toBe(429)
  expect(APICallError.isInstance(first) && first.responseHeaders?.['retry-after']).toBe('1')
  expect((await read(provider)).error).toMatchObject({ statusCode: 503, isRetryable: true })
})

test('a reset breaks the connection before the headers and in mid-stream', async () => {
  await using provider = await startFakeProvider({
    script: [[reset()], [text('Hel'), reset()]],
  })
  const first = await read(provider)
  expect(first.error).toMatchObject({ isRetryable: true })
  const second = await read(provider)
  expect(textOf(second)).toBe('Hel')
  expect(second.error).toBeInstanceOf(Error)
})

test.each([
  ['a truncated stream', [text('Hel'), truncate()]],
  ['a line that is no JSON', [text('Hel'), garbage(), finish()]],
  ['an error in the stream', [text('Hel'), errorFrame('overloaded')]],
])('%s is an error to the client', async (_, turn) => {
  await using provider = await startFakeProvider({ script: [turn] })
  expect((await read(provider)).error).toBeDefined()
})

test('an empty answer finishes without content', async () => {
  await using provider = await startFakeProvider({ script: [empty()] })
  const result = ask(provider)
  expect(await result.finishReason).toBe('stop')
  expect(await result.content).toEqual([])
})

test('a character cut in two arrives whole', async () => {
  await using provider = await startFakeProvider({ script: [[split('naïve 🌍'), finish()]] })
  expect(await ask(provider).text).toBe('naïve 🌍')
})

test('a barrier holds the stream until it is released', async () => {
  const gate = barrier()
  await using provider = await startFakeProvider({
    script: [[text('one'), gate, text('two'), finish()]],
  })
  const seen: string[] = []
  for await (const part of ask(provider).textStream) {
    seen.push(part)
    if (seen.join('') !== 'one') continue
    await gate.barrier.reached
    gate.barrier.release()
  }
  expect(seen.join('')).toBe('onetwo')
})

test.each([
  ['before the headers', [hang()]],
  ['before the first chunk', [headers(), hang()]],
  ['between two chunks', [text('Hel'), hang()]],
])('a stop during a hang %s closes the connection', async (_, turn) => {
  await using provider = await startFakeProvider({ script: [turn] })
  const controller = new AbortController()
  const reading = ask(provider, undefined, controller.signal).consumeStream()
  await provider.request(0)
  controller.abort()
  await expect(provider.connectionClosed(0)).resolves.toBeUndefined()
  await reading
})

test('an answer that came to its end was not closed by the client', async () => {
  await using provider = await startFakeProvider({ script: [[text('all of it'), finish()]] })
  await ask(provider).consumeStream()
  await expect(provider.connectionClosed(0)).rejects.toThrow('answered to its end')
})

test('a call without a turn is refused for good', async () => {
  await using provider = await startFakeProvider()
  expect((await read(provider)).error).toMatchObject({ statusCode: 400, isRetryable: false })
})

const called = (id: string): ModelMessage => ({
  role: 'assistant',
  content: [{ type: 'tool-call', toolCallId: id, toolName: 'add', input: { a: 1, b: 2 } }],
})
const answered = (id: string): ModelMessage => ({
  role: 'tool',
  content: [
    { type: 'tool-result', toolCallId: id, toolName: 'add', output: { type: 'json', value: 3 } },
  ],
})
const user: ModelMessage = { role: 'user', content: 'Hi' }

test('a strict provider accepts answered tool calls', async () => {
  await using provider = await startFakeProvider({ script: () => [text('Fine'), finish()] })
  expect(await ask(provider, [user, called('c1'), answered('c1')]).text).toBe('Fine')
  expect(await ask(provider, [user, called('c1'), answered('c1'), user]).text).toBe('Fine')
})

test.each<[string, ModelMessage[], string]>([
  ['an empty assistant message', [user, { role: 'assistant', content: '' }, user], 'no content'],
  ['a doubled answer', [user, called('c1'), answered('c1'), answered('c1')], 'no open tool call'],
  ['an answer to nothing', [user, answered('c1')], 'no open tool call'],
])('a strict provider refuses %s', async (_, messages, words) => {
  await using provider = await startFakeProvider({ script: () => [text('Fine'), finish()] })
  const { error } = await read(provider, messages)
  expect(error).toMatchObject({
    statusCode: 400,
    message: expect.stringContaining(words) as string,
  })
  expect(provider.calls).toBe(1)
})

const calls = (...names: string[]) => ({
  role: 'assistant',
  tool_calls: names.map((id) => ({ id, function: { name: 'add', arguments: '{}' } })),
})

test.each([
  ['no message at all', []],
  ['a call that a user message follows', [calls('c1'), { role: 'user', content: 'Hi' }]],
  ['a last call without an answer', [calls('c1', 'c2'), { role: 'tool', tool_call_id: 'c1' }]],
  ['two calls of one id', [calls('c1', 'c1'), { role: 'tool', tool_call_id: 'c1' }]],
  ['an empty list of calls', [calls()]],
  ['an unknown role', [{ role: 'robot', content: 'Hi' }]],
  [
    'arguments that are no JSON',
    [
      { role: 'assistant', tool_calls: [{ id: 'c1', function: { name: 'add', arguments: '{' } }] },
      { role: 'tool', tool_call_id: 'c1' },
    ],
  ],
])('the strict check finds %s', (_, messages) => {
  expect(findMessageProblem(messages)).toEqual(expect.any(String))
})
