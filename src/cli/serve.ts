/** `outlast serve`: the server, until it is told to end. */
import { readConfig, type Config } from '../config.ts'
import { coerceError } from '../domain/errors.ts'
import { startServer } from '../server.ts'
import { createLog } from '../telemetry/create-log.ts'
import { errorFields } from '../telemetry/error-fields.ts'
import { explain } from './errors.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)
const complain = (line: string) => process.stderr.write(`${line}\n`)

const database = ({ databaseUrl, dataDir }: Config): string => {
  if (databaseUrl === undefined) return `${dataDir} (embedded database)`
  const { host, pathname } = new URL(databaseUrl)
  return `PostgreSQL at ${host}${pathname}`
}

/** Returns when it listens; the process ends with a signal. */
export const serve = async (): Promise<void> => {
  const config = readConfig()
  const { logFormat: format, logLevel: level } = config.telemetry
  const log = createLog({ format, level, write: (line) => process.stderr.write(line) })
  const server = await startServer(config, {
    log,
    onError: (error, { during, runId }) =>
      format === 'json'
        ? log.error({ during, run: runId, error: errorFields(error) }, 'error')
        : complain(`While ${during}${runId ? ` (run ${runId})` : ''}: ${explain(error)}`),
  })
  say(`Outlast  ${server.url}`)
  say(`data     ${database(config)}`)
  say(`model    ${server.model}${server.model === 'demo' ? DEMO_NOTE : ''}`)
  if (server.metricsUrl !== undefined) say(`metrics  ${server.metricsUrl}`)

  let closingSince: number | undefined
  const close = (signal: NodeJS.Signals) => {
    // One Ctrl-C can arrive several times: from the terminal's process group and from npm, which forwards it.
    if (closingSince !== undefined && performance.now() - closingSince < REPEAT_MS) return
    if (closingSince !== undefined) {
      complain('Stopping at once. Runs go on at the next start.')
      process.exit(1)
    }
    say(`${signal}: letting running steps end (again to stop at once)`)
    closingSince = performance.now()
    server.close().then(
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
