/** The two ways in which an execution is told to end: what it does stops, or the run is no longer its own. */
import type { InterruptReason } from '../../domain/run.ts'

export class Interruption {
  readonly #work = new AbortController()
  readonly #run = new AbortController()

  /** Aborted with an InterruptReason: models and tools end. */
  get signal(): AbortSignal {
    return this.#work.signal
  }

  /** Aborted when nothing may or can be written for the run any more; a stop alone does not do that. */
  get gone(): AbortSignal {
    return this.#run.signal
  }

  /** The first reason counts for the work. */
  interrupt(reason: InterruptReason): void {
    if (!this.#work.signal.aborted) this.#work.abort(reason)
    if (reason.kind !== 'stop' && !this.#run.signal.aborted) this.#run.abort(reason)
  }
}
