/** MCP servers of a process: what the agents' layer does, with the little environment that programs get. */
import {
  createMcpServers,
  type McpServers,
  type McpServersOptions,
} from './agent/mcp/mcp-servers.ts'
import { programEnvironment } from './config.ts'

/**
 * The tools of MCP servers, for `defineAgent({ mcp })`. Servers are connected to when the first run needs them, and again
 * whenever a connection was lost; a run begins without the tools of a server that is down.
 *
 * @example
 * const mcp = await mcpServers({
 *   servers: { docs: { url: 'https://mcp.example.com/mcp' } },
 *   onError: (error) => console.error(error.message),
 * })
 * @throws ConfigError for a mistake in the options, or when @ai-sdk/mcp is not installed
 */
export const mcpServers = (options: McpServersOptions): Promise<McpServers> =>
  createMcpServers(options, programEnvironment())
