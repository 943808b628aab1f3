/** Agents of all kinds with what is asked of them: each is executed by Outlast and by the AI SDK itself. */
import type { LanguageModelV4StreamPart } from '@ai-sdk/provider'
import {
  dynamicTool,
  hasToolCall,
  isStepCount,
  jsonSchema,
  Output,
  tool,
  type StepResult,
  type ToolSet,
} from 'ai'
import { z } from 'zod'
import { getErrorText } from '../../../src/engine/error-text.ts'
import type { AgentScript } from '../../support/reference-agent.ts'
import {
  finishPart,
  reasoningParts,
  textParts,
  toolCallParts,
  type ModelScript,
} from '../../support/scripted-model.ts'

/** One step after the other; each is a list of parts, ended with `tool-calls` where it has calls. */
const steps =
  (...answers: LanguageModelV4StreamPart[][]): ModelScript =>
  (call) => {
    const parts = answers[call] ?? textParts('There is no more.')
    const calls = parts.some((part) => part.type === 'tool-call' && !part.providerExecuted)
    return [
      { type: 'response-metadata', id: `response-${call}`, modelId: 'scripted-1' },
      ...parts,
      finishPart(calls ? 'tool-calls' : 'stop'),
    ]
  }

const number = z.object({ a: z.number() })
const double = tool({
  title: 'Double',
  description: 'Doubles a number.',
  inputSchema: number,
  execute: async ({ a }) => ({ doubled: 2 * a }),
})
const fail = tool({
  inputSchema: number,
  execute: (): string => {
    throw new RangeError('The number is too large.')
  },
})
const scale = tool({
  description: ({ context }) => `Times ${context?.factor}.`,
  inputSchema: number,
  contextSchema: z.object({ factor: z.number() }),
  execute: async ({ a }, { context }) => a * context.factor,
})

/** What a step says to `prepareStep`, without what is another one in each run. */
const shownStep = (step: StepResult<ToolSet>): unknown => {
  // Results come in the order in which the tools end.
  const sorted = step.content.toSorted((a, b) => orderOf(a) - orderOf(b))
  const withoutTitles = sorted.map((part) => ({
    ...part,
    title: undefined,
    ...('dynamic' in part && !part.dynamic && { dynamic: undefined }),
  }))
  const content = withoutTitles.map((part) =>
    part.type === 'tool-error' || ('invalid' in part && part.invalid)
      ? { ...part, error: getErrorText(part.error), input: undefined }
      : part,
  )
  const { text, reasoningText, finishReason, rawFinishReason, usage, model, stepNumber } = step
  const { raw: _raw, ...counts } = usage
  const { id, modelId, messages } = step.response
  return JSON.parse(
    JSON.stringify({
      content: content.map((part) => (part.type === 'file' ? part.file.base64 : part)),
      counted: [step.toolCalls.length, step.toolResults.length, step.sources.length],
      ...{ text, reasoningText, finishReason, rawFinishReason, counts, model, stepNumber },
      response: { id, modelId, messages },
    }),
  )
}

const orderOf = (part: StepResult<ToolSet>['content'][number]): number =>
  part.type === 'tool-result' || part.type === 'tool-error' ? Number(part.toolCallId.slice(1)) : 0

const call = (id: string, name: string, input: unknown) => toolCallParts({ id, name, input })

const image = { type: 'file' as const, mediaType: 'image/png', data: 'AQID' }
const file = {
  type: 'file' as const,
  mediaType: 'image/png',
  data: { type: 'data' as const, data: 'AQID' },
}

export const SCRIPTS: Record<string, AgentScript> = {
  'one answer': { ask: 'Hello', model: steps(textParts(['Hel', 'lo.'])) },
  'several steps': {
    ask: 'Double 2 twice',
    tools: { double },
    model: steps(
      [...textParts('First.'), ...call('c1', 'double', { a: 2 })],
      [...textParts('Second.'), ...call('c2', 'double', { a: 4 })],
      textParts('It is 8.'),
    ),
  },
  'parallel calls': {
    ask: 'Double 1, 2 and 3',
    tools: { double },
    model: steps(
      [1, 2, 3].flatMap((a) => call(`c${a}`, 'double', { a })),
      textParts('2, 4 and 6.'),
    ),
  },
  'a call id that returns in a later step': {
    ask: 'Double 2 twice',
    tools: { double },
    model: steps(call('c1', 'double', { a: 2 }), call('c1', 'double', { a: 4 }), textParts('8')),
  },
  'an input that does not fit the schema': {
    ask: 'Double two',
    tools: { double },
    model: steps(call('c1', 'double', { a: 'two' }), textParts('I cannot.')),
  },
  'an input that is no JSON': {
    ask: 'Double 2',
    tools: { double },
    model: steps(call('c1', 'double', '{"a": 2'), textParts('I cannot.')),
  },
  'an empty input': {
    ask: 'What time is it?',
    tools: { time: tool({ inputSchema: z.object({}), execute: () => 'noon' }) },
    model: steps(call('c1', 'time', ''), textParts('Noon.')),
  },
  'a tool that does not exist': {
    ask: 'Halve 2',
    tools: { double },
    model: steps(call('c1', 'halve', { a: 2 }), textParts('I cannot.')),
  },
  'a tool that every object has': {
    ask: 'Call it',
    tools: { double },
    model: steps(call('c1', 'constructor', { a: 2 }), textParts('I cannot.')),
  },
  'a tool for an agent that has none': {
    ask: 'Double 2',
    model: steps(call('c1', 'double', { a: 2 }), textParts('I cannot.')),
  },
  'a tool that is not active': {
    ask: 'Double 2',
    tools: { double, fail },
    options: { activeTools: ['fail'] },
    model: steps(call('c1', 'double', { a: 2 }), textParts('I cannot.')),
  },
  'a tool that fails': {
    ask: 'Fail',
    tools: { double, fail },
    model: steps(
      [...call('c1', 'fail', { a: 2 }), ...call('c2', 'double', { a: 2 })],
      textParts('One failed.'),
    ),
  },
  'a repaired call': {
    ask: 'Double two',
    tools: { double },
    options: {
      repairToolCall: async ({ toolCall }) => ({ ...toolCall, input: '{"a":2}' }),
    },
    model: steps(call('c1', 'double', { a: 'two' }), textParts('4')),
  },
  'a dynamic tool': {
    ask: 'Do anything',
    tools: {
      anything: dynamicTool({
        inputSchema: jsonSchema({ type: 'object' }),
        execute: async (input) => ({ got: input }),
      }),
    },
    model: steps(call('c1', 'anything', { b: [1, null] }), textParts('Done.')),
  },
  'a dynamic tool that fails': {
    ask: 'Do anything',
    tools: {
      anything: dynamicTool({
        inputSchema: jsonSchema({ type: 'object' }),
        execute: () => Promise.reject(new RangeError('No.')),
      }),
    },
    model: steps(call('c1', 'anything', {}), textParts('Done.')),
  },
  'outputs of every kind': {
    ask: 'Return',
    tools: Object.fromEntries(
      Object.entries<() => unknown>({
        text: () => 'a text',
        empty: () => '',
        nothing: () => undefined,
        list: () => [1, 'a', null],
        date: () => ({ at: new Date(0) }),
      }).map(([name, execute]) => [name, tool({ inputSchema: z.object({}), execute })]),
    ),
    model: steps(
      ['text', 'empty', 'nothing', 'list', 'date'].flatMap((name) => call(`c-${name}`, name, {})),
      textParts('Done.'),
    ),
  },
  'preliminary outputs': {
    ask: 'Count',
    tools: {
      count: tool({
        inputSchema: z.object({}),
        async *execute() {
          yield { at: 1 }
          yield { at: 2 }
        },
      }),
    },
    model: steps(call('c1', 'count', {}), textParts('2')),
  },
  toModelOutput: {
    ask: 'Look',
    tools: {
      look: tool({
        inputSchema: z.object({}),
        execute: () => ({ bytes: 3, pixels: 'AQID' }),
        toModelOutput: ({ toolCallId, output }) => ({
          type: 'content',
          value: [
            { type: 'text', text: `${toolCallId}: ${output.bytes} bytes` },
            { ...image, data: { type: 'data', data: new Uint8Array([1, 2, 3]) } },
          ],
        }),
      }),
    },
    model: steps(call('c1', 'look', {}), textParts('A picture.')),
  },
  'reasoning with signatures': {
    ask: 'Think',
    tools: { double },
    model: steps(
      [
        ...reasoningParts(['Let me ', 'think.'], { metadata: { scripted: { signature: 's1' } } }),
        ...textParts('So:', { metadata: { scripted: { itemId: 'i1' } } }),
        ...toolCallParts({
          id: 'c1',
          name: 'double',
          input: { a: 2 },
          metadata: { scripted: { itemId: 'i2' } },
        }),
      ],
      [...reasoningParts('Again.', { id: 'r2' }), ...textParts('4')],
    ),
  },
  'an empty text that the provider signed, and one that it did not': {
    ask: 'Say nothing',
    tools: { double },
    model: steps(
      [
        ...textParts([], { id: 't1', metadata: { scripted: { signature: 's1' } } }),
        ...textParts([], { id: 't2' }),
        ...call('c1', 'double', { a: 2 }),
      ],
      textParts('4'),
    ),
  },
  'files and sources': {
    ask: 'Draw',
    tools: { double },
    model: steps(
      [
        file,
        { type: 'reasoning-file', mediaType: 'image/png', data: { type: 'data', data: 'BAUG' } },
        { type: 'source', sourceType: 'url', id: 's1', url: 'https://example.com/', title: 'Page' },
        { type: 'source', sourceType: 'url', id: 's2', url: 'https://example.com/2' },
        {
          type: 'source',
          sourceType: 'document',
          id: 's3',
          mediaType: 'application/pdf',
          title: 'Paper',
          filename: 'paper.pdf',
        },
        ...textParts('A picture.'),
        ...call('c1', 'double', { a: 2 }),
      ],
      textParts('Done.'),
    ),
  },
  'a text with citations': {
    ask: 'Cite',
    tools: { double },
    model: steps(
      [
        { type: 'text-start', id: 't1' },
        { type: 'text-delta', id: 't1', delta: 'As the page says.' },
        {
          type: 'text-end',
          id: 't1',
          citations: [
            {
              source: {
                type: 'source',
                sourceType: 'url',
                id: 's1',
                url: 'https://example.com/',
                providerMetadata: { scripted: { rank: 1 } },
              },
              startIndex: 3,
              endIndex: 11,
              citedText: 'the page',
            },
          ],
        },
        ...call('c1', 'double', { a: 2 }),
      ],
      textParts('4'),
    ),
  },
  "parts of the provider's own kind": {
    ask: 'Go',
    tools: { double },
    model: steps(
      [
        {
          type: 'custom',
          kind: 'scripted.compaction',
          providerMetadata: { scripted: { id: 'x' } },
        },
        ...call('c1', 'double', { a: 2 }),
      ],
      textParts('4'),
    ),
  },
  'parts side by side': {
    ask: 'Both',
    tools: { double },
    model: steps(
      [
        { type: 'text-start', id: 't1' },
        { type: 'tool-input-start', id: 'c1', toolName: 'double' },
        { type: 'text-delta', id: 't1', delta: 'Dou' },
        { type: 'tool-input-delta', id: 'c1', delta: '{"a":' },
        { type: 'text-delta', id: 't1', delta: 'bling.' },
        { type: 'text-end', id: 't1' },
        { type: 'tool-input-delta', id: 'c1', delta: '2}' },
        { type: 'tool-input-end', id: 'c1' },
        { type: 'tool-call', toolCallId: 'c1', toolName: 'double', input: '{"a":2}' },
      ],
      textParts('4'),
    ),
  },
  'a tool that the provider executes': {
    ask: 'Search',
    tools: {
      search: {
        type: 'provider',
        id: 'scripted.search',
        args: { depth: 1 },
        isProviderExecuted: true,
        inputSchema: z.object({ query: z.string() }),
        outputSchema: z.unknown(),
      },
      double,
    },
    model: steps(
      [
        { type: 'tool-input-start', id: 'p1', toolName: 'search', providerExecuted: true },
        { type: 'tool-input-delta', id: 'p1', delta: '{"query":"x"}' },
        { type: 'tool-input-end', id: 'p1' },
        {
          type: 'tool-call',
          toolCallId: 'p1',
          toolName: 'search',
          input: '{"query":"x"}',
          providerExecuted: true,
        },
        { type: 'tool-result', toolCallId: 'p1', toolName: 'search', result: { hits: 3 } },
        ...textParts('3 hits.'),
        ...call('c1', 'double', { a: 3 }),
      ],
      textParts('6'),
    ),
  },
  'a tool of the provider that fails': {
    ask: 'Search',
    tools: { double },
    model: steps(
      [
        {
          type: 'tool-call',
          toolCallId: 'p1',
          toolName: 'browse',
          input: '{"query":"x"}',
          providerExecuted: true,
          dynamic: true,
        },
        {
          type: 'tool-result',
          toolCallId: 'p1',
          toolName: 'browse',
          result: { code: 'unavailable' },
          isError: true,
          dynamic: true,
        },
        ...call('c1', 'double', { a: 3 }),
      ],
      textParts('6'),
    ),
  },
  'structured output': {
    ask: 'Name and age',
    options: {
      output: Output.object({ schema: z.object({ name: z.string(), age: z.number() }) }),
    },
    model: steps(textParts(['{"name":"Ada",', '"age":36}'])),
  },
  'instructions, settings, order and choice of tools': {
    ask: 'Double 2',
    tools: { fail, double },
    options: {
      instructions: [
        { role: 'system', content: 'Be brief.', providerOptions: { scripted: { cache: true } } },
        { role: 'system', content: 'Be kind.' },
      ],
      toolOrder: ['double'],
      toolChoice: 'auto',
      temperature: 0.5,
      maxOutputTokens: 100,
      topP: 0.9,
      seed: 3,
      stopSequences: ['END'],
      reasoning: 'low',
      providerOptions: { scripted: { user: 'u' } },
    },
    model: steps(call('c1', 'double', { a: 2 }), textParts('4')),
  },
  'prepareStep changes what each step asks, and hands instructions, messages and contexts on': {
    ask: 'Double 2',
    tools: { double, fail, scale },
    options: {
      instructions: 'Be brief.',
      temperature: 0.5,
      providerOptions: { scripted: { user: 'u', depth: { most: 3 } } },
      runtimeContext: { seen: 0 },
      toolsContext: { scale: { factor: 2 } },
      prepareStep: ({ stepNumber, messages, steps, runtimeContext, responseMessages }) => {
        const seen = Number(runtimeContext['seen']) + steps.length + responseMessages.length
        const next = { runtimeContext: { seen } }
        if (stepNumber === 0) return { ...next, activeTools: ['double'], temperature: 0 }
        if (stepNumber === 1)
          return {
            ...next,
            instructions: `Seen ${seen}: ${steps[0]?.toolResults.length} ${steps[0]?.finishReason}.`,
            toolsContext: { scale: { factor: 10 } },
            providerOptions: { scripted: { depth: { least: 1 } } },
            toolChoice: { type: 'tool', toolName: 'scale' },
            messages: [...messages.slice(0, 1), { role: 'user', content: 'Scale it.' }],
          }
        if (stepNumber === 2) return { ...next, seed: seen }
        return undefined
      },
    },
    model: steps(
      call('c1', 'double', { a: 2 }),
      call('c2', 'scale', { a: 4 }),
      call('c3', 'scale', { a: 5 }),
      textParts('50'),
    ),
  },
  'prepareStep sees the steps as the AI SDK has them': {
    ask: 'Do everything',
    tools: { double, fail },
    options: {
      prepareStep: ({ steps: before }) => ({
        providerOptions: {
          scripted: { seen: before.map(shownStep) as never },
        },
      }),
    },
    model: steps(
      [
        ...reasoningParts('Let me think.'),
        ...textParts('So: '),
        file,
        { type: 'source', sourceType: 'url', id: 's1', url: 'https://example.com/' },
        ...call('c1', 'double', { a: 2 }),
        ...call('c2', 'fail', { a: 2 }),
        ...call('c3', 'double', { a: 'two' }),
      ],
      textParts('4'),
    ),
  },
  'stopWhen ends after the tools of a step': {
    ask: 'Double 2 for ever',
    tools: { double },
    options: { stopWhen: [isStepCount(2), hasToolCall('fail')] },
    model: steps(
      call('c1', 'double', { a: 2 }),
      call('c2', 'double', { a: 4 }),
      textParts('Nobody asks for this.'),
    ),
  },
  'an input that is refined': {
    ask: 'Double 2',
    tools: { double },
    options: { experimental_refineToolInput: { double: ({ a }: { a: number }) => ({ a: a + 1 }) } },
    model: steps(call('c1', 'double', { a: 2 }), textParts('6')),
  },
  'one call after the other': {
    ask: 'Double 1, 2 and 3',
    tools: { double },
    options: { toolCallConcurrency: 1 },
    model: steps(
      [1, 2, 3].flatMap((a) => call(`c${a}`, 'double', { a })),
      textParts('2, 4 and 6.'),
    ),
  },
  'a tool with a context': {
    ask: 'Scale 2',
    tools: { scale },
    options: { toolsContext: { scale: { factor: 3 } } },
    model: steps(call('c1', 'scale', { a: 2 }), textParts('6')),
  },
  'a question with a file': {
    ask: [
      { type: 'text', text: 'What is this?' },
      {
        type: 'file',
        mediaType: 'image/png',
        filename: 'a.png',
        url: 'data:image/png;base64,AQID',
      },
    ],
    model: steps(textParts('A picture.')),
  },
}

/** A call in each step, until calls are forbidden. */
export const LIMITED: AgentScript = {
  ask: 'Double forever',
  tools: { double },
  options: { maxSteps: 3, toolChoice: 'required' },
  model: (index, { toolChoice }) => [
    ...(toolChoice?.type === 'none' ? textParts('Enough.') : call('c1', 'double', { a: index })),
    finishPart(toolChoice?.type === 'none' ? 'stop' : 'tool-calls'),
  ],
}
