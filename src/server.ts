/** The server that `npm start` runs: for everybody on this machine, or for callers who prove who they are. */
import type { Config } from './config.ts'
import type { IdentityConfig } from './config-identity.ts'
import { serveControl } from './control.ts'
import { LOCAL_USER } from './control-address.ts'
import { createOutlastApp } from './handler.ts'
import type { Guard } from './http/app.ts'
import { developmentGuard } from './http/development-guard.ts'
import { firstOf } from './http/identity/first-of.ts'
import { jwtIdentity } from './http/identity/jwt-identity.ts'
import { tokenIdentity } from './http/identity/token-identity.ts'
import { serveHttp } from './http/serve.ts'
import { openRole, urlOf, type RoleTelemetry } from './open-role.ts'
import type { Outlast } from './outlast.ts'
import { concurrencyOf } from './role.ts'
import { requestMetrics } from './telemetry/request-metrics.ts'

/** What a process says of itself when it has started. */
export type RunningRole = {
  /** What new runs are answered by: `demo` or `<provider>/<model id>`. */
  readonly model: string
  /** Runs that it executes at a time; undefined: without limit. */
  readonly concurrency: number | undefined
  /** Where its metrics are, when it has any. */
  readonly metricsUrl: string | undefined
  /** Ends requests and runs in good order. */
  close(): Promise<void>
}

export type RunningServer = RunningRole & { readonly url: string }

const LOCAL_NAMES = { workspace: LOCAL_USER.workspaceName, user: LOCAL_USER.userName }

export const startServer = async (
  config: Config,
  telemetry: RoleTelemetry,
): Promise<RunningServer> => {
  const concurrency = concurrencyOf('serve', config)
  const role = await openRole(config, concurrency, telemetry)
  const { outlast, model, registry, metricsUrl, opened, close } = role
  try {
    // Its settings can be changed before anybody has asked anything.
    if (!config.identity) await outlast.principals.ensure(LOCAL_USER, LOCAL_NAMES)
    let port = config.port
    const app = createOutlastApp(outlast, {
      ...(config.identity
        ? identified(outlast, config, config.identity)
        : onThisMachine((...request) => developmentGuard(port)(...request))),
      page: true,
      health: { model },
      onRequest: registry && requestMetrics(registry, () => performance.now()),
    })
    const { host, databaseUrl, dataDir } = config
    const onError = (error: Error) => outlast.report(error, { during: 'accepting connections' })
    const http = await serveHttp({ app, host, port, onError })
    opened.push(http)
    port = http.port
    const control = databaseUrl === undefined ? await serveControl(outlast, dataDir) : undefined
    if (control) opened.push(control)
    return { url: urlOf(host, port), model, concurrency, metricsUrl, close: () => close() }
  } catch (error) {
    await close(0)
    throw error
  }
}

/** Executes runs that servers have begun, and answers no requests but those of who looks after it. */
export const startWorker = async (
  config: Config,
  telemetry: RoleTelemetry,
): Promise<RunningRole> => {
  const concurrency = concurrencyOf('work', config)
  const { model, metricsUrl, close } = await openRole(config, concurrency, telemetry)
  return { model, concurrency, metricsUrl, close: () => close() }
}

/** Callers prove who they are, and may be anywhere. */
const identified = (
  outlast: Outlast,
  { corsOrigins, requestsPerMinute }: Config,
  { token, jwt }: IdentityConfig,
) => ({
  authenticate: firstOf(
    ...(token ? [tokenIdentity(outlast)] : []),
    ...(jwt ? [jwtIdentity(jwt)] : []),
  ),
  cors: corsOrigins.length > 0 ? { origins: corsOrigins } : undefined,
  limits: { requestsPerMinute },
})

/** Everybody is one user, as often as they like, and nobody comes from elsewhere. */
const onThisMachine = (guard: Guard) => ({
  authenticate: () => LOCAL_USER,
  guard,
  limits: { requestsPerMinute: 0 },
})
