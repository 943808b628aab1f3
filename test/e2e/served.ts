/** The real server as a process of its own, on a data folder that outlives it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

export type ServedMessage = {
  readonly id: string
  readonly status: string
  readonly parts: readonly ({ readonly type: string } & Record<string, unknown>)[]
}

export type Latest = {
  readonly run: { readonly id: string; readonly status: string; readonly error: string | null }
  readonly message: ServedMessage
}

export type Served = AsyncDisposable & {
  readonly url: string
  /** SIGKILL, and its end. */
  kill(): Promise<void>
  /** Again, on the same port and folder. */
  start(): Promise<void>
  /** The latest run of a chat and its message, from the database. */
  latest(chatId: string): Promise<Latest>
  /** Settles when the chat's run has. */
  settled(chatId: string): Promise<void>
}

export type ServeOptions = {
  /** What the file tools of the agent see, by name. */
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
}

export const serve = async (options: ServeOptions = {}): Promise<Served> => {
  const { files = {} } = options
  const folder = await mkdtemp(join(tmpdir(), 'outlast-e2e-'))
  const root = join(folder, 'files')
  await mkdir(root)
  for (const [name, content] of Object.entries(files)) await writeFile(join(root, name), content)
  const env = {
    PATH: process.env['PATH'],
    PORT: '0',
    OUTLAST_DATA_DIR: join(folder, 'data'),
    OUTLAST_FILES_ROOT: root,
    ...options.env,
  }
  let child: ChildProcess | undefined
  let url = ''

  const end = async (signal: NodeJS.Signals) => {
    const ending = child
    child = undefined
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return
    const exit = once(ending, 'exit')
    ending.kill(signal)
    await exit
  }
  const start = async () => {
    const started = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CLI], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child = started
    url = await addressOf(started)
    env.PORT = new URL(url).port
  }
  const dispose = async () => {
    await end('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }

  try {
    await start()
  } catch (error) {
    await dispose()
    throw error
  }
  return {
    get url() {
      return url
    },
    kill: () => end('SIGKILL'),
    start,
    latest: async (chatId) => {
      const response = await fetch(new URL('/ai-chat/run', url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ chatId }),
      })
      return (await response.json()) as Latest
    },
    settled: async (chatId) => {
      await (await fetch(new URL(`/ai-chat/${chatId}/stream`, url))).text()
    },
    [Symbol.asyncDispose]: dispose,
  }
}

/** What the server says when it listens; what it says when it does not. */
const addressOf = async (child: ChildProcess): Promise<string> => {
  let said = ''
  child.stderr!.on('data', (text) => {
    said += String(text)
  })
  for await (const line of createInterface({ input: child.stdout! })) {
    const address = /^Outlast\s+(http\S+)/.exec(line)?.[1]
    said += `${line}\n`
    if (address) {
      child.stdout!.resume()
      return address
    }
  }
  throw new Error(`The server did not start. It said: ${said}`)
}
