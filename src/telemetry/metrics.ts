/** Observations as Prometheus metrics. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Usage } from '../domain/step.ts'
import type { Observation, Observer } from './observation.ts'

const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600]
const WAITS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Registers the metrics of runs; a registry takes them once. */
export const metricsObserver = (registry: Registry): Observer => {
  const metrics = runMetrics(registry)
  return (observation) => count(metrics, observation)
}

type Metrics = ReturnType<typeof runMetrics>

const runMetrics = (registry: Registry) => {
  const registers = [registry]
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: `outlast_${name}`, help, labelNames, registers })
  const histogram = (name: string, help: string, buckets: number[], labelNames: string[] = []) =>
    new Histogram({ name: `outlast_${name}`, help, buckets, labelNames, registers })
  const model = ['provider', 'model']
  return {
    begun: counter('runs_begun_total', 'Runs that began here.', ['agent', 'trigger']),
    settled: counter('runs_settled_total', 'Runs that this process settled.', [
      'agent',
      'status',
      'code',
    ]),
    duration: histogram('run_duration_seconds', 'From begin to settle.', SECONDS, ['status']),
    waited: histogram('run_wait_seconds', 'From begin to the first claim.', WAITS),
    executing: new Gauge({
      name: 'outlast_runs_executing',
      help: 'Runs in the hands of this process.',
      registers,
    }),
    takenOver: counter('runs_taken_over_total', 'Runs taken from processes that were lost.'),
    lost: counter('runs_lost_total', 'Runs that another process took from this one.'),
    stops: counter('stops_requested_total', 'Stops of active runs.'),
    steps: counter('model_calls_total', 'Model calls that were journaled.', [
      ...model,
      'finish_reason',
    ]),
    stepDuration: histogram('model_call_duration_seconds', 'Of journaled calls.', SECONDS, model),
    firstChunk: histogram('model_first_chunk_seconds', 'Until the first chunk.', WAITS, model),
    failures: counter('model_failures_total', 'Model calls that broke.', [...model, 'code']),
    tokens: counter('tokens_total', 'Tokens of journaled calls; cached and reasoning are parts.', [
      ...model,
      'type',
    ]),
    toolCalls: counter('tool_calls_total', 'Tool calls that ended.', ['tool', 'status']),
    toolDuration: histogram('tool_call_duration_seconds', 'Of tool calls.', SECONDS, ['tool']),
  }
}

const count = (metrics: Metrics, observation: Observation): void => {
  const agent = observation.ref.agent ?? 'none'
  switch (observation.kind) {
    case 'begun':
      return metrics.begun.inc({ agent, trigger: observation.run.trigger })
    case 'claimed':
      metrics.executing.inc()
      if (observation.takenOver) metrics.takenOver.inc()
      if (observation.waitedMs !== undefined) metrics.waited.observe(observation.waitedMs / 1000)
      return
    case 'stop-requested':
      return metrics.stops.inc()
    case 'step':
      return countStep(metrics, observation)
    case 'first-chunk':
      return metrics.firstChunk.observe(labelsOf(observation.model), observation.ms / 1000)
    case 'model-failure':
      return metrics.failures.inc({ ...labelsOf(observation.model), code: observation.code })
    case 'tool-call':
      metrics.toolCalls.inc({ tool: observation.tool, status: observation.status })
      if (observation.ms !== undefined)
        metrics.toolDuration.observe({ tool: observation.tool }, observation.ms / 1000)
      return
    case 'settled': {
      const { status, errorCode } = observation.run
      if (observation.held) metrics.executing.dec()
      metrics.settled.inc({ agent, status, code: errorCode ?? 'none' })
      return metrics.duration.observe({ status }, observation.ms / 1000)
    }
    case 'released':
      return metrics.executing.dec()
    case 'lost':
      metrics.executing.dec()
      return metrics.lost.inc()
    default:
      return observation satisfies never
  }
}

const countStep = (metrics: Metrics, { info }: Extract<Observation, { kind: 'step' }>): void => {
  if (!info) return
  const model = labelsOf({ provider: info.provider ?? 'none', modelId: info.modelId ?? 'none' })
  metrics.steps.inc({ ...model, finish_reason: info.finishReason })
  if (info.startedAt && info.finishedAt)
    metrics.stepDuration.observe(model, (+info.finishedAt - +info.startedAt) / 1000)
  for (const [type, tokens] of tokensOf(info.usage))
    if (tokens !== undefined && tokens > 0) metrics.tokens.inc({ ...model, type }, tokens)
}

const labelsOf = ({ provider, modelId }: { provider: string; modelId: string }) => ({
  provider,
  model: modelId,
})

const tokensOf = (usage: Usage | undefined) =>
  [
    ['input', usage?.inputTokens],
    ['output', usage?.outputTokens],
    ['cached', usage?.cachedInputTokens],
    ['reasoning', usage?.reasoningTokens],
  ] as const
