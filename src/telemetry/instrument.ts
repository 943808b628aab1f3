/** Where runs are logged, counted and traced: decorators of the engine's ports, and nothing inside the engine. */
import { trace, type Tracer } from '@opentelemetry/api'
import type { Registry } from 'prom-client'
import { logObserver, type Log } from './log.ts'
import { metricsObserver } from './metrics.ts'
import { observePorts, type ObservedPorts } from './observe-ports.ts'
import { Traces } from './traces.ts'

export type TelemetryOptions = {
  /** A pino logger, or one like it. Nothing is logged without one. */
  readonly log?: Log
  /** A registry of `prom-client`, for one Outlast only. Nothing is counted without one. */
  readonly metrics?: Registry
  /** The global tracer of the OpenTelemetry API unless set, which does nothing where no SDK is registered. */
  readonly tracer?: Tracer
}

export const instrument = <Ports extends ObservedPorts>(
  ports: Ports,
  { log, metrics, tracer = trace.getTracer('outlast') }: TelemetryOptions = {},
): Ports => {
  const traces = new Traces(tracer)
  const observers = [
    traces.observe,
    ...(log ? [logObserver(log)] : []),
    ...(metrics ? [metricsObserver(metrics)] : []),
  ]
  return observePorts(traces.trace(ports), (observation) => {
    for (const observe of observers) observe(observation)
  })
}
