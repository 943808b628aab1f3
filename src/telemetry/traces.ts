/**
 * Runs as OpenTelemetry traces by the GenAI conventions: one trace a run, however many processes execute it.
 *
 * The run's row carries the W3C `traceparent` of its beginning. Spans have ids, models, counts and codes, never content.
 */
import {
  context,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type Span,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api'
import type { RunRecord } from '../domain/run.ts'
import type {
  Agent,
  Agents,
  BeginResult,
  ModelPart,
  NewTurn,
  PreparedStep,
  RunStore,
  ToolInvocation,
  ToolUpdate,
} from '../engine/ports.ts'
import { refOf, type Observer, type RunRef } from './observation.ts'
import { endedWith, inContext } from './traced-iterable.ts'

export type TracedPorts = { readonly store: RunStore; readonly agents: Agents }

type Execution = { readonly span: Span; readonly context: Context }

/** Watches runs as an observer, and traces what begins and acts at the ports. */
export class Traces {
  readonly #tracer: Tracer
  /** Runs in the hands of this process. */
  readonly #executions = new Map<string, Execution>()

  constructor(tracer: Tracer) {
    this.#tracer = tracer
  }

  readonly observe: Observer = (observation) => {
    switch (observation.kind) {
      case 'claimed':
        return this.#claimed(observation.run)
      case 'settled':
        return this.#end(observation.ref, observation.run.status, observation.run.errorCode)
      case 'released':
      case 'lost':
        return this.#end(observation.ref, observation.kind, null)
      default:
    }
  }

  trace<Ports extends TracedPorts>(ports: Ports): Ports {
    const { store, agents } = ports
    return {
      ...ports,
      store: { ...store, begin: (turn) => this.#begin(store, turn) },
      agents: {
        ...agents,
        resolve: async (source) => {
          const agent = await agents.resolve(source)
          return agent && this.#agent(agent, source.run)
        },
      },
    }
  }

  async #begin(store: RunStore, turn: NewTurn): Promise<BeginResult> {
    const options = { kind: SpanKind.PRODUCER, attributes: { 'gen_ai.agent.name': turn.agent } }
    const span = this.#tracer.startSpan(`begin run ${turn.agent}`, options)
    try {
      const traceParent = traceParentOf(span.spanContext())
      const begun = await store.begin({ ...turn, ...traceParent })
      span.setAttributes({ ...runAttributes(begun.run), 'outlast.begin': begun.kind })
      return begun
    } catch (thrown) {
      fail(span, thrown)
      throw thrown
    } finally {
      span.end()
    }
  }

  #claimed(run: RunRecord): void {
    const parent = contextOf(run.traceParent)
    const name = `invoke_agent ${run.agent ?? ''}`.trimEnd()
    const attributes = {
      ...runAttributes(run),
      'gen_ai.operation.name': 'invoke_agent',
      'outlast.run.epoch': run.leaseEpoch,
      'outlast.run.attempt': run.attempt,
    }
    const span = this.#tracer.startSpan(name, { kind: SpanKind.INTERNAL, attributes }, parent)
    const inside = trace.setSpan(parent, span)
    this.#executions.set(keyOf(refOf(run)), { span, context: inside })
  }

  #end(ref: RunRef, end: string, errorCode: string | null): void {
    const span = this.#executions.get(keyOf(ref))?.span
    this.#executions.delete(keyOf(ref))
    span?.setAttribute('outlast.run.end', end)
    if (span && errorCode !== null) fail(span, errorCode)
    span?.end()
  }

  #agent(agent: Agent, run: RunRecord): Agent {
    const execution = this.#executions.get(keyOf(refOf(run)))
    if (!execution?.span.isRecording()) return agent
    const { context: within } = execution
    return {
      ...agent,
      prepareStep: async (context) => {
        const step = await agent.prepareStep(context)
        return { ...step, call: (...args) => this.#callModel(agent, step, within, args) }
      },
      runTool: (invocation) => this.#runTool(agent, invocation, within),
    }
  }

  #callModel(
    agent: Agent,
    step: PreparedStep,
    within: Context,
    args: Parameters<PreparedStep['call']>,
  ): AsyncIterable<ModelPart> {
    const { provider, modelId } = step.request
    const attributes = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': provider.split('.')[0] ?? provider,
      'gen_ai.request.model': modelId,
      'gen_ai.agent.name': agent.name,
    }
    const options = { kind: SpanKind.CLIENT, attributes }
    const span = this.#tracer.startSpan(`chat ${modelId}`, options, within)
    const inside = trace.setSpan(within, span)
    const call = () => step.call(...args)
    return endedWith(inContext(call, inside), span, (part) => {
      span.setAttributes(modelAttributes(part))
      if (part.type === 'error') fail(span, step.describeFailure(part.error).code)
    })
  }

  #runTool(agent: Agent, invocation: ToolInvocation, within: Context): AsyncIterable<ToolUpdate> {
    const attributes = {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': invocation.toolName,
      'gen_ai.tool.call.id': invocation.toolCallId,
      'gen_ai.tool.type': 'function',
    }
    const name = `execute_tool ${invocation.toolName}`
    const span = this.#tracer.startSpan(name, { kind: SpanKind.INTERNAL, attributes }, within)
    const inside = trace.setSpan(within, span)
    return endedWith(
      inContext(() => agent.runTool(invocation), inside),
      span,
      () => undefined,
    )
  }
}

const keyOf = ({ run, epoch = 0 }: RunRef): string => `${run} ${epoch}`

const runAttributes = (run: RunRecord): Attributes => ({
  'outlast.run.id': run.id,
  'gen_ai.conversation.id': run.chatId,
  ...(run.agent === null ? {} : { 'gen_ai.agent.name': run.agent }),
})

const modelAttributes = (part: ModelPart): Attributes => {
  if (part.type === 'model-call-response-metadata')
    return {
      ...(part.id === undefined ? {} : { 'gen_ai.response.id': part.id }),
      ...(part.modelId === undefined ? {} : { 'gen_ai.response.model': part.modelId }),
    }
  if (part.type !== 'model-call-end') return {}
  const { inputTokens, outputTokens } = part.usage
  return {
    'gen_ai.response.finish_reasons': [part.finishReason],
    ...(inputTokens === undefined ? {} : { 'gen_ai.usage.input_tokens': inputTokens }),
    ...(outputTokens === undefined ? {} : { 'gen_ai.usage.output_tokens': outputTokens }),
  }
}

/** @param what - a code, or something thrown, of which only the name is told */
const fail = (span: Span, what: unknown): void => {
  const type = typeof what === 'string' ? what : what instanceof Error ? what.name : typeof what
  span.setAttribute('error.type', type)
  span.setStatus({ code: SpanStatusCode.ERROR })
}

/** https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACE_PARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

const traceParentOf = ({ traceId, spanId, traceFlags }: SpanContext) =>
  trace.isSpanContextValid({ traceId, spanId, traceFlags })
    ? { traceParent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}` }
    : {}

const contextOf = (traceParent: string | null): Context => {
  const [, traceId, spanId, flags] = TRACE_PARENT.exec(traceParent ?? '') ?? []
  if (!traceId || !spanId || !flags) return context.active()
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED
  return trace.setSpanContext(context.active(), { traceId, spanId, traceFlags, isRemote: true })
}
