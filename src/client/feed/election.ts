/** Which tab leads: the one that holds the lock. The others wait for it in a queue that the browser keeps. */

type ElectionOptions = {
  readonly locks: LockManager
  readonly name: string
  readonly onWon: () => void
  /** Another tab took the lock away, or this one gave it back. */
  readonly onLost: () => void
}

export class Election {
  readonly #options: ElectionOptions
  #waiting = new AbortController()
  /** Gives the lock back; undefined while it is not held. */
  #release: (() => void) | undefined

  constructor(options: ElectionOptions) {
    this.#options = options
  }

  /** Leads when nobody else does any more. */
  stand(): void {
    this.#waiting.abort()
    this.#waiting = new AbortController()
    void this.#request({ signal: this.#waiting.signal }, this.#waiting.signal)
  }

  /** Leads at once: whoever did is not answering. */
  seize(): void {
    if (this.#release) return
    this.#waiting.abort()
    this.#waiting = new AbortController()
    void this.#request({ steal: true }, this.#waiting.signal)
  }

  /** Leads no more, and does not want to. */
  resign(): void {
    this.#waiting.abort()
    this.#lose()
  }

  async #request(options: LockOptions, signal: AbortSignal): Promise<void> {
    const { locks, name } = this.#options
    try {
      await locks.request(name, options, () => {
        if (!signal.aborted) return this.#lead()
      })
    } catch (error) {
      if (signal.aborted) return
      // A document that may have no locks shares with nobody.
      if (isNamed(error, 'SecurityError')) return void this.#lead()
      // Nor does one that was put away.
      if (!isNamed(error, 'AbortError')) return
      this.#lose()
      this.stand()
    }
  }

  #lead(): Promise<void> {
    const held = new Promise<void>((resolve) => {
      this.#release = resolve
    })
    this.#options.onWon()
    return held
  }

  #lose(): void {
    if (!this.#release) return
    this.#release()
    this.#release = undefined
    this.#options.onLost()
  }
}

const isNamed = (error: unknown, name: string): boolean =>
  error instanceof DOMException && error.name === name
