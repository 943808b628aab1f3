/** Gives many streams their deltas at their own pace with one timer, as a network would: what is late arrives together. */

/** Seldom enough to cost next to nothing while few streams are paced. */
const TICK_MS = 5

type Paced = {
  readonly startedAt: number
  readonly everyMs: number
  given: number
  /** @returns false when it wants no more */
  readonly give: () => boolean
}

export class Pacer {
  readonly #paced = new Set<Paced>()
  #timer: NodeJS.Timeout | undefined

  /** Calls `give` at once and then each `everyMs`, until it returns false or the returned function is called. */
  add(everyMs: number, give: () => boolean): () => void {
    const paced = { startedAt: performance.now(), everyMs, given: 0, give }
    this.#paced.add(paced)
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS)
    this.#giveDue(paced, paced.startedAt)
    return () => this.#remove(paced)
  }

  #tick(): void {
    const now = performance.now()
    for (const paced of this.#paced) this.#giveDue(paced, now)
  }

  #giveDue(paced: Paced, now: number): void {
    const due = Math.floor((now - paced.startedAt) / paced.everyMs) + 1
    for (; paced.given < due; paced.given++) if (!paced.give()) return this.#remove(paced)
  }

  #remove(paced: Paced): void {
    this.#paced.delete(paced)
    if (this.#paced.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
