/** The file of MCP servers for the built-in agent, in the shape that other programs have it: `{ "mcpServers": { ... } }`. */
import { readFileSync } from 'node:fs'
import { ConfigError } from './domain/errors.ts'
import type { McpServer } from './agent/mcp/options.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * `${NAME}` in a text is the variable of that name, so that secrets stay out of the file.
 *
 * @throws ConfigError for a file that cannot be read, and for a variable that is not set
 */
export const mcpServersOf = (
  file: string | undefined,
  env: Environment,
): Readonly<Record<string, McpServer>> | undefined => {
  if (file === undefined) return undefined
  const { mcpServers } = parsed(file)
  if (typeof mcpServers !== 'object' || mcpServers === null) {
    throw new ConfigError(
      `${file}, which OUTLAST_MCP names, has no "mcpServers": write { "mcpServers": { "docs": { "url": "https://..." } } }.`,
    )
  }
  // What is in it is checked where the servers are made.
  return expanded(mcpServers, file, env) as Readonly<Record<string, McpServer>>
}

const parsed = (file: string): { readonly mcpServers?: unknown } => {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) ?? {}) as { mcpServers?: unknown }
  } catch (cause) {
    // The parser's message would show what stands near the mistake.
    const reason = cause instanceof SyntaxError ? 'is no JSON' : 'cannot be read'
    throw new ConfigError(`OUTLAST_MCP names ${file}, and that ${reason}.`, { cause })
  }
}

const expanded = (value: unknown, file: string, env: Environment): unknown => {
  if (typeof value === 'string') {
    return value.replaceAll(/\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)\}/g, (_whole, name: string) => {
      const text = env[name]
      if (text === undefined) {
        throw new ConfigError(`${file} names the variable ${name}, which is not set.`)
      }
      return text
    })
  }
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((one) => expanded(one, file, env))
  const entries = Object.entries(value).map(([key, one]) => [key, expanded(one, file, env)])
  return Object.fromEntries(entries) as unknown
}
