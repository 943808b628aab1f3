/** `outlast serve` and `outlast work`: a process that goes on until it is told to end. */
import { readConfig, type Config } from '../config.ts'
import { coerceError } from '../domain/errors.ts'
import { executes, type Role } from '../role.ts'
import { startServer, startWorker, type RunningRole } from '../server.ts'
import { createLog } from '../telemetry/create-log.ts'
import { errorFields } from '../telemetry/error-fields.ts'
import { explain } from './errors.ts'

/** Of the command line, which comes before the environment. */
export type RoleOptions = { readonly concurrency?: number }

const say = (line: string) => process.stdout.write(`${line}\n`)
const complain = (line: string) => process.stderr.write(`${line}\n`)

/** Returns when it has started; the process ends with a signal. */
export const startRole = async (role: Role, options: RoleOptions): Promise<void> => {
  const config = { ...readConfig(), ...options }
  const telemetry = telemetryOf(config)
  let running: RunningRole
  if (role === 'serve') {
    const server = await startServer(config, telemetry)
    say(`Outlast  ${server.url}`)
    running = server
  } else {
    running = await startWorker(config, telemetry)
    say('Outlast  worker')
  }
  const { model, concurrency, metricsUrl, close } = running
  say(`data     ${database(config)}`)
  if (config.redis) say(`queue    Redis at ${new URL(config.redis.url).host}`)
  say(`model    ${model}${model === 'demo' ? DEMO_NOTE : ''}`)
  say(`executes ${executes(concurrency)}`)
  if (metricsUrl !== undefined) say(`metrics  ${metricsUrl}`)
  endWithSignal(close)
}

const telemetryOf = ({ telemetry: { logFormat: format, logLevel: level } }: Config) => {
  const log = createLog({ format, level, write: (line) => process.stderr.write(line) })
  const onError = (error: Error, { during, runId }: { during: string; runId?: string }) =>
    format === 'json'
      ? log.error({ during, run: runId, error: errorFields(error) }, 'error')
      : complain(`While ${during}${runId ? ` (run ${runId})` : ''}: ${explain(error)}`)
  return { log, onError }
}

const database = ({ databaseUrl, dataDir }: Config): string => {
  if (databaseUrl === undefined) return `${dataDir} (embedded database)`
  const { host, pathname } = new URL(databaseUrl)
  return `PostgreSQL at ${host}${pathname}`
}

const endWithSignal = (end: () => Promise<void>): void => {
  let closingSince: number | undefined
  const close = (signal: NodeJS.Signals) => {
    // One Ctrl-C can arrive several times: from the terminal's process group and from npm, which forwards it.
    if (closingSince !== undefined && performance.now() - closingSince < REPEAT_MS) return
    if (closingSince !== undefined) {
      complain('Stopping at once. Runs go on in another process, or at the next start.')
      process.exit(1)
    }
    say(`${signal}: letting running steps end (again to stop at once)`)
    closingSince = performance.now()
    end().then(
      () => process.exit(0),
      (error: unknown) => {
        complain(explain(coerceError(error)))
        process.exit(1)
      },
    )
  }
  process.on('SIGINT', close)
  process.on('SIGTERM', close)
}

/** A signal that comes again so soon is the same one. */
const REPEAT_MS = 1000

const DEMO_NOTE = ' (built in, offline, no language model; set OUTLAST_MODEL for a real one)'
