/** Says that runs wait although no process executes any: somebody has forgotten to start a worker. */
import { coerceError } from './domain/errors.ts'
import type { WorkerRegistry } from './engine/catalog-ports.ts'
import type { Admissions, EngineEvents } from './engine/ports.ts'
import type { Log } from './telemetry/log.ts'

export type LonelyRunsOptions = {
  readonly admissions: Pick<Admissions, 'state'>
  readonly workers: Pick<WorkerRegistry, 'capacity'>
  readonly log: Log | undefined
  readonly onError: EngineEvents['error']
}

const LOOK_MS = 15_000
/** A deploy may leave nobody there for that long. */
const PATIENCE_MS = 15_000

/** @returns what ends it */
export const watchLonelyRuns = (options: LonelyRunsOptions): (() => void) => {
  const { admissions, workers, log, onError } = options
  const look = async () => {
    try {
      const { pending, oldestMs } = await admissions.state()
      if (pending === 0 || oldestMs < PATIENCE_MS) return
      if ((await workers.capacity()).concurrency > 0) return
      log?.warn(
        { pending, seconds: Math.round(oldestMs / 1000) },
        'runs wait and no process executes any: start outlast work',
      )
    } catch (thrown) {
      onError(coerceError(thrown), { during: 'looking for runs without workers' })
    }
  }
  const timer = setInterval(() => void look(), LOOK_MS).unref()
  return () => clearInterval(timer)
}
