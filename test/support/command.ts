/** The real command line as a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { eventually } from './eventually.ts'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

export type CommandOptions = {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** All of its standard input. */
  readonly input?: string
}

export type Command = {
  readonly out: string
  readonly err: string
  signal(signal: NodeJS.Signals): void
  /** Nobody reads its output any more. */
  leave(): void
  /** Waits until its output has these words. */
  says(words: string): Promise<void>
  /** @returns its exit code; null when a signal has killed it */
  ended(): Promise<number | null>
}

export const startCommand = (
  words: readonly string[],
  { env = {}, cwd, input = '' }: CommandOptions = {},
): Command => {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CLI, ...words], {
    cwd,
    env: { PATH: process.env['PATH'], TZ: 'UTC', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  running.add(child)
  const said = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text))
  child.stdin.end(input)
  const ended = once(child, 'close').then(() => {
    running.delete(child)
    return child.exitCode
  })
  return {
    get out() {
      return said.out
    },
    get err() {
      return said.err
    },
    signal: (signal) => void child.kill(signal),
    leave: () => void child.stdout.destroy(),
    says: (words) =>
      eventually(
        () => {
          if (!said.out.includes(words)) throw new Error(`It says ${said.out}\n${said.err}`)
        },
        { timeout: 20_000, interval: 20 },
      ),
    ended: () => ended,
  }
}

/** A test that timed out leaves nobody behind. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export type Ended = { readonly code: number | null; readonly out: string; readonly err: string }

/** @example const { code, out } = await runCommand(['runs', 'list'], { env: { OUTLAST_URL: server.url } }) */
export const runCommand = async (
  words: readonly string[],
  options: CommandOptions = {},
): Promise<Ended> => {
  const command = startCommand(words, options)
  const code = await command.ended()
  return { code, out: command.out, err: command.err }
}
