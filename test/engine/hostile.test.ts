import { tool } from 'ai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent, type OutlastToolSet } from '../../src/agent/define-agent.ts'
import { toolRun, type ToolRun } from '../../src/agent/tool-run.ts'
import type { RunRecord } from '../../src/domain/run.ts'
import type { Frame } from '../../src/engine/tail/replay.ts'
import { createBarrier } from '../support/barrier.ts'
import {
  collect,
  DATABASES,
  messageParts,
  storedParts,
  testOutlast,
  type TestOutlast,
} from '../support/engine.ts'
import {
  finishPart,
  scriptedModel,
  textParts,
  toolCallParts,
  type ModelScript,
  type ScriptedModel,
} from '../support/scripted-model.ts'

const inputSchema = z.any()

const calls = (...names: readonly string[]): ModelScript => {
  return (call) =>
    call === 0
      ? [
          ...names.flatMap((name, index) =>
            toolCallParts({ id: `c${index}`, name, input: { index } }),
          ),
          finishPart('tool-calls'),
        ]
      : [...textParts('Done'), finishPart()]
}

const chunksOf = (frames: readonly Frame[]) => frames.map(({ chunk }) => chunk)

/** A reader that was there, one that came afterwards, and one for each id of the first: they all have the stored parts. */
const everybodyHas = async (outlast: TestOutlast, run: RunRecord, live: readonly Frame[]) => {
  const stored = await storedParts(outlast, run)
  expect(await messageParts(chunksOf(live))).toEqual(stored)
  expect(await messageParts(chunksOf(await outlast.tail(run)))).toEqual(stored)
  for (const [index, frame] of live.entries()) {
    const rest = await outlast.tail(run, frame.position)
    const chunks = chunksOf([...live.slice(0, index + 1), ...rest])
    expect(await messageParts(chunks)).toEqual(stored)
  }
  return stored as readonly Record<string, unknown>[]
}

/** Outputs of tools, and what everybody sees of them. */
const OUTPUTS: readonly [string, unknown, unknown][] = [
  ['nothing', undefined, null],
  ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
  ['numbers that JSON does not have', [Number.NaN, Infinity, -0, 1e21], [null, null, 0, 1e21]],
  ['bytes', new Uint8Array([1, 2]), { 0: 1, 1: 2 }],
  ['NUL and halves of pairs', 'a\0b\ud83dc\ude00d', 'ab\ufffdc\ufffdd'],
  ['them in keys', { 'k\0': 1, '\ud83d': { 'x\0y': 'v\0' } }, { k: 1, '\ufffd': { xy: 'v' } }],
  [
    'names that objects inherit',
    JSON.parse('{"__proto__":{"polluted":true},"constructor":1,"toString":null}'),
    JSON.parse('{"__proto__":{"polluted":true},"constructor":1,"toString":null}'),
  ],
  ['them beside NUL', JSON.parse('{"__proto__":"a\\u0000"}'), JSON.parse('{"__proto__":"a"}')],
  ['a megabyte', { text: 'ä€😀'.repeat(150_000) }, { text: 'ä€😀'.repeat(150_000) }],
  ['a deep one', nested(500), nested(500)],
]

const WRONG: readonly [string, unknown, RegExp][] = [
  ['a big integer', 10n, /BigInt/],
  ['itself', circle(), /circular/],
  [
    'what refuses to be JSON',
    {
      toJSON() {
        throw new RangeError('no JSON of me')
      },
    },
    /no JSON of me/,
  ],
]

function circle(): unknown {
  const self: { self?: unknown } = {}
  self.self = self
  return self
}

function nested(depth: number): unknown {
  let value: unknown = 'deep'
  for (let level = 0; level < depth; level++) value = [value]
  return value
}

/** JSON whose names have one order: the database has its own. */
const sorted = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  )

describe.each(DATABASES)('on %s', (_name, options) => {
  let outlast: TestOutlast
  let model: ScriptedModel

  beforeAll(async () => {
    const act = tool({
      inputSchema,
      execute: async ({ index }) => [...OUTPUTS, ...WRONG][index]![1],
    })
    // The question is the number of the output that the tool gives.
    model = scriptedModel((_call, { prompt }) => {
      const last = prompt.at(-1)!
      if (last.role !== 'user') return [...textParts('Done'), finishPart()]
      const [part] = last.content
      const index = part?.type === 'text' ? Number(part.text) : 0
      return [
        ...toolCallParts({ id: 'c', name: 'act', input: { index } }),
        finishPart('tool-calls'),
      ]
    })
    outlast = await testOutlast([defineAgent({ name: 'a', model, tools: { act } })], options)
  })
  afterAll(() => outlast[Symbol.asyncDispose]())

  const returned = async (index: number) => {
    const run = await outlast.ask(String(index), `chat-${index}`)
    const stored = await everybodyHas(outlast, run, await outlast.tail(run))
    expect(await outlast.settled(run)).toMatchObject({ status: 'succeeded', stepCount: 2 })
    return stored.find(({ type }) => type === 'tool-act')!
  }

  it.each(OUTPUTS.map((row, index) => [...row, index] as const))(
    'a tool may return %s',
    async (_what, _output, shown, index) => {
      const part = await returned(index)
      expect(part).toMatchObject({ state: 'output-available' })
      expect(sorted(part['output'])).toBe(sorted(shown))
      expect(Object.prototype).not.toHaveProperty('polluted')
      expect(outlast.errors).toEqual([])
    },
  )

  it.each(WRONG.map((row, index) => [...row, OUTPUTS.length + index] as const))(
    'a tool may not return %s, and the model is told so',
    async (_what, _output, reason, index) => {
      const part = await returned(index)
      expect(part).toMatchObject({ state: 'output-error' })
      expect(part['errorText']).toMatch(reason)
      expect(JSON.stringify(model.prompts.at(-1)!.at(-1))).toMatch(reason)
    },
  )
})

describe('a model may', () => {
  it('cut its text anywhere, also inside a character, and send what no text can hold', async () => {
    const pieces = ['a\ud83d', '\ude00b\ud83d', 'c\0', '\ude00', '', '\ud83d']
    const model = scriptedModel(() => [
      ...textParts(pieces),
      { type: 'reasoning-start', id: 'r' },
      { type: 'reasoning-delta', id: 'r', delta: '\ud83d' },
      { type: 'reasoning-delta', id: 'r', delta: '\ude00' },
      finishPart(),
    ])
    await using outlast = await testOutlast([defineAgent({ name: 'a', model })])
    const run = await outlast.ask('Go')
    const live = await outlast.tail(run)
    for (const chunk of chunksOf(live))
      if ('delta' in chunk) expect(chunk.delta.isWellFormed()).toBe(true)
    const stored = await everybodyHas(outlast, run, live)
    expect(stored).toMatchObject([
      { type: 'step-start' },
      { type: 'text', text: 'a😀b\ufffdc\ufffd\ufffd' },
      { type: 'reasoning', text: '😀' },
    ])
  })

  it('call tools by names that every object has', async () => {
    const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty']
    const model = scriptedModel(calls(...names))
    const own = tool({ inputSchema, execute: async () => 'mine' })
    await using outlast = await testOutlast([
      defineAgent({ name: 'a', model, tools: { constructor: own } as unknown as OutlastToolSet }),
    ])
    const run = await outlast.ask('Go')
    const stored = await everybodyHas(outlast, run, await outlast.tail(run))
    expect(await outlast.settled(run)).toMatchObject({ status: 'succeeded', stepCount: 2 })
    expect(stored.slice(1, 5)).toMatchObject([
      { type: 'tool-constructor', state: 'output-available', output: 'mine' },
      { type: 'tool-__proto__', state: 'output-error' },
      { type: 'tool-toString', state: 'output-error' },
      { type: 'tool-hasOwnProperty', state: 'output-error' },
    ])
  })

  it('call tools with input that has such names, NUL and halves of pairs', async () => {
    const inputs = [
      '{"a":{"__proto__":{"polluted":true}}}',
      '{"k\\u0000":"v\\u0000","\\ud83d":"\\ude00"}',
      '{"constructor":{"prototype":{"polluted":true}}}',
    ]
    const model = scriptedModel((call) =>
      call === 0
        ? [
            ...inputs.flatMap((input, index) =>
              toolCallParts({ id: `c${index}`, name: 'act', input }),
            ),
            finishPart('tool-calls'),
          ]
        : [...textParts('Done'), finishPart()],
    )
    const act = tool({ inputSchema, execute: async (input) => input as unknown })
    await using outlast = await testOutlast([defineAgent({ name: 'a', model, tools: { act } })])
    const run = await outlast.ask('Go')
    await everybodyHas(outlast, run, await outlast.tail(run))
    expect(await outlast.settled(run)).toMatchObject({ status: 'succeeded', stepCount: 2 })
    expect(Object.prototype).not.toHaveProperty('polluted')
    expect(outlast.errors).toEqual([])
  })

  it('use one id, or none, for calls of a step and of the next', async () => {
    const call = (id: string, n: number) => toolCallParts({ id, name: 'act', input: { n } })
    const steps = [
      [...call('same', 1), ...call('same', 2), ...call('', 3), ...call('', 4)],
      // Begun before the first is complete.
      [...call('same', 5).slice(0, -1), ...call('same', 6).slice(0, -1)],
    ]
    const ends = [5, 6].map((n) => call('same', n).at(-1)!)
    const model = scriptedModel((index) =>
      index < 2
        ? [...steps[index]!, ...(index === 1 ? ends : []), finishPart('tool-calls')]
        : [...textParts('Done'), finishPart()],
    )
    const acted: number[] = []
    const act = tool({
      inputSchema: z.object({ n: z.number() }),
      execute: async ({ n }) => {
        acted.push(n)
        return `did ${n}`
      },
    })
    await using outlast = await testOutlast([defineAgent({ name: 'a', model, tools: { act } })])
    const run = await outlast.ask('Go')
    const stored = await everybodyHas(outlast, run, await outlast.tail(run))
    expect(await outlast.settled(run)).toMatchObject({ status: 'succeeded', stepCount: 3 })
    expect(acted.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6])
    const shown = stored.flatMap(({ output }) => output ?? [])
    expect(shown).toEqual([1, 2, 3, 4, 5, 6].map((n) => `did ${n}`))
    const told = model.prompts
      .at(-1)!
      .flatMap(({ role, content }) =>
        role === 'tool' ? content.map((part) => ('toolCallId' in part ? part.toolCallId : '')) : [],
      )
    expect(told).toEqual(['same', 'same-2', 'call', 'call-2', 'same', 'same-2'])
    expect(outlast.errors).toEqual([])
  })
})

describe('two tools that write at the same time', () => {
  it('give every reader the stored message', async () => {
    const started = [createBarrier(), createBarrier()]
    const writers: ToolRun[] = []
    const turn = createBarrier()
    const act = (index: number) =>
      tool({
        inputSchema,
        async *execute(_input, options) {
          const run = toolRun(options)
          writers[index] = run
          yield `half of ${index}`
          await started[index]!.wait()
          run.write({ type: 'data-note', data: { from: index } })
          yield `most of ${index}`
          await turn.wait()
          run.write({ type: 'data-progress', id: `own-${index}`, data: 'second' })
          run.write({ type: 'data-progress', id: 'shared', data: `by ${index}` })
          yield `all of ${index}`
        },
      })
    const model = scriptedModel(calls('left', 'right'))
    await using outlast = await testOutlast([
      defineAgent({ name: 'a', model, tools: { left: act(0), right: act(1) } }),
    ])
    const run = await outlast.ask('Go')
    const live = outlast.tail(run)
    await Promise.all(started.map(({ reached }) => reached))
    for (const [index, { write }] of writers.entries()) {
      write({ type: 'data-progress', id: `own-${index}`, data: 'first' })
      write({ type: 'data-progress', id: 'shared', data: `first by ${index}` })
      write({ type: 'data-passing', data: index, transient: true })
    }
    for (const barrier of started) barrier.release()
    await turn.reached
    const middle = collect((await outlast.engine.attach(outlast.principal, { runId: run.id }))!)
    turn.release()
    const stored = await everybodyHas(outlast, run, await live)
    expect(await messageParts(chunksOf(await middle))).toEqual(stored)
    const transient = chunksOf(await live).filter(({ type }) => type === 'data-passing')
    expect(transient).toHaveLength(2)
    expect(
      stored.map(({ type, id, data, output }) => ({ type, id, value: data ?? output })),
    ).toEqual(
      expect.arrayContaining([
        { type: 'tool-left', id: undefined, value: 'all of 0' },
        { type: 'tool-right', id: undefined, value: 'all of 1' },
        { type: 'data-progress', id: 'own-0', value: 'second' },
        { type: 'data-note', id: undefined, value: { from: 1 } },
      ]),
    )
    expect(stored.filter(({ id }) => id === 'shared')).toHaveLength(1)
    expect(stored.filter(({ type }) => type === 'data-passing')).toEqual([])
  })
})
