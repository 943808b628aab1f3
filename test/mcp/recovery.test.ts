import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { messageParts } from '../support/engine.ts'
import { finish, startFakeProvider, text, toolCall } from '../support/fake-provider.ts'
import { settledRun, Tab } from '../support/run-client.ts'
import { startServerProcess } from '../support/server-process.ts'
import { openAccount, startHttpProgram } from './support.ts'

const SECRET = 'Bearer hidden-in-header'

it('after a kill -9 in two calls the trusted one is made again, and the other one is said to be unknown', async () => {
  await using account = await openAccount()
  await using program = await startHttpProgram(account)
  await using provider = await startFakeProvider({
    script: ({ body }) =>
      body.messages.some(({ role }) => role === 'tool')
        ? [text('Done'), finish()]
        : [
            toolCall({ id: 'c1', name: 'sure_look', arguments: {} }),
            toolCall({ id: 'c2', name: 'plain_look', arguments: {}, index: 1 }),
            finish('tool_calls'),
          ],
  })
  const folder = await mkdtemp(join(tmpdir(), 'outlast-mcp-file-'))
  await using _folder = {
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
  const file = join(folder, 'mcp.json')
  const { url } = program
  const headers = { authorization: '${MCP_SECRET}' }
  const mcpServers = {
    sure: { type: 'http', url, headers, trustAnnotations: true },
    plain: { type: 'http', url, headers },
  }
  await writeFile(file, JSON.stringify({ mcpServers }))
  await using server = await startServerProcess({
    env: {
      OUTLAST_MCP: file,
      MCP_SECRET: SECRET,
      OUTLAST_MODEL: 'openai-compatible/it',
      OPENAI_COMPATIBLE_BASE_URL: provider.url,
    },
  })
  const tab = new Tab('look')
  await tab.ask(server.url, 'Look')
  await account.has('began', 'look', 2)
  await server.kill()
  await server.start()
  await account.has('began', 'look', 3)
  await account.openGate()
  const { run, message } = await settledRun(server.url, tab.chatId)
  expect(run).toMatchObject({ status: 'succeeded' })
  await tab.reconnect(server.url)
  expect(await tab.closed()).toBe('done')
  expect(await messageParts(tab.chunks)).toEqual(message.parts)
  expect(message.parts).toMatchObject([
    { type: 'step-start' },
    { type: 'dynamic-tool', toolName: 'sure_look', state: 'output-available' },
    { type: 'dynamic-tool', toolName: 'plain_look', errorText: expect.stringContaining('unknown') },
    { type: 'step-start' },
    { type: 'text', text: 'Done' },
  ])
  const sent = await account.entries()
  expect(sent.some(({ authorization }) => authorization === SECRET)).toBe(true)
  expect(JSON.stringify([message, provider.requests]) + server.said).not.toContain('hidden')
})
