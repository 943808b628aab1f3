/** Observations as log records: ids, counts and codes. What was said, keys and tokens never get here. */
import type { Observation, Observer } from './observation.ts'

type Fields = Readonly<Record<string, unknown>>

/** What is needed of a logger; pino's has it. */
export type Log = {
  debug(fields: Fields, message: string): void
  info(fields: Fields, message: string): void
  warn(fields: Fields, message: string): void
  error(fields: Fields, message: string): void
}

export const logObserver =
  (log: Log): Observer =>
  (observation) => {
    const { level, message, fields = {} } = recordOf(observation)
    log[level]({ ...observation.ref, ...fields }, message)
  }

type Level = 'debug' | 'info' | 'warn'

const recordOf = (observation: Observation): { level: Level; message: string; fields?: Fields } => {
  switch (observation.kind) {
    case 'begun':
      return { level: 'info', message: 'run begun', fields: { trigger: observation.run.trigger } }
    case 'claimed':
      return observation.takenOver
        ? { level: 'warn', message: 'run taken over' }
        : { level: 'debug', message: 'run claimed' }
    case 'stop-requested':
      return { level: 'info', message: 'stop requested' }
    case 'step':
      return { level: 'debug', message: 'step journaled', fields: stepFields(observation) }
    case 'first-chunk':
      return {
        level: 'debug',
        message: 'model began to answer',
        fields: { model: observation.model.modelId, ms: Math.round(observation.ms) },
      }
    case 'model-failure':
      return {
        level: 'warn',
        message: 'model call failed',
        fields: { model: observation.model.modelId, code: observation.code },
      }
    case 'tool-call': {
      const { tool, status, ms } = observation
      return {
        level: status === 'unknown' ? 'warn' : 'debug',
        message: 'tool call ended',
        fields: { tool, status, ...(ms === undefined ? {} : { ms: Math.round(ms) }) },
      }
    }
    case 'settled': {
      const { run, ms } = observation
      const { status, errorCode: code, stepCount: steps } = run
      return {
        level: status === 'failed' ? 'warn' : 'info',
        message: 'run settled',
        fields: { status, ...(code === null ? {} : { code }), steps, ms },
      }
    }
    case 'released':
      return { level: 'info', message: 'run given back' }
    case 'lost':
      return { level: 'warn', message: 'run lost to another process' }
    default:
      return observation satisfies never
  }
}

const stepFields = ({ stepIndex, info }: Extract<Observation, { kind: 'step' }>): Fields => ({
  step: stepIndex,
  finishReason: info?.finishReason,
  model: info?.modelId,
  inputTokens: info?.usage?.inputTokens,
  outputTokens: info?.usage?.outputTokens,
})
