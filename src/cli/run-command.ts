/** Runs one command line, from its words to its exit code. */
import { CommanderError } from 'commander'
import { coerceError } from '../domain/errors.ts'
import { codeOf, EXIT, exitOf, explain } from './errors.ts'
import { safeJson } from './plain.ts'
import { createProgram } from './program.ts'
import type { Role } from '../role.ts'
import type { RoleOptions } from './serve.ts'
import { note, type Shell } from './shell.ts'

type Streams = Pick<Shell, 'stdin' | 'stdout' | 'stderr'>

/** @returns the exit code; a server or worker that was started goes on after that */
export const runCommand = async (words: readonly string[], streams: Streams): Promise<number> => {
  const { stdin, stdout, stderr } = streams
  const ending = new AbortController()
  // Whoever read the output may be gone: a server goes on, a command has nobody to tell.
  for (const stream of [stdout, stderr]) stream.on('error', () => ending.abort())
  const shell: Shell = { stdin, stdout, stderr, signal: ending.signal }
  const program = createProgram(shell, {
    start: (role, options) =>
      starting(role, options).catch((error: unknown) => process.exit(fail(shell, error))),
    command: async (run) => {
      const interrupt = () => {
        interrupted = true
        ending.abort()
      }
      process.once('SIGINT', interrupt)
      await run().finally(() => process.off('SIGINT', interrupt))
    },
  })
  let interrupted = false
  try {
    await program.parseAsync(words.length === 0 ? ['serve'] : [...words], { from: 'user' })
    return EXIT.ok
  } catch (error) {
    if (interrupted) return EXIT.interrupted
    if (ending.signal.aborted) return EXIT.ok
    return fail(shell, error, words.includes('--json'))
  }
}

/** Loaded only where it is wanted: it is nearly all of the program. */
const starting = async (role: Role, options: RoleOptions): Promise<void> => {
  const { startRole } = await import('./serve.ts')
  await startRole(role, options)
}

/** @returns the exit code */
const fail = (shell: Shell, thrown: unknown, json = false): number => {
  // Commander has said it already.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage
  const error = coerceError(thrown)
  if (json) shell.stderr.write(`${safeJson({ code: codeOf(error), detail: explain(error) })}\n`)
  else note(shell, explain(error))
  return exitOf(error)
}
