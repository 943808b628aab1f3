/** Whether the faster way between processes can be used. When it fails it is left at once, and taken again when it has proved itself. */

import { coerceError } from '../../domain/errors.ts'

export type AvailabilityOptions = {
  /** @returns false while there is no connection, which itself says why; other reasons are thrown */
  readonly probe: () => Promise<boolean>
  /** Told once, when an outage begins. */
  readonly onError: (error: Error) => void
  readonly onChange: (isAvailable: boolean) => void
}

const PROBE_MS = 500
/** A way that answers more slowly is no faster one. */
const PROMPT_MS = 250
/** Good answers in a row before it is taken again; twice as many each time that it fails soon afterwards. */
const FEWEST_PROBES = 2
const MOST_PROBES = 32
const SOON_MS = 5000

export class Availability implements Disposable {
  readonly #options: AvailabilityOptions
  #isAvailable = false
  #isTold = false
  #listens = false
  #good = 0
  #needed = 1
  #since = Number.NEGATIVE_INFINITY
  #probing: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: AvailabilityOptions) {
    this.#options = options
    this.#schedule(0)
  }

  get isAvailable(): boolean {
    return this.#isAvailable
  }

  /** The way was used in vain, or is cut off. */
  failed(error: Error): void {
    if (this.#closed) return
    this.#good = 0
    if (!this.#isTold) this.#options.onError(error)
    this.#isTold = true
    if (this.#isAvailable) this.#leave()
  }

  /** Whether what others say over it is heard: without that it is none. */
  heard(listens: boolean): void {
    this.#listens = listens
    if (!listens && this.#isAvailable && !this.#closed) this.#leave()
  }

  #leave(): void {
    const now = performance.now()
    const isSoon = now - this.#since < SOON_MS
    this.#needed = isSoon ? Math.min(this.#needed * 2, MOST_PROBES) : FEWEST_PROBES
    this.#isAvailable = false
    this.#options.onChange(false)
    this.#schedule()
  }

  #schedule(pause = PROBE_MS * (0.75 + Math.random() / 2)): void {
    this.#probing = setTimeout(() => void this.#probe(), pause).unref()
  }

  async #probe(): Promise<void> {
    const begun = performance.now()
    try {
      const isGood = await this.#options.probe()
      this.#good = isGood && performance.now() - begun < PROMPT_MS ? this.#good + 1 : 0
    } catch (thrown) {
      this.failed(coerceError(thrown))
    }
    if (this.#closed) return
    if (this.#good >= this.#needed && this.#listens) this.#take()
    else this.#schedule()
  }

  #take(): void {
    this.#since = performance.now()
    this.#isAvailable = true
    this.#isTold = false
    this.#options.onChange(true)
  }

  [Symbol.dispose](): void {
    this.#closed = true
    clearTimeout(this.#probing)
  }
}
