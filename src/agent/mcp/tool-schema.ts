/** The input schema of an MCP tool in a form that no provider refuses; the server checks inputs itself. */
import type { JSONSchema7 } from '@ai-sdk/provider'

/** A longer one is a server's mistake, and would be paid for with each request. */
const MAX_CHARS = 50_000

/** What providers refuse at the top of a schema, where they want an object with properties. */
const NOT_AT_TOP = new Set(
  ['$schema', '$id', 'anyOf', 'oneOf', 'allOf', 'not', 'enum', 'const'].concat([
    'if',
    'then',
    'else',
    'default',
    'x-mcp-header',
  ]),
)

/** @returns undefined when no model could be given it */
export const modelSchema = (schema: Readonly<Record<string, unknown>>): JSONSchema7 | undefined => {
  const { type = 'object', properties = {} } = schema
  if (type !== 'object' || JSON.stringify(schema).length > MAX_CHARS) return undefined
  const kept = Object.entries(schema).filter(([key]) => !NOT_AT_TOP.has(key))
  return {
    additionalProperties: false,
    ...Object.fromEntries(kept),
    type,
    properties: properties as {},
  }
}
