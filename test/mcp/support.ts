/** MCP servers for tests: real programs that can be killed, and what they were asked. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ModelMessage } from 'ai'
import { expect } from 'vitest'
import { mcpServers } from '../../src/mcp.ts'
import type { McpServers, McpServersOptions } from '../../src/agent/mcp/mcp-servers.ts'
import type { McpStdioServer } from '../../src/agent/mcp/options.ts'
import type { ToolInvocation, ToolUpdate } from '../../src/engine/ports.ts'
import { runTool } from '../../src/agent/run-tool.ts'

export const PROGRAM = fileURLToPath(new URL('fixtures/mcp-program.ts', import.meta.url))

export type Entry = { readonly pid: number } & Readonly<Record<string, unknown>>

/** A folder where a server's program keeps an account of what it does. */
export type Account = AsyncDisposable & {
  readonly env: Readonly<Record<string, string>>
  entries(): Promise<Entry[]>
  /** Waits until an entry has this key, with this value. */
  has(key: string, value?: unknown, times?: number): Promise<Entry>
  openGate(): Promise<void>
}

export const openAccount = async (): Promise<Account> => {
  const folder = await mkdtemp(join(tmpdir(), 'outlast-mcp-'))
  const log = join(folder, 'log')
  const gate = join(folder, 'gate')
  const entries = async () => {
    const lines = (await readFile(log, 'utf8').catch(() => '')).split('\n')
    return lines.filter(Boolean).map((line) => JSON.parse(line) as Entry)
  }
  return {
    env: { LOG: log, GATE: gate },
    entries,
    has: async (key, value = true, times = 1) => {
      const found = async () => (await entries()).filter((entry) => entry[key] === value)
      await expect.poll(found).toHaveLength(times)
      return (await found()).at(-1)!
    },
    openGate: () => writeFile(gate, ''),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

/** The configuration of the program on its standard streams. */
export const stdioServer = (
  account: Account,
  env: Record<string, string> = {},
): McpStdioServer => ({
  command: process.execPath,
  args: ['--disable-warning=ExperimentalWarning', PROGRAM],
  env: { ...account.env, ...env },
})

export type HttpProgram = AsyncDisposable & {
  readonly url: string
  /** Again, on the same port. */
  start(env?: Record<string, string>): Promise<void>
  kill(): Promise<void>
}

export const startHttpProgram = async (account: Account): Promise<HttpProgram> => {
  let child: ChildProcess | undefined
  let port = '0'
  const start = async (env: Record<string, string> = {}) => {
    child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM], {
      env: { PATH: process.env['PATH'], ...account.env, ...env, PORT: port },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(createInterface(child.stdout!), 'line')) as [string]
    port = line
  }
  const kill = async () => {
    if (child?.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  await start()
  return {
    get url() {
      return `http://127.0.0.1:${port}/mcp`
    },
    start,
    kill,
    [Symbol.asyncDispose]: kill,
  }
}

export type Connected = AsyncDisposable & {
  readonly mcp: McpServers
  /** What was reported. */
  readonly errors: string[]
  names(): Promise<string[]>
  /** Calls a tool as a run does. @throws what the model is told */
  call(name: string, input?: unknown, signal?: AbortSignal): Promise<Final>
}

export type Final = Extract<ToolUpdate, { type: 'final' }>

export const connect = async (
  servers: McpServersOptions['servers'],
  options: Partial<McpServersOptions> = {},
): Promise<Connected> => {
  const errors: string[] = []
  const onError = (error: Error) => errors.push(error.message)
  const mcp = await mcpServers({ servers, onError, refreshMs: 0, ...options })
  return {
    mcp,
    errors,
    names: async () => Object.keys(await mcp.tools()),
    call: async (name, input = {}, signal = new AbortController().signal) => {
      const tools = await mcp.tools()
      const updates: ToolUpdate[] = []
      const box = { tools, mcp, contexts: {} }
      for await (const update of runTool(box, invocation(name, input, signal))) updates.push(update)
      return updates.at(-1) as Final
    },
    [Symbol.asyncDispose]: () => mcp.close(),
  }
}

const messages: ModelMessage[] = []

const invocation = (toolName: string, input: unknown, signal: AbortSignal): ToolInvocation => ({
  ...{
    runId: 'r',
    chatId: 'c',
    stepIndex: 0,
    toolCallId: 'call',
    toolName,
    input,
    messages,
    signal,
  },
  idempotencyKey: 'r:0:call',
  write: () => undefined,
})
