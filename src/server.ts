/** The server that `npm start` runs: one process, one workspace, one user, on this machine only. */
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isAgentDefinition, defineAgent, type AgentDefinition } from './agent/define-agent.ts'
import { createDemoTools } from './agent/demo/tools.ts'
import { resolveModel } from './agent/providers/resolve-model.ts'
import type { Config } from './config.ts'
import { coerceError, ConfigError } from './domain/errors.ts'
import type { Principal } from './domain/run.ts'
import type { EngineEvents } from './engine/ports.ts'
import { createHttpApp } from './http/app.ts'
import { developmentIdentity } from './http/development-identity.ts'
import { serveHttp } from './http/serve.ts'
import { createOutlast } from './outlast.ts'

export type RunningServer = {
  readonly url: string
  /** What new runs are answered by: `demo` or `<provider>/<model id>`. */
  readonly model: string
  /** Ends requests and runs in good order. */
  close(): Promise<void>
}

/** Whoever uses the server of a laptop; real identities come with the ways to prove them. */
const PRINCIPAL: Principal = { workspaceId: 'default', userId: 'local' }

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
    await outlast.principals.ensure(PRINCIPAL, { workspace: 'Default', user: 'Local user' })
    const model = nameOf(agents[0]!)
    let port = config.port
    const app = createHttpApp({
      engine: outlast.engine,
      authenticate: (request, remote) =>
        developmentIdentity({ port, principal: PRINCIPAL })(request, remote),
      page: fileURLToPath(new URL('../web/dist/', import.meta.url)),
      health: { model },
      onError: (error) => onError(coerceError(error), { during: 'answering a request' }),
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
