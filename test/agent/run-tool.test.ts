import { dynamicTool, jsonSchema, tool, type ModelMessage } from 'ai'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineAgent, type OutlastToolSet } from '../../src/agent/define-agent.ts'
import { toolRun } from '../../src/agent/tool-run.ts'
import { ToolFailedError } from '../../src/domain/errors.ts'
import type { ToolInvocation, ToolUpdate } from '../../src/engine/ports.ts'
import { aloneAgent } from '../support/prepared.ts'
import { scriptedModel } from '../support/scripted-model.ts'

const model = scriptedModel(() => [])
const inputSchema = z.object({ a: z.number().optional() })
const messages: ModelMessage[] = [{ role: 'user', content: 'Hello' }]

const invocation = (changes: Partial<ToolInvocation> = {}): ToolInvocation => ({
  runId: 'run-1',
  chatId: 'chat-1',
  stepIndex: 2,
  toolCallId: 'call-1',
  toolName: 'it',
  input: { a: 1 },
  messages,
  idempotencyKey: 'run-1:2:call-1',
  signal: new AbortController().signal,
  write: () => {},
  ...changes,
})

const run = async (tools: OutlastToolSet, changes: Partial<ToolInvocation> = {}) => {
  const agent = aloneAgent(defineAgent({ name: 'test', model, tools }))
  const updates: ToolUpdate[] = []
  for await (const update of agent.runTool(invocation(changes))) updates.push(update)
  return updates
}

/** A tool that does what the test says. */
const does = (execute: (input: unknown, options: Parameters<typeof toolRun>[0]) => unknown) => ({
  it: dynamicTool({ inputSchema: jsonSchema({}), execute: execute as never }),
})

const failure = async (updates: Promise<unknown>): Promise<Error> => {
  const error: unknown = await updates.then(
    () => expect.fail('The tool did not fail.'),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(Error)
  return error as Error
}

describe('a tool', () => {
  test('gets its input, the call, the messages and the signal', async () => {
    const { signal } = new AbortController()
    let seen: unknown[] = []
    await run(
      does((...given) => {
        seen = given
      }),
      { signal },
    )
    const [input, options] = seen
    expect(input).toEqual({ a: 1 })
    expect(options).toMatchObject({ toolCallId: 'call-1', messages, abortSignal: signal })
  })

  test('that returns has one final output', async () => {
    expect(await run(does(async () => ({ sum: 2 })))).toEqual([
      { type: 'final', output: { sum: 2 } },
    ])
  })

  test('that yields has each value as preliminary output, and the last one as final', async () => {
    const progress = async function* () {
      const shared = { percent: 0 }
      yield shared
      // What was yielded is not what it becomes later.
      shared.percent = 50
      yield shared
    }
    expect(await run(does(progress))).toEqual([
      { type: 'preliminary', output: { percent: 0 } },
      { type: 'preliminary', output: { percent: 50 } },
      { type: 'final', output: { percent: 50 } },
    ])
  })

  test('that yields nothing has the output null', async () => {
    // oxlint-disable-next-line require-yield
    const nothing = async function* () {}
    expect(await run(does(nothing))).toEqual([{ type: 'final', output: null }])
  })

  test('is closed when its outputs are no longer wanted', async () => {
    let closed = false
    const endless = async function* () {
      try {
        for (let count = 0; ; count += 1) yield count
      } finally {
        closed = true
      }
    }
    const agent = aloneAgent(defineAgent({ name: 'test', model, tools: does(endless) }))
    for await (const update of agent.runTool(invocation())) if (update.output === 3) break
    expect(closed).toBe(true)
  })

  test('does not begin when the run has been interrupted', async () => {
    const reason = { kind: 'stop' }
    let began = false
    const execution = run(
      does(() => (began = true)),
      { signal: AbortSignal.abort(reason) },
    )
    await expect(execution).rejects.toBe(reason)
    expect(began).toBe(false)
  })

  test('that obeys its signal ends with the reason of the interruption', async () => {
    const controller = new AbortController()
    const reason = { kind: 'stop' }
    const execution = run(
      does((_input, options) => {
        controller.abort(reason)
        toolRun(options).signal.throwIfAborted()
      }),
      { signal: controller.signal },
    )
    await expect(execution).rejects.toBe(reason)
  })

  test('with a context schema gets its default, and fails when there is none', async () => {
    const withContext = (contextSchema: z.ZodType<{ team: string }>) => ({
      it: tool({ inputSchema, contextSchema, execute: (_input, { context }) => context }),
    })
    const team = z.object({ team: z.string() })
    expect(await run(withContext(team.default({ team: 'blue' })))).toEqual([
      { type: 'final', output: { team: 'blue' } },
    ])
    const error = await failure(run(withContext(team)))
    expect(error.message).toContain('tool context')
  })
})

describe('an output', () => {
  test.each<[string, unknown, unknown]>([
    ['undefined', undefined, null],
    ['a function', () => 1, null],
    ['a date', { at: new Date(0) }, { at: '1970-01-01T00:00:00.000Z' }],
    ['not a number', [NaN, Infinity, undefined], [null, null, null]],
    ['text that no store takes', 'a\u0000b\ud800', 'ab\ufffd'],
    ['with toJSON', { toJSON: () => 'as text' }, 'as text'],
  ])('that is %s is kept as JSON has it', async (_what, output, kept) => {
    expect(await run(does(() => output))).toEqual([{ type: 'final', output: kept }])
  })

  const circular: { self?: unknown } = {}
  circular.self = circular
  test.each<[string, unknown]>([
    ['a bigint', { count: 1n }],
    ['circular', circular],
  ])('that is %s is an error of the tool', async (_what, output) => {
    const error = await failure(run(does(() => output)))
    expect(error).toBeInstanceOf(ToolFailedError)
    expect(error.message).toMatch(/^The output of the tool "it" cannot be expressed in JSON: .+/)
    expect(error.message).not.toContain('\n')
  })

  test('that comes before the last one has to be JSON too', async () => {
    const bad = async function* () {
      yield 1n
    }
    expect((await failure(run(does(bad)))).message).toContain('An output of the tool "it"')
  })
})

describe('an error', () => {
  test('is what the tool threw', async () => {
    const thrown = new ToolFailedError('No such file.')
    expect(
      await failure(
        run(
          does(() => {
            throw thrown
          }),
        ),
      ),
    ).toBe(thrown)
  })

  test.each<[string, unknown, string]>([
    ['a text', 'no luck', 'no luck'],
    ['an object', { code: 5 }, '{"code":5}'],
    ['nothing', undefined, 'The tool "it" failed without a reason.'],
    ['null', null, 'The tool "it" failed without a reason.'],
    ['an empty error', new Error(''), 'The tool "it" failed without a reason.'],
    ['an object that JSON cannot express', { n: 1n }, 'The tool "it" failed without a reason.'],
  ])('says something when the tool throws %s', async (_what, thrown, message) => {
    const error = await failure(run(does(() => Promise.reject(thrown))))
    expect(error.message).toBe(message)
    expect(error.cause).toBe(thrown)
  })

  test('after some output is an error too', async () => {
    const breaks = async function* () {
      yield 1
      throw new ToolFailedError('broke')
    }
    expect((await failure(run(does(breaks)))).message).toBe('broke')
  })

  test.each(['unknown', '__proto__', 'constructor', 'toString'])(
    'is a call of the tool "%s", which does not exist',
    async (toolName) => {
      const error = await failure(
        run(
          does(() => 1),
          { toolName },
        ),
      )
      expect(error.message).toBe(
        `The tool "${toolName}" does not exist, or cannot be executed here.`,
      )
    },
  )

  test('is a call of a tool that only the provider executes', async () => {
    const search = {
      type: 'provider' as const,
      id: 'acme.search' as const,
      args: {},
      isProviderExecuted: true as const,
      inputSchema: jsonSchema({}),
      outputSchema: jsonSchema({}),
    }
    expect((await failure(run({ it: search }))).message).toContain('cannot be executed here')
  })
})

describe('what the model is told', () => {
  test('is made from the output as the tool returned it, with its input', async () => {
    let seen: unknown
    const it = tool({
      inputSchema,
      execute: () => ({ at: new Date(0) }),
      toModelOutput: (given) => {
        seen = given
        return { type: 'text', value: `at ${given.output.at.getTime()}` }
      },
    })
    expect(await run({ it })).toEqual([
      {
        type: 'final',
        output: { at: '1970-01-01T00:00:00.000Z' },
        modelOutput: { type: 'text', value: 'at 0' },
      },
    ])
    expect(seen).toEqual({
      toolCallId: 'call-1',
      input: { a: 1 },
      output: { at: new Date(0) },
    })
  })

  test('may hold files: bytes become base64', async () => {
    const data = new Uint8Array([1, 2, 3])
    const it = tool({
      inputSchema,
      execute: () => 'done',
      toModelOutput: () => ({
        type: 'content',
        value: [
          { type: 'text', text: 'A picture:' },
          { type: 'file', mediaType: 'image/png', data: { type: 'data', data } },
          { type: 'file', mediaType: 'image/png', data: { type: 'data', data: data.buffer } },
          { type: 'file', mediaType: 'image/png', data: { type: 'data', data: 'AQID' } },
        ],
      }),
    })
    const picture = {
      type: 'file',
      mediaType: 'image/png',
      data: { type: 'data', data: 'AQID' },
    }
    expect(await run({ it })).toMatchObject([
      {
        modelOutput: {
          type: 'content',
          value: [{ type: 'text', text: 'A picture:' }, picture, picture, picture],
        },
      },
    ])
  })

  test('that cannot be made is an error of the tool', async () => {
    const it = tool({
      inputSchema,
      execute: () => 'done',
      toModelOutput: () => {
        throw new ToolFailedError('No words.')
      },
    })
    expect((await failure(run({ it }))).message).toBe('No words.')
    const big = tool({
      inputSchema,
      execute: () => 'done',
      toModelOutput: () => ({ type: 'json', value: 1n as never }),
    })
    expect((await failure(run({ it: big }))).message).toContain(
      'What the model is told about the output of the tool "it"',
    )
  })
})

describe('toolRun', () => {
  test('tells a tool which run it is part of', async () => {
    const { signal } = new AbortController()
    let seen: unknown
    await run(
      does((_input, options) => {
        seen = toolRun(options)
      }),
      { signal },
    )
    expect(seen).toEqual({
      runId: 'run-1',
      chatId: 'chat-1',
      stepIndex: 2,
      toolCallId: 'call-1',
      idempotencyKey: 'run-1:2:call-1',
      signal,
      write: expect.any(Function),
    })
  })

  test('works with a copy of the options, as wrapped tools get them', async () => {
    let runId = ''
    await run(
      does((_input, options) => {
        runId = toolRun({ ...options }).runId
      }),
    )
    expect(runId).toBe('run-1')
  })

  test('says what is wrong when Outlast does not execute the tool', () => {
    expect(() => toolRun({ toolCallId: 'call-1' })).toThrow(
      'toolRun(options) works only in a tool that an Outlast run executes',
    )
  })

  const writes = (part: unknown, write: ToolInvocation['write'] = () => {}) =>
    run(
      does((_input, options) => toolRun(options).write(part as never)),
      { write },
    )

  test('writes parts, as JSON has them', async () => {
    const written: unknown[] = []
    const write = (part: unknown) => void written.push(part)
    await writes({ type: 'data-progress', id: 'p', data: { at: new Date(0) } }, write)
    await writes({ type: 'data-note', data: undefined, transient: true, id: undefined }, write)
    expect(written).toEqual([
      { type: 'data-progress', id: 'p', data: { at: '1970-01-01T00:00:00.000Z' } },
      { type: 'data-note', data: null, transient: true },
    ])
  })

  test.each<[string, unknown, string]>([
    ['another type', { type: 'text', data: 1 }, 'it is "text"'],
    ['a type without a name', { type: 'data-', data: 1 }, 'it is "data-"'],
    ['a type with a line break', { type: 'data-a\nb', data: 1 }, 'it is "data-a\\nb"'],
    ['an id that is no text', { type: 'data-a', id: 5, data: 1 }, 'The id of the part "data-a"'],
    ['data that is no JSON', { type: 'data-a', data: 1n }, 'The data of the part "data-a"'],
  ])('does not write %s', async (_what, part, message) => {
    const error = await failure(writes(part, () => expect.fail('It was written.')))
    expect(error).toBeInstanceOf(ToolFailedError)
    expect(error.message).toContain(message)
  })
})
