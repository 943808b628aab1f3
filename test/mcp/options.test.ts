import { describe, expect, it } from 'vitest'
import { checkedServers } from '../../src/agent/mcp/options.ts'
import { modelToolName, serverOfTool } from '../../src/agent/mcp/tool-name.ts'
import { modelSchema } from '../../src/agent/mcp/tool-schema.ts'
import {
  defineAgent,
  type AgentOptions,
  type OutlastToolSet,
} from '../../src/agent/define-agent.ts'
import { scriptedModel } from '../support/scripted-model.ts'
import { connect } from './support.ts'

describe('the configuration of servers', () => {
  it.each<[object, string]>([
    [[], 'MCP servers are an object by name'],
    [{ a_b: { url: 'https://x.example' } }, 'The name of an MCP server is up to 32 letters'],
    [{ a: 'npx' }, 'The MCP server "a": is no object'],
    [{ a: {} }, 'needs either a url or a command'],
    [{ a: { url: 'https://x.example', command: 'x' } }, 'needs either a url or a command'],
    [{ a: { type: 'sse', url: 'https://x.example' } }, '"sse" was replaced by "http"'],
    [{ a: { url: 'ftp://x.example' } }, 'url is no http(s) address'],
    [{ a: { url: 'https://me:hidden@x.example' } }, 'url holds a user name or a password'],
    [
      { a: { url: 'https://x.example', headers: { a: 'hidden\n' + 'b: c' } } },
      'that no header can have',
    ],
    [{ a: { url: 'https://x.example', headers: { Host: 'hidden' } } }, 'the protocol sets itself'],
    [{ a: { command: '' } }, 'The MCP server "a": command'],
    [{ a: { command: 'x', args: 'hidden' } }, 'The MCP server "a": args'],
    [{ a: { command: 'x', timeoutMs: 0 } }, 'The MCP server "a": timeoutMs'],
    [{ a: { command: 'x', shell: true } }, 'shell'],
  ])('that is %j is refused in a sentence that shows no value', (servers, sentence) => {
    const check = () => checkedServers(servers)
    expect(check).toThrow(sentence)
    expect(check).not.toThrow('hidden')
  })
})

it('names are the same in each process, never two the same, and tell their server', () => {
  expect(modelToolName('docs', 'search_all')).toBe('docs_search_all')
  const odd = ['a b', 'a/b', 'ä'.repeat(200), 'x'.repeat(200), 'x'.repeat(201), '']
  const names = odd.map((tool) => modelToolName('docs', tool))
  expect(new Set(names).size).toBe(odd.length)
  for (const name of names) {
    expect(name).toMatch(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/)
    expect(serverOfTool(name)).toBe('docs')
  }
})

it('a schema is an object at its top, without what providers refuse there', () => {
  const properties = { a: { anyOf: [{ type: 'string' }, { type: 'null' }] } }
  expect(
    modelSchema({ $schema: 'x', type: 'object', properties, anyOf: [{ required: ['a'] }] }),
  ).toEqual({ type: 'object', properties, additionalProperties: false })
  expect(modelSchema({ type: 'object', additionalProperties: { type: 'number' } })).toEqual({
    type: 'object',
    properties: {},
    additionalProperties: { type: 'number' },
  })
  expect(modelSchema({ type: 'string' })).toBeUndefined()
  expect(modelSchema({ description: 'x'.repeat(60_000) })).toBeUndefined()
})

it('an agent keeps the names of its servers free, and may choose among tools that are not there yet', async () => {
  await using use = await connect({ docs: { url: 'http://127.0.0.1:1/mcp' } })
  const { mcp } = use
  const model = scriptedModel(() => [])
  const options = (more: object) =>
    ({ name: 'a', model, mcp, ...more }) as AgentOptions<OutlastToolSet>
  const own = mcp.absent('docs_search')!
  expect(() => defineAgent(options({ tools: { docs_search: own } }))).toThrow(
    'Agent "a": the name of the tool "docs_search" is for a tool of an MCP server. Rename one of them.',
  )
  expect(() => defineAgent(options({ activeTools: ['other_search'] }))).toThrow('which is no tool')
  expect(() => defineAgent(options({ mcp: { servers: {} } }))).toThrow('mcp is what mcpServers')
  const activeTools = ['docs_search']
  const toolChoice = { type: 'tool', toolName: 'docs_search' }
  expect(defineAgent(options({ activeTools, toolChoice })).mcp).toBe(mcp)
})
