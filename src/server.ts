/** The server that `npm start` runs: for everybody on this machine, or for callers who prove who they are. */
import { pathToFileURL } from 'node:url'
import { isAgentDefinition, defineAgent, type AgentDefinition } from './agent/define-agent.ts'
import { createDemoTools } from './agent/demo/tools.ts'
import { resolveModel } from './agent/providers/resolve-model.ts'
import type { Config } from './config.ts'
import type { IdentityConfig } from './config-identity.ts'
import { ConfigError } from './domain/errors.ts'
import type { EngineEvents } from './engine/ports.ts'
import { createOutlastApp } from './handler.ts'
import type { Guard } from './http/app.ts'
import { developmentGuard } from './http/development-guard.ts'
import { firstOf } from './http/identity/first-of.ts'
import type { Caller } from './http/identity/identity.ts'
import { jwtIdentity } from './http/identity/jwt-identity.ts'
import { tokenIdentity } from './http/identity/token-identity.ts'
import { serveHttp } from './http/serve.ts'
import { createOutlast, type Outlast } from './outlast.ts'

export type RunningServer = {
  readonly url: string
  /** What new runs are answered by: `demo` or `<provider>/<model id>`. */
  readonly model: string
  /** Ends requests and runs in good order. */
  close(): Promise<void>
}

/** Whoever uses the server of a laptop. */
const LOCAL_USER: Caller = {
  workspaceId: 'default',
  userId: 'local',
  workspaceName: 'Default',
  userName: 'Local user',
}

const INSTRUCTIONS =
  'You are a helpful assistant. You can look into the files of one folder, fetch public web pages, calculate and wait. ' +
  'Use your tools where they help, and say so when one of them fails.'

export const startServer = async (
  config: Config,
  onError: EngineEvents['error'],
): Promise<RunningServer> => {
  const agents = await loadAgents(config)
  const { databaseUrl: url, dataDir } = config
  const outlast = await createOutlast({
    database: url === undefined ? { dataDir } : { url },
    agents,
    leaseTtlMs: config.leaseMs,
    onError,
  })
  try {
    const model = nameOf(agents[0]!)
    let port = config.port
    const app = createOutlastApp(outlast, {
      ...(config.identity
        ? identified(outlast, config, config.identity)
        : onThisMachine((...request) => developmentGuard(port)(...request))),
      page: true,
      health: { model },
    })
    const http = await serveHttp({
      app,
      host: config.host,
      port: config.port,
      onError: (error) => onError(error, { during: 'accepting connections' }),
    })
    port = http.port
    return {
      url: `http://${config.host.includes(':') ? `[${config.host}]` : hostName(config.host)}:${port}`,
      model,
      async close() {
        const runs = outlast.close()
        await http.close()
        await runs
      },
    }
  } catch (error) {
    await outlast.close(0)
    throw error
  }
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

const hostName = (host: string): string => (host === '127.0.0.1' ? 'localhost' : host)

const nameOf = ({ model }: AgentDefinition): string =>
  model.modelId === 'demo' ? 'demo' : `${model.provider}/${model.modelId}`

const loadAgents = async (config: Config): Promise<readonly AgentDefinition[]> => {
  if (config.agentFile !== undefined) return agentsOf(config.agentFile)
  const { filesRoot: root, dataDir, fetchAllowedHosts } = config
  const tools = createDemoTools({ root, exclude: [dataDir], allowHosts: fetchAllowedHosts })
  return [
    defineAgent({
      name: 'assistant',
      ...(await resolveModel(config)),
      instructions: INSTRUCTIONS,
      tools,
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
