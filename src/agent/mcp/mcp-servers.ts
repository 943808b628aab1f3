/** The tools of MCP servers for agents: asked for anew by each run, so that a server may be down, change, and come back. */
import type { OutlastTool, OutlastToolSet } from '../agent-options.ts'
import { ConfigError, McpServerError, type OutlastError } from '../../domain/errors.ts'
import { loadPackage } from '../providers/load-package.ts'
import { McpConnection } from './connection.ts'
import { checkedServers, type McpServer } from './options.ts'
import { absentTool, mcpTool } from './mcp-tool.ts'
import { modelToolName, serverOfTool } from './tool-name.ts'

export type McpServersOptions = {
  /** By name; a tool is called `<server>_<tool>`. */
  readonly servers: Readonly<Record<string, McpServer>>
  /** Hears of servers that are down and of tools that cannot be used; runs go on without them. */
  readonly onError: (error: OutlastError) => void
  /** For each attempt to connect, and to list tools; 10 seconds unless set. */
  readonly connectTimeoutMs?: number | undefined
  /** How old the list of a server's tools may be when a run begins; a minute unless set. */
  readonly refreshMs?: number | undefined
}

/** Connections of this process, shared by all agents that have them as `mcp`. */
export type McpServers = AsyncDisposable & {
  /** The tools of all servers that are up, and of those that were, as they last were. */
  tools(): Promise<OutlastToolSet>
  /** Whether such a name is for a tool of one of the servers, which may not have it. */
  owns(toolName: string): boolean
  /** Stands for a tool that is not there now, and says so when it is called. */
  absent(toolName: string): OutlastTool | undefined
  /** Ends connections and programs. */
  close(): Promise<void>
}

/** Providers take no more. */
const MAX_TOOLS = 128

/** @throws ConfigError for a mistake in the options, or when @ai-sdk/mcp is not installed */
export const createMcpServers = async (
  options: McpServersOptions,
  /** Of programs: PATH and HOME. */
  environment: Readonly<Record<string, string>>,
): Promise<McpServers> => {
  const { onError, connectTimeoutMs = 10_000, refreshMs = 60_000 } = options
  if (typeof onError !== 'function') {
    throw new ConfigError(
      'MCP servers need onError: a function that hears of servers that are down.',
    )
  }
  const servers = checkedServers(options.servers)
  const sdk = await loadPackage('@ai-sdk/mcp', () => import('@ai-sdk/mcp'), 'An MCP server')
  const sources = [...servers].map(([name, server]) => {
    const connection = new McpConnection(sdk, {
      ...{ name, server, environment, connectTimeoutMs, refreshMs, onError },
    })
    return new Source(name, server, connection, onError)
  })
  const close = async () => void (await Promise.all(sources.map((source) => source.close())))
  const sourceOf = (toolName: string) => sources.find(({ name }) => name === serverOfTool(toolName))
  return {
    tools: async () => Object.assign({}, ...(await Promise.all(sources.map((one) => one.tools())))),
    owns: (toolName) => sourceOf(toolName) !== undefined,
    absent: (toolName) => sourceOf(toolName)?.absent(toolName),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** One server as a source of tools. */
class Source {
  readonly name: string
  readonly #server: McpServer
  readonly #connection: McpConnection
  readonly #onError: McpServersOptions['onError']
  #said = ''

  constructor(
    name: string,
    server: McpServer,
    connection: McpConnection,
    onError: McpServersOptions['onError'],
  ) {
    this.name = name
    this.#server = server
    this.#connection = connection
    this.#onError = onError
  }

  async tools(): Promise<OutlastToolSet> {
    const listed = await this.#connection.tools()
    if (!listed) return {}
    const wanted = this.#server.tools
    const allowed = listed.filter(({ name }) => wanted?.includes(name) ?? true)
    const missing = (wanted ?? []).filter((name) => !listed.some((tool) => tool.name === name))
    const tools: OutlastToolSet = {}
    let left = 0
    for (const definition of allowed) {
      const name = modelToolName(this.name, definition.name)
      const tool = mcpTool(definition, { name, server: this.#server, connection: this.#connection })
      const isRoom = Object.keys(tools).length < MAX_TOOLS && !Object.hasOwn(tools, name)
      if (tool && isRoom) tools[name] = tool
      else left++
    }
    this.#report(missing, left)
    return tools
  }

  absent(toolName: string): OutlastTool {
    return absentTool(async () => {
      const tools = await this.tools()
      return Object.hasOwn(tools, toolName) ? tools[toolName] : undefined
    }, toolName)
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  /** Once for each change: every run asks. */
  #report(missing: readonly string[], left: number): void {
    const sentences = [
      missing.length > 0 ? `has no ${missing.map((name) => `"${name}"`).join(', ')}` : [],
      left > 0
        ? `has ${left} tools that are left out: more than ${MAX_TOOLS}, the same twice, or with a schema that models do not take`
        : [],
    ].flat()
    const said = sentences.join(', and ')
    if (said === this.#said) return
    this.#said = said
    if (said) this.#onError(new McpServerError(`The MCP server "${this.name}" ${said}.`))
  }
}
