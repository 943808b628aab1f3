/** An agent whose model plays the scene that the question names, so that a test chooses what a page has to show. */
import type { LanguageModelV4Prompt, LanguageModelV4StreamPart } from '@ai-sdk/provider'
import { tool } from 'ai'
import { z } from 'zod'
import { defineAgent } from '../../../../src/agent/define-agent.ts'
import { toolRun } from '../../../../src/index.ts'
import {
  finishPart,
  reasoningParts,
  scriptedModel,
  textParts,
  toolCallParts,
} from '../../../support/scripted-model.ts'
import { PIXEL, SAMPLE } from './sample.ts'
import { PAYLOADS, poisonedInput } from './payloads.ts'

type Part = LanguageModelV4StreamPart

/** 100 KB without footnotes, which make one block of all. */
const PLAIN = SAMPLE.replace('Here is a note[^1].', '').replace('[^1]: The note itself.', '')
const LONG = PLAIN.repeat(Math.ceil(100_000 / PLAIN.length))
const LIST = Array.from(
  { length: 700 },
  (_, at) => `- item ${at} with **bold** words, \`code\` and a [link](https://example.com/${at})\n`,
).join('')

type Scene = (step: number, question: string) => Iterable<Part> | AsyncIterable<Part>

/** What waits at a gate goes on when somebody asks to `release` it. */
const gates = new Map<string, PromiseWithResolvers<void>>()
const gate = (name: string): PromiseWithResolvers<void> => {
  const known = gates.get(name) ?? Promise.withResolvers<void>()
  gates.set(name, known)
  return known
}

const answer = (text: string): Part[] => [...textParts(text), finishPart()]

const call = (name: string, input: unknown, id: string = name): Part[] =>
  toolCallParts({ id, name, input, pieceSize: 50 })

/** Tools in the first step, a text in the second one. */
const thenSay =
  (calls: Part[], text: string): Scene =>
  (step) =>
    step === 0 ? [...calls, finishPart('tool-calls')] : answer(text)

async function* held(name: string, before: Part[], after: Part[]) {
  yield* before
  await gate(name).promise
  yield* after
}

const start = (text: string, id = 'open'): Part[] => [
  { type: 'text-start', id },
  { type: 'text-delta', id, delta: text },
]
const rest = (text: string, id = 'open'): Part[] => [
  { type: 'text-delta', id, delta: text },
  { type: 'text-end', id },
]

/** As fast as the slowest reader of the stream likes it: 60 words a second. */
async function* fast(text: string, size: number) {
  yield { type: 'text-start', id: 'fast' } as const
  for (let at = 0; at < text.length; at += size) {
    yield { type: 'text-delta', id: 'fast', delta: text.slice(at, at + size) } as const
    await new Promise((resolve) => setTimeout(resolve, 16))
  }
  yield { type: 'text-end', id: 'fast' } as const
  yield finishPart()
}

const SCENES: Record<string, Scene> = {
  sample: () => answer(SAMPLE),
  growing: () =>
    held('growing', start('Words.\n\n```ts\nconst a = 1\n'), [
      ...rest('```\n\n**bo'),
      finishPart(),
    ]),
  unfinished: () =>
    held('unfinished', start('A [link](https://exa'), [
      ...rest('mple.com) is here.'),
      finishPart(),
    ]),
  thinking: () =>
    held(
      'thinking',
      [
        { type: 'reasoning-start', id: 'r' },
        { type: 'reasoning-delta', id: 'r', delta: 'Let me *think*.' },
      ],
      [{ type: 'reasoning-end', id: 'r' }, ...answer('Thought.')],
    ),
  thought: () => [...reasoningParts('Let me *think*.'), ...answer('Thought.')],
  tools: thenSay(
    [
      ...call('look', { path: 'README.md' }),
      ...call('long', { lines: 400 }),
      ...call('break', { why: 'no such place', depth: 2 }),
      ...call('count', { to: 3 }),
    ],
    'Looked.',
  ),
  counting: thenSay(call('hold', { to: 3 }), 'Counted.'),
  refund: thenSay(call('refund', { order: 'A-17', amount: 250 }), 'It is settled.'),
  locate: thenSay(call('locate', { precision: 'city' }), 'So that is where you are.'),
  sources: () => [
    ...textParts('As is said.'),
    source('https://example.com/a/long/page', 'A page'),
    source('https://example.com/a/long/page', 'A page'),
    {
      type: 'source',
      sourceType: 'document',
      id: 'd',
      mediaType: 'application/pdf',
      title: 'The report',
      filename: 'report.pdf',
    },
    finishPart(),
  ],
  files: () => [
    { type: 'file', mediaType: 'image/png', data: { type: 'data', data: PIXEL } },
    { type: 'file', mediaType: 'text/csv', data: { type: 'data', data: btoa('a,b\n1,2\n') } },
    ...answer('Two files.'),
  ],
  filtered: () => [...textParts('Half of'), finishPart('content-filter')],
  stopped: () => held('stopped', start('Half of'), [...rest(' it'), finishPart()]),
  fast: () => fast(LONG, 40),
  list: () => fast(LIST, 40),
  footnotes: () => fast(`${SAMPLE}\n\n${LONG}`, 40),
  hostile: (step, question) => poisoned(step, Number(question.split(' ')[1])),
  release: (_, question) => {
    gate(question.split(' ')[1] ?? '').resolve()
    return answer('Released.')
  },
}

function source(url: string, title: string): Part {
  return { type: 'source', sourceType: 'url', id: url, url, title }
}

/** One payload everywhere that a model or a tool can say something. */
const poisoned = (step: number, index: number): Part[] => {
  const payload = PAYLOADS[index] ?? ''
  if (step > 0) {
    return [
      source(payload, payload),
      source(`https://example.com/${index}`, payload),
      {
        type: 'source',
        sourceType: 'document',
        id: `document ${index}`,
        mediaType: payload,
        title: payload,
        filename: payload,
      },
      { type: 'file', mediaType: payload, data: { type: 'data', data: btoa('x') } },
      ...answer(payload),
    ]
  }
  return [
    ...reasoningParts(payload),
    ...textParts(`Before. ${payload}`),
    ...toolCallParts({ id: 'echo', name: 'echo', input: poisonedInput(payload) }),
    ...toolCallParts({ id: 'fail', name: 'fail', input: JSON.stringify({ said: payload }) }),
    ...toolCallParts({ id: 'strange', name: payload.slice(0, 60), input: '{}' }),
    finishPart('tool-calls'),
  ]
}

const questionOf = (prompt: LanguageModelV4Prompt): { text: string; step: number } => {
  const at = prompt.findLastIndex(({ role }) => role === 'user')
  const message = prompt[at]
  const text =
    message?.role === 'user'
      ? message.content.map((part) => (part.type === 'text' ? part.text : '')).join('')
      : ''
  return { text, step: prompt.slice(at + 1).filter(({ role }) => role === 'assistant').length }
}

const model = scriptedModel((_, { prompt }) => {
  const { text, step } = questionOf(prompt)
  const [name = ''] = text.split(' ')
  return SCENES[name]?.(step, text) ?? answer(`There is no scene “${text}”.`)
})

const text = z.looseObject({})

export default defineAgent({
  name: 'player',
  model,
  maxRetries: 0,
  tools: {
    look: tool({ inputSchema: text, execute: () => '# Outlast\n\nRuns that *last*.' }),
    long: tool({
      inputSchema: z.object({ lines: z.number() }),
      execute: ({ lines }) =>
        Array.from({ length: lines }, (_, line) => ({ line, text: 'some text of this line' })),
    }),
    break: tool({
      inputSchema: text,
      execute: ({ why }): string => {
        throw new Error(`It broke: ${String(why)}`)
      },
    }),
    count: tool({
      inputSchema: z.object({ to: z.number() }),
      async *execute({ to }) {
        for (let at = 1; at <= to; at += 1) yield `counted to ${at}`
      },
    }),
    hold: tool({
      inputSchema: z.object({ to: z.number() }),
      async *execute(_, options) {
        toolRun(options).write({ type: 'data-progress', id: 'p', data: { done: 1 } })
        yield 'counted to 1'
        await gate('counting').promise
        yield 'counted to 3'
      },
    }),
    refund: tool({
      inputSchema: z.object({ order: z.string(), amount: z.number() }),
      needsApproval: true,
      execute: ({ order }) => `refunded ${order}`,
    }),
    locate: tool({ inputSchema: text }),
    echo: tool({
      inputSchema: text,
      execute: (input, options) => {
        toolRun(options).write({ type: 'data-said', data: input })
        return input
      },
    }),
    fail: tool({
      inputSchema: z.object({ said: z.string() }),
      execute: ({ said }): string => {
        throw new Error(said)
      },
    }),
  },
})
