/** What a process is for: answering requests, executing runs, or both. */
import type { Config } from './config.ts'
import { ConfigError } from './domain/errors.ts'

/** `serve` answers requests, and may execute runs; `work` executes runs and answers nobody. */
export type Role = 'serve' | 'work'

/**
 * A run mostly waits for its model, and takes about a megabyte meanwhile: so many fit into a small machine, and one core has
 * time for them.
 */
const WORKER_CONCURRENCY = 100

type Settings = Pick<Config, 'concurrency' | 'databaseUrl' | 'redis'>

/**
 * How many runs the process executes at a time; undefined: without limit.
 * @throws ConfigError where nobody would execute any
 */
export const concurrencyOf = (
  role: Role,
  { concurrency, databaseUrl, redis }: Settings,
): number | undefined => {
  if (role === 'work') {
    if (databaseUrl === undefined)
      throw new ConfigError(
        'A worker needs DATABASE_URL: the embedded database belongs to one process. Set it to the PostgreSQL of the servers, or use `outlast serve`, which executes runs too.',
      )
    if (concurrency === 0)
      throw new ConfigError(
        'A worker that executes no runs does nothing: give --concurrency (or OUTLAST_CONCURRENCY) at least 1.',
      )
    return concurrency ?? WORKER_CONCURRENCY
  }
  if (databaseUrl === undefined && concurrency === 0)
    throw new ConfigError(
      'Nobody would execute the runs of an embedded database, which belongs to this process alone: leave out --concurrency (or OUTLAST_CONCURRENCY), or set DATABASE_URL and start `outlast work`.',
    )
  // With Redis there are workers.
  return concurrency ?? (redis ? 0 : undefined)
}

/** In a sentence for who started it. */
export const executes = (concurrency: number | undefined): string => {
  if (concurrency === undefined) return 'runs, as many as there are'
  if (concurrency === 0) return 'nothing: `outlast work` does'
  return `up to ${concurrency} ${concurrency === 1 ? 'run' : 'runs'} at a time`
}
