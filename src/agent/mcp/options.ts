/** What an operator says about MCP servers, checked: each mistake is a sentence that holds no value of the configuration. */
import { z } from 'zod'
import { ConfigError } from '../../domain/errors.ts'

type ServerOptions = {
  /** The only tools that are taken, by the server's own names; all unless set. */
  readonly tools?: readonly string[] | undefined
  /**
   * Believe what the server says of its tools: one that is `readOnlyHint` or `idempotentHint` is executed again when nobody
   * knows whether it ran.
   */
  readonly trustAnnotations?: boolean | undefined
  /** For one call; the agent's `timeout.toolMs` unless set. */
  readonly timeoutMs?: number | undefined
}

/** A server that is reached over HTTP ("Streamable HTTP"). */
export type McpHttpServer = ServerOptions & {
  readonly type?: 'http' | 'streamable-http' | undefined
  readonly url: string
  /** Sent with each request, and shown nowhere. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** A server that is a program on this machine. */
export type McpStdioServer = ServerOptions & {
  readonly type?: 'stdio' | undefined
  readonly command: string
  readonly args?: readonly string[] | undefined
  /** Beside PATH and HOME, all that the program gets. */
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly cwd?: string | undefined
  /** Where its errors go: nowhere unless set, since they may hold what people said. */
  readonly stderr?: 'ignore' | 'inherit' | undefined
}

export type McpServer = McpHttpServer | McpStdioServer

export const isHttpServer = (server: McpServer): server is McpHttpServer => 'url' in server

/** No underscore: the first one in a tool's name ends the name of its server. */
const SERVER_NAME = /^[A-Za-z][A-Za-z0-9-]{0,31}$/

/** Timers take no more. */
const MAX_MS = 2_147_483_647

const common = {
  tools: z.array(z.string().min(1)).readonly().optional(),
  trustAnnotations: z.boolean().optional(),
  timeoutMs: z.int().min(1).max(MAX_MS).optional(),
}

/** Those that the protocol sets itself. */
const OWN_HEADER =
  /^(accept|connection|content-length|content-type|host|transfer-encoding|mcp-.*)$/i

const headers = z
  .record(z.string(), z.string())
  .refine((given) => Object.keys(given).every((name) => !OWN_HEADER.test(name)), {
    error: 'names a header that the protocol sets itself',
  })
  .refine(canBeSent, { error: 'has a name or a value that no header can have' })

function canBeSent(given: Record<string, string>): boolean {
  try {
    return Boolean(new Headers(given))
  } catch {
    // Its message would show the value.
    return false
  }
}

const isAddress = (text: string): boolean => {
  const url = URL.parse(text)
  return url !== null && ['http:', 'https:'].includes(url.protocol) && url.hash === ''
}

const withoutCredentials = (text: string): boolean => {
  const { username, password } = URL.parse(text) ?? {}
  return !username && !password
}

const httpServer = z.strictObject({
  ...common,
  type: z.enum(['http', 'streamable-http']).optional(),
  url: z
    .string()
    .refine(isAddress, { error: 'is no http(s) address' })
    .refine(withoutCredentials, { error: 'holds a user name or a password: use headers' }),
  headers: headers.optional(),
})

const withoutNul = z.string().refine((text) => !text.includes('\0'), { error: 'holds a NUL' })

const stdioServer = z.strictObject({
  ...common,
  type: z.literal('stdio').optional(),
  command: withoutNul.min(1),
  args: z.array(withoutNul).readonly().optional(),
  env: z.record(withoutNul.min(1), withoutNul).optional(),
  cwd: withoutNul.min(1).optional(),
  stderr: z.enum(['ignore', 'inherit']).optional(),
})

/** @throws ConfigError */
export const checkedServers = (servers: unknown): ReadonlyMap<string, McpServer> => {
  if (typeof servers !== 'object' || servers === null || Array.isArray(servers)) {
    throw new ConfigError(
      'MCP servers are an object by name: { docs: { url: "https://..." }, files: { command: "..." } }.',
    )
  }
  return new Map(
    Object.entries(servers).map(([name, server]) => [name, checkedServer(name, server)]),
  )
}

const checkedServer = (name: string, server: unknown): McpServer => {
  if (!SERVER_NAME.test(name)) {
    throw new ConfigError(
      `The name of an MCP server is up to 32 letters, digits or "-", beginning with a letter; it is ${JSON.stringify(name.slice(0, 80))}.`,
    )
  }
  const refuse = (reason: string): never => {
    throw new ConfigError(`The MCP server "${name}": ${reason}.`)
  }
  if (typeof server !== 'object' || server === null) return refuse('is no object')
  if ('type' in server && server.type === 'sse') {
    return refuse('the transport "sse" was replaced by "http", which is the one that is supported')
  }
  if ('url' in server === 'command' in server) {
    return refuse('needs either a url or a command')
  }
  const parsed = ('url' in server ? httpServer : stdioServer).safeParse(server)
  if (parsed.success) return parsed.data
  const { path, message } = parsed.error.issues[0]!
  return refuse(`${[...path.map(String), message].join(' ').trim()}`)
}
