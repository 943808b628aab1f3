/** How many runs this process has in hand, and how many more it can take. */

export class Room {
  readonly #concurrency: number
  readonly #onFreed: () => void
  readonly #taken = new Set<string>()
  readonly #waiting = new Set<() => void>()
  #kept = 0

  /** @param onFreed - somebody may come in who could not */
  constructor(concurrency: number, onFreed: () => void) {
    this.#concurrency = concurrency
    this.#onFreed = onFreed
  }

  /** Never below 0, also while bound runs take more than there is. */
  get free(): number {
    return Math.max(0, this.#concurrency - this.#taken.size - this.#kept)
  }

  /** Takes a place, whether there is one or not. @returns whether the run has none yet */
  enter(runId: string): boolean {
    if (this.#taken.has(runId)) return false
    this.#taken.add(runId)
    return true
  }

  leave(runId: string): void {
    if (!this.#taken.delete(runId)) return
    this.#freed()
  }

  /** Keeps so many of the free places, until what it returns is called. */
  keep(places: number): () => void {
    let kept = Math.min(places, this.free)
    this.#kept += kept
    return () => {
      this.#kept -= kept
      kept = 0
      if (this.free > 0) this.#wakeNext()
    }
  }

  /** Resolves when there may be a place. */
  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve))
  }

  /** Nobody waits any more. */
  close(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }

  #freed(): void {
    if (!this.#wakeNext()) this.#onFreed()
  }

  /** @returns whether somebody waited */
  #wakeNext(): boolean {
    const [next] = this.#waiting
    if (!next) return false
    this.#waiting.delete(next)
    next()
    return true
  }
}
