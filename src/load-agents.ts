/** The agents of a process: those of its agent file, or the built-in one. */
import { pathToFileURL } from 'node:url'
import { isAgentDefinition, defineAgent, type AgentDefinition } from './agent/define-agent.ts'
import { createDemoTools } from './agent/demo/tools.ts'
import type { McpServers } from './agent/mcp/mcp-servers.ts'
import { resolveModel } from './agent/providers/resolve-model.ts'
import type { Config } from './config.ts'
import { ConfigError } from './domain/errors.ts'
import type { EngineEvents } from './engine/ports.ts'
import { mcpServers } from './mcp.ts'

const INSTRUCTIONS =
  'You are a helpful assistant. You can look into the files of one folder, fetch public web pages, calculate and wait. ' +
  'Use your tools where they help, and say so when one of them fails.'

export const loadAgents = async (
  config: Config,
  onError: EngineEvents['error'],
): Promise<readonly AgentDefinition[]> => {
  const mcp = await loadMcpServers(config, onError)
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

/** Those of an agent file have nobody else who closes them. */
export const closeMcpServers = async (agents: readonly AgentDefinition[]): Promise<void> => {
  await Promise.all(agents.flatMap(({ mcp }) => mcp?.close() ?? []))
}

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

/** The default export of the agent file: one definition or a list. */
const agentsOf = async (file: string): Promise<readonly AgentDefinition[]> => {
  const exported = ((await import(pathToFileURL(file).href)) as { default?: unknown }).default
  const agents = Array.isArray(exported) ? (exported as readonly unknown[]) : [exported]
  if (agents.length > 0 && agents.every(isAgentDefinition)) return agents
  throw new ConfigError(
    `${file} has to have a default export made by defineAgent({ ... }), or a list of them.`,
  )
}
