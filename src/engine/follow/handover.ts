/** Hands values over one at a time: who gives waits until what it gave was taken, so nothing queues. */
export class Handover<T> {
  readonly #onGiven: () => void
  #given: { readonly value: T } | undefined
  #taken = Promise.withResolvers<void>()
  #closed = false

  /** @param onGiven - called when there is something to take */
  constructor(onGiven: () => void) {
    this.#onGiven = onGiven
  }

  async give(value: T): Promise<void> {
    if (this.#closed) return
    this.#given = { value }
    this.#taken = Promise.withResolvers()
    this.#onGiven()
    await this.#taken.promise
  }

  take(): readonly T[] {
    const given = this.#given
    this.#given = undefined
    this.#taken.resolve()
    return given ? [given.value] : []
  }

  /** Nobody takes any more: whoever gives goes on. */
  close(): void {
    this.#closed = true
    this.take()
  }
}
