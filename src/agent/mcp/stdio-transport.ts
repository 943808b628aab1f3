/** An MCP server as a program of its own: one message a line; it gets a bare environment and ends with this process. */
import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { MCPTransport, MCPTransportSendOptions } from '@ai-sdk/mcp'
import { McpServerError, coerceError } from '../../domain/errors.ts'
import { cancelled, MAX_MESSAGE_BYTES, tooLarge } from './http-requests.ts'
import type { McpStdioServer } from './options.ts'

type Message = Parameters<MCPTransport['send']>[0]
type Child = ChildProcessByStdio<Writable, Readable, null>

export type StdioOptions = {
  readonly name: string
  readonly server: McpStdioServer
  /** PATH and HOME; what the configuration has goes before it. */
  readonly environment: Readonly<Record<string, string>>
  /** @throws for what is no message */
  readonly parse: (message: unknown) => Message
}

/** How long a program gets to end by itself, and then after it was told to. */
const OBEY_MS = 1000

const GROUPS = process.platform !== 'win32'

export class StdioTransport implements MCPTransport {
  readonly supportsProtocolVersionDiscovery = true
  readonly #options: StdioOptions
  readonly #pending = new Map<unknown, () => void>()
  #child: Child | undefined
  #hasEnded = false
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: (message: Message) => void

  constructor(options: StdioOptions) {
    this.#options = options
  }

  /** Whether the program has ended. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  async start(): Promise<void> {
    const { server, environment } = this.#options
    const { command, args = [], env, cwd, stderr = 'ignore' } = server
    const child = spawn(command, args, {
      env: { ...environment, ...env },
      ...(cwd === undefined ? {} : { cwd }),
      stdio: ['pipe', 'pipe', stderr],
      // A group of its own: Ctrl+C is for us, who tell it in time, and what it starts ends with it.
      detached: GROUPS,
      windowsHide: true,
    }) as Child
    this.#child = child
    keepAccount(child)
    const lines = new Lines(
      (line) => this.#read(line),
      () => this.#fail(tooLarge(this.#options.name)),
    )
    child.stdout.on('data', (chunk: Buffer) => lines.take(chunk))
    // A program that is gone is heard of by its end.
    child.stdin.on('error', () => undefined)
    child.stdout.on('error', () => undefined)
    child.once('exit', () => this.#ended())
    const unref = [child, child.stdin, child.stdout] as { unref?: () => void }[]
    for (const one of unref) one.unref?.()
    await once(child, 'spawn')
  }

  async send(message: Message, { signal }: MCPTransportSendOptions = {}): Promise<void> {
    if (!this.#child?.stdin.writable) {
      throw new McpServerError(`The MCP server "${this.#options.name}" has ended.`)
    }
    if (signal && 'method' in message && 'id' in message && message.method === 'tools/call')
      this.#withdrawable(message.id, signal)
    this.#write(message)
  }

  /** Its input ends; a program that does not take the hint is told, and then killed. */
  async close(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child || child.pid === undefined) return
    const exited =
      child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
    child.stdin.end()
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      if (exited && (await isOver(exited))) break
      kill(child, signal)
    }
    kill(child, 'SIGKILL')
  }

  #read(line: string): void {
    let message: Message
    try {
      message = this.#options.parse(JSON.parse(line))
    } catch {
      // Programs print all kinds of things.
      return
    }
    if (!('method' in message) && 'id' in message) this.#forget(message.id)
    try {
      this.onmessage?.(message)
    } catch (thrown) {
      // An answer that came after its call was given up.
      this.onerror?.(coerceError(thrown))
    }
  }

  #withdrawable(id: unknown, signal: AbortSignal): void {
    const withdraw = () => {
      this.#pending.delete(id)
      if (this.#child?.stdin.writable) this.#write(cancelled(id) as Message)
    }
    signal.addEventListener('abort', withdraw, { once: true })
    this.#pending.set(id, () => signal.removeEventListener('abort', withdraw))
  }

  #forget(id: unknown): void {
    this.#pending.get(id)?.()
    this.#pending.delete(id)
  }

  #write(message: Message): void {
    this.#child?.stdin.write(`${JSON.stringify(message)}\n`)
  }

  #fail(error: Error): void {
    this.onerror?.(error)
    if (this.#child) kill(this.#child, 'SIGKILL')
  }

  #ended(): void {
    for (const id of this.#pending.keys()) this.#forget(id)
    // What it has started, and left behind.
    if (this.#child) kill(this.#child, 'SIGKILL')
    this.#hasEnded = true
    this.onclose?.()
  }
}

const isOver = async (exited: Promise<unknown>): Promise<boolean> => {
  const late = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => late.resolve(false), OBEY_MS)
  try {
    return await Promise.race([exited.then(() => true), late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** The program and all that it has started. */
const kill = (child: ChildProcess, signal: NodeJS.Signals): void => {
  try {
    if (GROUPS) process.kill(-child.pid!, signal)
    else child.kill(signal)
  } catch {
    // Nobody is left.
  }
}

const alive = new Set<ChildProcess>()

/** Programs that are alive when this process ends are killed. */
const keepAccount = (child: ChildProcess): void => {
  if (alive.size === 0) process.on('exit', killAll)
  alive.add(child)
  const forget = () => {
    alive.delete(child)
    if (alive.size === 0) process.off('exit', killAll)
  }
  child.once('exit', forget)
  child.on('error', forget)
}

const killAll = (): void => {
  for (const child of alive) kill(child, 'SIGKILL')
}

/** Cuts a stream into lines, none of them longer than a message may be. */
class Lines {
  readonly #onLine: (line: string) => void
  readonly #onTooLong: () => void
  #begun: Buffer[] = []
  #bytes = 0

  constructor(onLine: (line: string) => void, onTooLong: () => void) {
    this.#onLine = onLine
    this.#onTooLong = onTooLong
  }

  take(chunk: Buffer): void {
    let from = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      const line = Buffer.concat([...this.#begun, chunk.subarray(from, end)]).toString()
      this.#begun = []
      this.#bytes = 0
      from = end + 1
      if (line.trim() !== '') this.#onLine(line)
    }
    const rest = chunk.subarray(from)
    this.#bytes += rest.byteLength
    if (this.#bytes > MAX_MESSAGE_BYTES) {
      this.#begun = []
      this.#onTooLong()
    } else if (rest.byteLength > 0) this.#begun.push(rest)
  }
}
