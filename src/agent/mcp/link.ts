/** One connection to an MCP server that is up: its client, and the tools that it has. */
import type * as AiSdkMcp from '@ai-sdk/mcp'
import type { ListToolsResult, MCPClient } from '@ai-sdk/mcp'
import { McpServerError } from '../../domain/errors.ts'
import { createHttpRequests } from './http-requests.ts'
import { isHttpServer, type McpServer } from './options.ts'
import { StdioTransport } from './stdio-transport.ts'

/** The package, which is installed only where it is used. */
export type McpPackage = typeof AiSdkMcp

export type ServerTool = ListToolsResult['tools'][number]

export type Link = AsyncDisposable & {
  readonly client: MCPClient
  tools: readonly ServerTool[]
  /** On the monotonic clock. */
  listedAt: number
  /** Whether its program has ended. */
  readonly hasEnded: () => boolean
}

export type LinkOptions = {
  readonly name: string
  readonly server: McpServer
  readonly environment: Readonly<Record<string, string>>
  readonly connectTimeoutMs: number
  /** Ends an attempt. */
  readonly signal: AbortSignal
}

/** @throws whatever the client or the network has */
export const openLink = async (sdk: McpPackage, options: LinkOptions): Promise<Link> => {
  const way = wayTo(sdk, options)
  let client: MCPClient | undefined
  const close = async () => {
    await client?.close()
    await way.close()
  }
  try {
    client = await sdk.createMCPClient({
      transport: way.transport,
      clientName: 'outlast',
      initializationOptions: { timeout: options.connectTimeoutMs, signal: options.signal },
      // Answers that came too late, and what failed requests say themselves.
      onUncaughtError: () => undefined,
    })
    return {
      client,
      tools: await listTools(client, options),
      listedAt: performance.now(),
      hasEnded: way.hasEnded,
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** How a server is reached. */
type Way = {
  readonly transport: Parameters<McpPackage['createMCPClient']>[0]['transport']
  readonly hasEnded: () => boolean
  close(): Promise<void>
}

const wayTo = (sdk: McpPackage, { name, server, environment }: LinkOptions): Way => {
  if (isHttpServer(server)) {
    const { url, headers } = server
    const { fetch, close } = createHttpRequests(name, url)
    const transport = { type: 'http' as const, url, fetch, ...(headers ? { headers } : {}) }
    return { transport, hasEnded: () => false, close }
  }
  const parse = (message: unknown) => sdk.validateJSONRPCMessage(message)
  const transport = new StdioTransport({ name, server, environment, parse })
  return { transport, hasEnded: () => transport.hasEnded, close: () => transport.close() }
}

const MAX_PAGES = 20

/** All pages; a list without end is none. */
export const listTools = async (
  client: MCPClient,
  { name, connectTimeoutMs: timeout, signal }: LinkOptions,
): Promise<readonly ServerTool[]> => {
  if (!client.initializeResult.capabilities.tools) return []
  const tools: ServerTool[] = []
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES; page++) {
    const params = cursor === undefined ? {} : { params: { cursor } }
    const found = await client.listTools({ ...params, options: { timeout, signal } })
    tools.push(...found.tools)
    cursor = found.nextCursor
    if (cursor === undefined) return tools
  }
  throw new McpServerError(`The MCP server "${name}" has a list of tools that does not end.`)
}
