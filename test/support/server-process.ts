/** The real server as a process of its own, which can be killed and started again on the same data. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

export type ServerProcessOptions = {
  /** Instead of our command line: a program that says its address in the same way. */
  readonly program?: string
  /** Of the command line; without any it serves. */
  readonly words?: readonly string[]
  /** Beside PATH, PORT, the data folder and the files root, which are set; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** What the file tools of the built-in agent see. */
  readonly files?: Readonly<Record<string, string>>
}

export type ServerProcess = AsyncDisposable & {
  /** Empty for a worker, which answers nobody. */
  readonly url: string
  /** Folder of the embedded database; nobody has it open while the process is dead. */
  readonly dataDir: string
  readonly pid: number
  /** What it said since its last start, on both streams. */
  readonly said: string
  /** Again, on the same port and data. */
  start(): Promise<void>
  signal(signal: NodeJS.Signals): void
  /** Waits for its end. @returns its exit code; null when a signal has killed it */
  ended(): Promise<number | null>
  /** SIGKILL, and its end. */
  kill(): Promise<void>
}

/** @example await using server = await startServerProcess({ env: { DATABASE_URL: database.url } }) */
export const startServerProcess = async (
  options: ServerProcessOptions = {},
): Promise<ServerProcess> => {
  const folder = await mkdtemp(join(tmpdir(), 'outlast-server-'))
  const root = join(folder, 'files')
  await mkdir(root)
  for (const [name, content] of Object.entries(options.files ?? {}))
    await writeFile(join(root, name), content)
  const dataDir = join(folder, 'data')
  const env = {
    PATH: process.env['PATH'],
    PORT: '0',
    OUTLAST_DATA_DIR: dataDir,
    OUTLAST_FILES_ROOT: root,
    ...options.env,
  }
  const { program = CLI, words = [] } = options
  let running = spawnProgram([program, ...words], folder, env)
  let url = ''

  const start = async () => {
    if (!running.isAlive()) running = spawnProgram([program, ...words], folder, env)
    url = await running.listening
    if (url !== '') env.PORT = new URL(url).port
  }
  const kill = async () => {
    running.child.kill('SIGKILL')
    await running.exited
  }
  const dispose = async () => {
    await kill()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await start()
  } catch (error) {
    await dispose()
    throw error
  }
  return {
    dataDir,
    get url() {
      return url
    },
    get pid() {
      return running.child.pid!
    },
    get said() {
      return running.said()
    },
    start,
    signal: (signal) => void running.child.kill(signal),
    ended: () => running.exited,
    kill,
    [Symbol.asyncDispose]: dispose,
  }
}

/** Runs the command line in a folder to its end, which has to come by itself. */
export const runCli = async (
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly code: number | null; readonly said: string }> => {
  const { child, exited, listening, said } = spawnProgram([CLI], cwd, {
    PATH: process.env['PATH'],
    ...env,
  })
  listening.then(() => child.kill('SIGKILL')).catch(() => undefined)
  const code = await exited
  return { code, said: said() }
}

const spawnProgram = (words: readonly string[], cwd: string, env: NodeJS.ProcessEnv) => {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...words], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // A test that timed out disposes of nothing.
  const killAtExit = () => void child.kill('SIGKILL')
  process.once('exit', killAtExit)
  child.once('close', () => process.off('exit', killAtExit))
  let said = ''
  child.stderr.on('data', (text) => {
    said += String(text)
  })
  const exited = once(child, 'close').then(() => child.exitCode)
  const listening = addressOf(child, (line) => {
    said += `${line}\n`
  })
  const explained = listening.then((url) => {
    if (url === undefined) throw new Error(`The server did not start. It said: ${said}`)
    return url
  })
  // Who waits for the end only does not ask for the address.
  explained.catch(() => undefined)
  const isAlive = () => child.exitCode === null && child.signalCode === null
  return { child, exited, listening: explained, isAlive, said: () => said }
}

/** The address that a server says when it listens, empty for a worker that works; undefined when it ends without. */
const addressOf = (
  child: ChildProcess,
  onLine: (line: string) => void,
): Promise<string | undefined> =>
  new Promise((resolve) => {
    const lines = createInterface({ input: child.stdout! })
    lines.on('line', (line) => {
      onLine(line)
      const address = /^Outlast\s+(http\S+|worker)/.exec(line)?.[1]
      if (address) resolve(address === 'worker' ? '' : address)
    })
    child.once('close', () => resolve(undefined))
  })
