/** How much of its time a step has left; in a process that takes a step over, its time begins anew. */
import type { Clock } from '../ports.ts'

export class StepClock {
  readonly #clock: Clock
  readonly #limitMs: number
  #began: number

  /** @param limitMs - undefined when steps may take as long as they like */
  constructor(clock: Clock, limitMs: number | undefined) {
    this.#clock = clock
    this.#limitMs = limitMs ?? Infinity
    this.#began = clock.now()
  }

  begin(): void {
    this.#began = this.#clock.now()
  }

  get leftMs(): number {
    return Math.max(0, this.#limitMs - (this.#clock.now() - this.#began))
  }
}
