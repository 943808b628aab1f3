/**
 * Decides which lost runs this process may take over now. What has ended their processes may be one of them, so each has
 * its last attempt apart from the others: otherwise all that were in the same processes would be given up with it.
 */
import type { RunRecord } from '../../domain/run.ts'
import type { Clock } from '../ports.ts'
import { MAX_ATTEMPTS } from './settlement.ts'

/** A run that has lived for so long ends no process, or not soon. */
const TRIAL_MS = 30_000

type Trial = { readonly last: boolean; readonly since: number }

export class Trials {
  readonly #clock: Clock
  readonly #hasProgressed: (runId: string) => boolean
  readonly #trials = new Map<string, Trial>()

  /**
   * @param options.hasProgressed - whether a run that is executed here has journaled a step since it was claimed
   */
  constructor(options: { clock: Clock; hasProgressed: (runId: string) => boolean }) {
    this.#clock = options.clock
    this.#hasProgressed = options.hasProgressed
  }

  /** @returns whether the run may be taken over now; then `end` has to be called */
  begin({ id, attempt }: RunRecord): boolean {
    const last = attempt === MAX_ATTEMPTS - 1
    const others = this.#open()
    if (this.#trials.has(id) || others.some((other) => other.last)) return false
    if (last && others.length > 0) return false
    this.#trials.set(id, { last, since: this.#clock.now() })
    return true
  }

  /** It has left this process, or was never claimed. */
  end(runId: string): void {
    this.#trials.delete(runId)
  }

  #open(): Trial[] {
    const now = this.#clock.now()
    return [...this.#trials]
      .filter(([runId, { since }]) => now - since < TRIAL_MS && !this.#hasProgressed(runId))
      .map(([, trial]) => trial)
  }
}
