import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { context, trace } from '@opentelemetry/api'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { tool } from 'ai'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { idempotent } from '../../src/agent/declare.ts'
import { defineAgent, type OutlastToolSet } from '../../src/agent/define-agent.ts'
import type { OutlastOptions } from '../../src/outlast.ts'
import { createBarrier } from '../support/barrier.ts'
import { testOutlast } from '../support/engine.ts'
import { createMigratedDatabase } from '../support/postgres.ts'
import {
  finishPart,
  scriptedModel,
  textParts,
  toolCallParts,
  type ModelScript,
} from '../support/scripted-model.ts'

const SECRET = 'canary-4711'

/** Everything that somebody said, or that a tool gave, has the secret in it. */
const talkative = (tools: OutlastToolSet = {}) => {
  const script: ModelScript = (call) =>
    call === 0
      ? [
          ...textParts(`First ${SECRET}`),
          ...toolCallParts({ id: 'c1', name: 'look', input: { at: SECRET } }),
          ...toolCallParts({ id: 'c2', name: 'fail', input: { at: SECRET } }),
          finishPart('tool-calls'),
        ]
      : [...textParts(`Done ${SECRET}`), finishPart()]
  const inputSchema = z.object({ at: z.string() })
  return defineAgent({
    name: 'talker',
    model: scriptedModel(script),
    instructions: SECRET,
    tools: {
      look: tool({ inputSchema, execute: async ({ at }) => at }),
      fail: tool({
        inputSchema,
        execute: async ({ at }): Promise<string> => {
          throw new TypeError(at)
        },
      }),
      ...tools,
    },
  })
}

const logOf = () => {
  const lines: string[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) })
  const records = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  return { log, lines, records }
}

const provider = () => {
  const exporter = new InMemorySpanExporter()
  const traces = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  return { exporter, tracer: traces.getTracer('test') }
}

describe('the log of a run', () => {
  it('has its ids and how it went, and nothing that anybody said', async () => {
    const { log, lines, records } = logOf()
    await using outlast = await testOutlast([talkative()], { telemetry: { log } })
    const run = await outlast.ask(SECRET)
    await outlast.settled(run)
    expect(records().map(({ msg }) => msg)).toEqual([
      'run begun',
      'run claimed',
      'model began to answer',
      'step journaled',
      'tool call ended',
      'tool call ended',
      'model began to answer',
      'step journaled',
      'run settled',
    ])
    expect(records().at(-1)).toMatchObject({
      level: 30,
      run: run.id,
      chat: run.chatId,
      workspace: 'w1',
      agent: 'talker',
      epoch: 1,
      status: 'succeeded',
      steps: 2,
    })
    expect(lines.join('')).not.toContain(SECRET)
  })

  it('names what failed by its code only', async () => {
    const { log, lines, records } = logOf()
    const model = scriptedModel(() => {
      throw new TypeError(SECRET)
    })
    await using outlast = await testOutlast([defineAgent({ name: 'a', model })], {
      telemetry: { log },
    })
    await outlast.settled(await outlast.ask(SECRET))
    expect(records()).toContainEqual(
      expect.objectContaining({ msg: 'model call failed', level: 40, code: 'agent_error' }),
    )
    expect(records().at(-1)).toMatchObject({
      msg: 'run settled',
      level: 40,
      status: 'failed',
      code: 'agent_error',
    })
    expect(lines.join('')).not.toContain(SECRET)
  })
})

describe('the metrics of runs', () => {
  it('count what begins, acts and ends', async () => {
    const metrics = new Registry()
    await using outlast = await testOutlast([talkative()], { telemetry: { metrics } })
    await outlast.settled(await outlast.ask('Hi'))
    const text = await metrics.metrics()
    const lines = text.split('\n').filter((line) => !line.startsWith('#'))
    for (const line of [
      'outlast_runs_begun_total{agent="talker",trigger="user"} 1',
      'outlast_runs_settled_total{agent="talker",status="succeeded",code="none"} 1',
      'outlast_run_duration_seconds_count{status="succeeded"} 1',
      'outlast_run_wait_seconds_count 1',
      'outlast_runs_executing 0',
      'outlast_tool_calls_total{tool="look",status="succeeded"} 1',
      'outlast_tool_calls_total{tool="fail",status="failed"} 1',
      'outlast_tool_call_duration_seconds_count{tool="look"} 1',
    ])
      expect(lines).toContain(line)
    expect(text).toMatch(/outlast_model_calls_total\{.*finish_reason="tool-calls"\} 1/)
    expect(text).toMatch(/outlast_tokens_total\{.*type="output"\} \d+/)
    expect(text).toMatch(/outlast_model_first_chunk_seconds_count\{.*\} 2/)
  })

  it('know how long a call took that somebody looked at meanwhile', async () => {
    const metrics = new Registry()
    const gate = createBarrier()
    const inputSchema = z.object({ at: z.string() })
    const look = tool({ inputSchema, execute: () => gate.wait() })
    await using outlast = await testOutlast([talkative({ look })], { telemetry: { metrics } })
    const run = await outlast.ask('Hi', 'chat')
    await gate.reached
    const latest = await outlast.engine.latest(outlast.principal, 'chat')
    expect(latest?.message?.parts).toContainEqual(expect.objectContaining({ toolCallId: 'c1' }))
    gate.release()
    await outlast.settled(run)
    expect(await metrics.metrics()).toContain(
      'outlast_tool_call_duration_seconds_count{tool="look"} 1',
    )
  })
})

describe('the trace of a run', () => {
  beforeAll(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  })
  afterAll(() => {
    context.disable()
  })

  it('is one, over all processes that executed it', async () => {
    await using database = await createMigratedDatabase()
    const options = (tracer: ReturnType<typeof provider>['tracer']): Partial<OutlastOptions> => ({
      database: { url: database.url },
      leaseTtlMs: 1000,
      telemetry: { tracer },
    })
    const first = provider()
    const second = provider()
    const begun = createBarrier()
    const inputSchema = z.object({ at: z.string() })
    const hanging = idempotent(tool({ inputSchema, execute: () => begun.wait() }))
    const one = await testOutlast([talkative({ look: hanging })], options(first.tracer))
    const run = await one.ask(SECRET)
    await begun.reached
    // In good order, and in the middle of a tool: it is given back.
    await one.close(0)
    const own = second.tracer
    const looking = idempotent(
      tool({
        inputSchema,
        execute: async () => {
          own.startSpan('the span of a tool').end()
          return 'seen'
        },
      }),
    )
    const answer: ModelScript = () => [...textParts('Done'), finishPart()]
    const agent = defineAgent({
      name: 'talker',
      model: scriptedModel(answer),
      tools: { look: looking },
    })
    await using two = await testOutlast([agent], options(second.tracer))
    expect(await two.settled(run)).toMatchObject({ status: 'succeeded' })
    const spans = [...first.exporter.getFinishedSpans(), ...second.exporter.getFinishedSpans()]
    expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1)
    const names = spans.map(({ name }) => name)
    expect(names.filter((name) => name === 'invoke_agent talker')).toHaveLength(2)
    expect(names).toContain('begin run talker')
    expect(names).toContain('execute_tool look')
    const ends = spans
      .filter(({ name }) => name === 'invoke_agent talker')
      .map(({ attributes }) => attributes['outlast.run.end'])
    expect(ends.map(String).toSorted()).toEqual(['released', 'succeeded'])
    const inner = spans.find(({ name }) => name === 'the span of a tool')!
    const parent = spans.find(
      (span) => span.spanContext().spanId === inner.parentSpanContext?.spanId,
    )
    expect(parent?.name).toBe('execute_tool look')
    const chat = spans.findLast(({ name }) => name.startsWith('chat '))!
    expect(chat.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.response.finish_reasons': ['stop'],
    })
    expect(
      JSON.stringify(spans.map(({ attributes, events }) => ({ attributes, events }))),
    ).not.toContain(SECRET)
    begun.release()
  })

  it('costs nothing where nobody listens', async () => {
    const model = scriptedModel(() => [...textParts('Hi'), finishPart()])
    await using outlast = await testOutlast([defineAgent({ name: 'a', model })], {
      telemetry: { tracer: trace.getTracer('nobody') },
    })
    const run = await outlast.ask('Hi')
    expect(await outlast.settled(run)).toMatchObject({ status: 'succeeded' })
    const { traceParent } = await outlast.db
      .selectFrom('aiChatRuns')
      .select('traceParent')
      .executeTakeFirstOrThrow()
    expect(traceParent).toBeNull()
  })
})
