/** What processes of every role have: agents, the runs in the database, and a port for who looks after them. */
import { setTimeout } from 'node:timers/promises'
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { AgentDefinition } from './agent/define-agent.ts'
import type { Config } from './config.ts'
import { coerceError, isRetryable } from './domain/errors.ts'
import type { EngineEvents } from './engine/ports.ts'
import { createOperatorApp } from './http/operator-app.ts'
import { serveHttp } from './http/serve.ts'
import { closeMcpServers, loadAgents } from './load-agents.ts'
import { createOutlast, type Outlast } from './outlast.ts'
import type { Log } from './telemetry/log.ts'

export type RoleTelemetry = {
  readonly log: Log
  readonly onError: EngineEvents['error']
}

export type Closable = { close(graceMs?: number): Promise<void> }

export type OpenedRole = {
  readonly outlast: Outlast
  /** What new runs are answered by: `demo` or `<provider>/<model id>`. */
  readonly model: string
  readonly registry: Registry | undefined
  /** Where its metrics and checks are, when it has any. */
  readonly metricsUrl: string | undefined
  /** Ends in good order, what is added here at the same time. */
  readonly opened: Closable[]
  close(graceMs?: number): Promise<void>
}

/** @param concurrency - runs that it executes at a time; undefined: without limit */
export const openRole = async (
  config: Config,
  concurrency: number | undefined,
  { log, onError }: RoleTelemetry,
): Promise<OpenedRole> => {
  const agents = await loadAgents(config, onError)
  const { metrics } = config.telemetry
  const registry = metrics ? createRegistry() : undefined
  const { databaseUrl: url, databaseDirectUrl: directUrl, dataDir, redis } = config
  const open = () =>
    createOutlast({
      database: url === undefined ? { dataDir } : { url, directUrl },
      redis,
      agents,
      ...(concurrency === undefined ? {} : { concurrency }),
      leaseTtlMs: config.leaseMs,
      telemetry: { log, ...(registry ? { metrics: registry } : {}) },
      limits: config.limits,
      onError,
    })
  const outlast = await untilReached(open, (error) =>
    onError(error, { during: 'opening the database, which is tried again' }),
  )
  const opened: Closable[] = [outlast]
  const close = async (graceMs?: number) => {
    await Promise.all(opened.map((one) => one.close(graceMs)))
    await closeMcpServers(agents)
  }
  try {
    const model = nameOf(agents[0]!)
    if (!registry || !metrics)
      return { outlast, model, registry, metricsUrl: undefined, opened, close }
    const served = await serveHttp({
      app: createOperatorApp({
        health: { model },
        readiness: outlast.readiness,
        redis: outlast.redis,
        metrics: () => registry.metrics(),
        metricsType: registry.contentType,
      }),
      ...metrics,
      settings: METRICS_SETTINGS,
      onError: (error) => onError(error, { during: 'accepting connections' }),
    })
    opened.push(served)
    const metricsUrl = `${urlOf(metrics.host, served.port)}/metrics`
    return { outlast, model, registry, metricsUrl, opened, close }
  } catch (error) {
    await close(0)
    throw error
  }
}

const METRICS_SETTINGS = { host: 'OUTLAST_METRICS_HOST', port: 'OUTLAST_METRICS_PORT' }

/** Whatever is started first: a database that cannot be reached is waited for, one that refuses is not. */
const untilReached = async <T>(
  open: () => Promise<T>,
  onError: (error: Error) => void,
): Promise<T> => {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      return await open()
    } catch (thrown) {
      if (!isRetryable(thrown)) throw thrown
      onError(coerceError(thrown))
    }
    await setTimeout(pause)
  }
}

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000

/** What a process always says of itself is counted too: its memory, its event loop. */
const createRegistry = (): Registry => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return registry
}

export const urlOf = (host: string, port: number): string => {
  const name = host === '127.0.0.1' ? 'localhost' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

const nameOf = ({ model }: AgentDefinition): string =>
  model.modelId === 'demo' ? 'demo' : `${model.provider}/${model.modelId}`
