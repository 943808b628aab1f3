/** What a process says of something that it depends on: one line when it fails, whoever notices first, and one when all of it works again. */
export type OutageVoiceOptions = {
  readonly tell: (error: Error) => void
  readonly back: () => void
}

/** What goes on being refused is told so often. */
const TELL_AGAIN_MS = 60_000

/** `Part`: who finds out, each in a way of its own. */
export class OutageVoice<Part extends string> {
  readonly #options: OutageVoiceOptions
  readonly #away = new Set<Part>()
  #told = { message: '', at: Number.NEGATIVE_INFINITY }

  constructor(options: OutageVoiceOptions) {
    this.#options = options
  }

  away(part: Part, error: Error): void {
    if (this.#away.size === 0) this.#tell(error)
    this.#away.add(part)
  }

  back(part: Part): void {
    if (!this.#away.delete(part) || this.#away.size > 0) return
    this.#told = { message: '', at: Number.NEGATIVE_INFINITY }
    this.#options.back()
  }

  /** One thing failed; whether that is all that does not work is not known. */
  refused(error: Error): void {
    if (this.#away.size === 0) this.#tell(error)
  }

  #tell(error: Error): void {
    const now = performance.now()
    const { message, at } = this.#told
    if (error.message === message && now - at < TELL_AGAIN_MS) return
    this.#told = { message: error.message, at: now }
    this.#options.tell(error)
  }
}
