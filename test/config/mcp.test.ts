import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { programEnvironment, readConfig } from '../../src/config.ts'

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'outlast-mcp-config-'))
})
afterEach(() => rmSync(cwd, { recursive: true }))

const read = (content: string, env: Record<string, string> = {}) => {
  writeFileSync(join(cwd, 'mcp.json'), content)
  return readConfig({ OUTLAST_MCP: 'mcp.json', ...env }, cwd).mcpServers
}

it('OUTLAST_MCP names a file of servers, in which variables stand for secrets', () => {
  const headers = { authorization: 'Bearer ${TOKEN}', other: '${env:TOKEN}' }
  expect(read(JSON.stringify({ mcpServers: { a: { headers } } }), { TOKEN: 't' })).toEqual({
    a: { headers: { authorization: 'Bearer t', other: 't' } },
  })
})

it.each([
  ['{ "mcpServers": { "a": "hidden', 'and that is no JSON.'],
  ['{ "servers": {} }', 'has no "mcpServers"'],
  ['null', 'has no "mcpServers"'],
  ['{ "mcpServers": { "a": "${NOWHERE}" } }', 'names the variable NOWHERE, which is not set.'],
])('a file with %s is refused in a sentence that says why', (content, sentence) => {
  expect(() => read(content)).toThrow(sentence)
  expect(() => read(content)).not.toThrow('hidden')
})

it('a file that is not there is refused', () => {
  expect(() => readConfig({ OUTLAST_MCP: 'none.json' }, cwd)).toThrow('and that cannot be read.')
})

it('programs get nothing of ours', () => {
  const env = { PATH: '/bin', HOME: '/home/me', DATABASE_URL: 'x', OPENAI_API_KEY: 'x' }
  expect(programEnvironment(env)).toEqual({ PATH: '/bin', HOME: '/home/me' })
})
