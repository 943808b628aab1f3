import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { tool } from 'ai'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent, type AgentTimeout } from '../../src/agent/define-agent.ts'
import { messageParts, storedParts, testOutlast } from '../support/engine.ts'
import * as fake from '../support/fake-provider.ts'

const troubled = async (
  turns: readonly fake.Turn[],
  options: { timeout?: AgentTimeout; maxSteps?: number } = {},
) => {
  await using provider = await fake.startFakeProvider()
  provider.script([...turns])
  const model = createOpenAICompatible({ name: 'fake', baseURL: provider.url })('m')
  const act = tool({ inputSchema: z.object({}), execute: async () => 'acted' })
  await using outlast = await testOutlast([
    defineAgent({ name: 'a', model, tools: { act }, ...options }),
  ])
  const run = await outlast.ask('Hi')
  const frames = await outlast.tail(run)
  const parts = await messageParts(frames.map(({ chunk }) => chunk))
  expect(parts).toEqual(await storedParts(outlast, run))
  const { status, errorCode, error } = await outlast.settled(run)
  const { runs, principal } = outlast
  const [step] = await runs.steps(principal, run.id)
  const broken = step?.brokenAttempts?.map((attempt) => attempt.errorCode)
  return { status, errorCode, error, calls: provider.calls, parts, broken, step }
}

const { text, finish, status, reset, hang, truncate, garbage, errorFrame, empty, toolCall } = fake

const ok: fake.Turn = [text('Fine'), finish()]

/** Cause, what the provider does in each attempt, and what the run comes to. */
const fatal: readonly [string, fake.Turn, { errorCode: string; calls: number; error: RegExp }][] = [
  [
    'too many requests',
    [status(429, { 'retry-after': '1' })],
    { errorCode: 'provider_rate_limited', calls: 3, error: /./ },
  ],
  ['a server error', [status(503)], { errorCode: 'provider_unavailable', calls: 3, error: /./ }],
  ['a refused key', [status(401)], { errorCode: 'provider_denied', calls: 1, error: /key/i }],
  ['a refused request', [status(400)], { errorCode: 'provider_rejected', calls: 1, error: /./ }],
  [
    'a reset in mid-stream',
    [text('Half'), reset()],
    { errorCode: 'provider_broken_stream', calls: 3, error: /./ },
  ],
  [
    'a truncated stream',
    [text('Half'), truncate()],
    { errorCode: 'provider_broken_stream', calls: 3, error: /./ },
  ],
  [
    'garbage in the stream',
    [text('Half'), garbage(), finish()],
    { errorCode: 'provider_broken_stream', calls: 3, error: /./ },
  ],
  [
    'an error frame',
    [text('Half'), errorFrame('overloaded')],
    { errorCode: 'provider_unavailable', calls: 3, error: /./ },
  ],
  ['an empty answer', empty(), { errorCode: 'empty_answer', calls: 3, error: /empty/ }],
  [
    'a content filter',
    [text('I will'), finish('content_filter')],
    { errorCode: 'content_filtered', calls: 1, error: /filter/ },
  ],
  [
    'the output limit',
    [text('Once upon'), finish('length')],
    { errorCode: 'output_truncated', calls: 1, error: /limit/ },
  ],
]

describe.concurrent('a run whose provider gives', () => {
  it.for(fatal)(
    '%s fails and says so',
    async ([, turn, { errorCode, calls, error }], { expect }) => {
      const result = await troubled([turn, turn, turn])
      expect(result).toMatchObject({ status: 'failed', errorCode, calls })
      // The last one is what the run failed with.
      if (calls > 1) expect(result.broken).toEqual([errorCode, errorCode])
      expect(result.error).toMatch(error)
    },
  )

  it.for([
    ['before the first chunk', [hang()]],
    ['between two chunks', [text('Half'), hang()]],
  ] satisfies [string, fake.Turn][])(
    'a stall %s fails and says so',
    async ([, turn], { expect }) => {
      const timeout = { firstChunkMs: 3000, chunkMs: 3000 }
      const result = await troubled([turn, turn, turn], { timeout })
      expect(result).toMatchObject({ status: 'failed', errorCode: 'provider_stalled', calls: 3 })
    },
  )

  it.for(fatal.filter(([, , { calls }]) => calls === 3))(
    '%s once goes on with the next attempt',
    async ([, turn, { errorCode }], { expect }) => {
      const result = await troubled([turn, ok])
      expect(result).toMatchObject({ status: 'succeeded', errorCode: null, calls: 2 })
      expect(result.parts).toEqual([
        { type: 'step-start' },
        { type: 'text', text: 'Fine', state: 'done' },
      ])
      const { brokenAttempts = [], startedAt, firstChunkAt = '', finishedAt } = result.step!
      const [{ startedAt: began, endedAt, ...why }] = brokenAttempts as [(typeof brokenAttempts)[0]]
      expect(why).toEqual({ errorCode, error: expect.any(String) })
      const times = [began, endedAt, startedAt ?? '', firstChunkAt, finishedAt ?? '']
      expect(times).toEqual(times.toSorted())
    },
  )

  it('a reset keeps the words of the last attempt', async ({ expect }) => {
    const turn = [text('Half'), reset()]
    const { parts } = await troubled([turn, turn, turn])
    expect(parts).toContainEqual({ type: 'text', text: 'Half', state: 'done' })
  })

  it('tool calls at the output limit never acts on them', async ({ expect }) => {
    const call = toolCall({ id: 'c1', name: 'act', arguments: '{}' })
    const result = await troubled([[call, finish('length')]])
    expect(result).toMatchObject({ status: 'failed', errorCode: 'output_truncated' })
    expect(result.parts[1]).toMatchObject({ type: 'tool-act', state: 'output-error' })
  })

  it('nothing but tool calls is asked to answer in its last step', async ({ expect }) => {
    const call = (id: string): fake.Turn => [
      toolCall({ id, name: 'act', arguments: '{}' }),
      finish('tool_calls'),
    ]
    const answered = await troubled([call('c1'), ok], { maxSteps: 2 })
    expect(answered).toMatchObject({ status: 'succeeded', calls: 2 })
    const stubborn = await troubled([call('c1'), call('c2')], { maxSteps: 2 })
    expect(stubborn).toMatchObject({ status: 'failed', errorCode: 'max_steps' })
    expect(stubborn.error).toContain('2 steps')
  })

  it('input that does not fit, or a tool that does not exist, is told to the model', async ({
    expect,
  }) => {
    const result = await troubled([
      [
        toolCall({ id: 'c1', name: 'act', arguments: '{"broken' }),
        toolCall({ id: 'c2', name: 'nothing', arguments: '{}', index: 1 }),
        finish('tool_calls'),
      ],
      ok,
    ])
    expect(result).toMatchObject({ status: 'succeeded', calls: 2 })
    expect(result.parts.slice(1, 3)).toMatchObject([
      { toolCallId: 'c1', state: 'output-error' },
      { toolCallId: 'c2', state: 'output-error' },
    ])
  })
})

it('a run whose agent this process does not have fails, and whoever looks after it hears why', async () => {
  await using outlast = await testOutlast([], { agents: [], agent: () => undefined })
  const run = await outlast.ask('Hi')
  expect(await outlast.settled(run)).toMatchObject({
    status: 'failed',
    errorCode: 'agent_error',
    error: 'There is no agent named agent in this server any more.',
  })
  expect(outlast.errors.map(({ message }) => message)).toEqual([
    'There is no agent named agent in this server any more. Give all processes the same agents.',
  ])
})
