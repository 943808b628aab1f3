/** Lets a loop wait until something has happened since it looked last. */
export class Wake implements Disposable {
  readonly #signal: AbortSignal
  #isFresh = false
  #resolve = () => {}

  /** @param signal - wakes it as well */
  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', this.up, { once: true })
  }

  readonly up = (): void => {
    this.#isFresh = true
    this.#resolve()
  }

  async wait(): Promise<void> {
    if (!this.#isFresh && !this.#signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#resolve = resolve
      await promise
    }
    this.#isFresh = false
  }

  [Symbol.dispose](): void {
    this.#signal.removeEventListener('abort', this.up)
  }
}
