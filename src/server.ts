/** The server that `npm start` runs: for everybody on this machine, or for callers who prove who they are. */
import { pathToFileURL } from 'node:url'
import { Hono } from 'hono'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { isAgentDefinition, defineAgent, type AgentDefinition } from './agent/define-agent.ts'
import { createDemoTools } from './agent/demo/tools.ts'
import { resolveModel } from './agent/providers/resolve-model.ts'
import type { McpServers } from './agent/mcp/mcp-servers.ts'
import type { Config } from './config.ts'
import type { IdentityConfig } from './config-identity.ts'
import { serveControl } from './control.ts'
import { LOCAL_USER } from './control-address.ts'
import { ConfigError } from './domain/errors.ts'
import type { EngineEvents } from './engine/ports.ts'
import { createOutlastApp } from './handler.ts'
import type { Guard } from './http/app.ts'
import { developmentGuard } from './http/development-guard.ts'
import { firstOf } from './http/identity/first-of.ts'
import { jwtIdentity } from './http/identity/jwt-identity.ts'
import { tokenIdentity } from './http/identity/token-identity.ts'
import { serveHttp } from './http/serve.ts'
import { mcpServers } from './mcp.ts'
import { createOutlast, type Outlast } from './outlast.ts'
import type { Log } from './telemetry/log.ts'
import { requestMetrics } from './telemetry/request-metrics.ts'

export type RunningServer = {
  readonly url: string
  /** What new runs are answered by: `demo` or `<provider>/<model id>`. */
  readonly model: string
  /** Where its metrics are, when it has any. */
  readonly metricsUrl: string | undefined
  /** Ends requests and runs in good order. */
  close(): Promise<void>
}

const LOCAL_NAMES = { workspace: LOCAL_USER.workspaceName, user: LOCAL_USER.userName }

const INSTRUCTIONS =
  'You are a helpful assistant. You can look into the files of one folder, fetch public web pages, calculate and wait. ' +
  'Use your tools where they help, and say so when one of them fails.'

export type ServerTelemetry = {
  readonly log: Log
  readonly onError: EngineEvents['error']
}

export const startServer = async (
  config: Config,
  { log, onError }: ServerTelemetry,
): Promise<RunningServer> => {
  const mcp = await loadMcpServers(config, onError)
  const agents = await loadAgents(config, mcp)
  const registry = config.telemetry.metrics ? createRegistry() : undefined
  const { databaseUrl: url, databaseDirectUrl: directUrl, dataDir } = config
  const outlast = await createOutlast({
    database: url === undefined ? { dataDir } : { url, directUrl },
    redis: config.redis,
    agents,
    leaseTtlMs: config.leaseMs,
    telemetry: { log, ...(registry ? { metrics: registry } : {}) },
    limits: config.limits,
    onError,
  })
  const opened: Closable[] = []
  const close = async (graceMs?: number) => {
    await Promise.all([outlast, ...opened].map((one) => one.close(graceMs)))
    await closeMcpServers(agents)
  }
  try {
    // Its settings can be changed before anybody has asked anything.
    if (!config.identity) await outlast.principals.ensure(LOCAL_USER, LOCAL_NAMES)
    const model = nameOf(agents[0]!)
    let port = config.port
    const app = createOutlastApp(outlast, {
      ...(config.identity
        ? identified(outlast, config, config.identity)
        : onThisMachine((...request) => developmentGuard(port)(...request))),
      page: true,
      health: { model },
      onRequest: registry && requestMetrics(registry, () => performance.now()),
    })
    const { host } = config
    const trouble = (error: Error) => onError(error, { during: 'accepting connections' })
    const http = await serveHttp({ app, host, port, onError: trouble })
    opened.push(http)
    port = http.port
    if (url === undefined) opened.push((await serveControl(outlast, dataDir)) ?? NOTHING)
    const metrics = registry && (await serveMetrics(registry, config.telemetry.metrics!, trouble))
    opened.push(metrics ?? NOTHING)
    return {
      url: urlOf(host, port),
      model,
      metricsUrl: metrics && `${urlOf(config.telemetry.metrics!.host, metrics.port)}/metrics`,
      close: () => close(),
    }
  } catch (error) {
    await close(0)
    throw error
  }
}

type Closable = { close(graceMs?: number): Promise<void> }

const NOTHING: Closable = { close: async () => undefined }

/** What a process always says of itself is counted too: its memory, its event loop. */
const createRegistry = (): Registry => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return registry
}

/** On a port of its own: whoever may look at the metrics need not get near the API. */
const serveMetrics = (
  registry: Registry,
  { host, port }: { readonly host: string; readonly port: number },
  onError: (error: Error) => void,
) => {
  const app = new Hono().get('/metrics', async (c) =>
    c.body(await registry.metrics(), 200, { 'content-type': registry.contentType }),
  )
  return serveHttp({ app: { fetch: (request) => app.fetch(request) }, host, port, onError })
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

const urlOf = (host: string, port: number): string => {
  const name = host === '127.0.0.1' ? 'localhost' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

const nameOf = ({ model }: AgentDefinition): string =>
  model.modelId === 'demo' ? 'demo' : `${model.provider}/${model.modelId}`

const loadMcpServers = async (
  { mcpServers: servers, agentFile }: Config,
  onError: EngineEvents['error'],
): Promise<McpServers | undefined> => {
  if (!servers) return undefined
  if (agentFile !== undefined) {
    throw new ConfigError(
      'OUTLAST_MCP is for the built-in agent, and there is an agent file: use mcpServers({ ... }) in it, or leave one of them out.',
    )
  }
  const options = { servers, onError: (error: Error) => onError(error, { during: 'using MCP' }) }
  return mcpServers(options)
}

/** Those of an agent file have nobody else who closes them. */
const closeMcpServers = async (agents: readonly AgentDefinition[]): Promise<void> => {
  await Promise.all(agents.flatMap(({ mcp }) => mcp?.close() ?? []))
}

const loadAgents = async (
  config: Config,
  mcp: McpServers | undefined,
): Promise<readonly AgentDefinition[]> => {
  if (config.agentFile !== undefined) return agentsOf(config.agentFile)
  const { filesRoot: root, dataDir, fetchAllowedHosts } = config
  const tools = createDemoTools({ root, exclude: [dataDir], allowHosts: fetchAllowedHosts })
  return [
    defineAgent({
      name: 'assistant',
      ...(await resolveModel(config)),
      instructions: INSTRUCTIONS,
      tools,
      mcp,
    }),
  ]
}

/** The default export of the agent file: one definition or a list. */
const agentsOf = async (file: string): Promise<readonly AgentDefinition[]> => {
  const exported = ((await import(pathToFileURL(file).href)) as { default?: unknown }).default
  const agents = Array.isArray(exported) ? (exported as readonly unknown[]) : [exported]
  if (agents.length > 0 && agents.every(isAgentDefinition)) return agents
  throw new ConfigError(
    `${file} has to have a default export made by defineAgent({ ... }), or a list of them.`,
  )
}
