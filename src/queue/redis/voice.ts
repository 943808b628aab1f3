/** What a process says of its Redis: one line when something of it fails, whoever notices first, and one when all of it works again. */
import { ConfigError, QueueUnavailableError } from '../../domain/errors.ts'

export type RedisVoiceOptions = {
  readonly tell: (error: Error) => void
  readonly back: () => void
}

/** Who finds out, each over connections of its own: the watch, and the way between processes. */
export type RedisPart = 'watch' | 'way'

/** What goes on being refused is told so often. */
const TELL_AGAIN_MS = 60_000

export class RedisVoice {
  readonly #options: RedisVoiceOptions
  readonly #away = new Set<RedisPart>()
  #told = { message: '', at: Number.NEGATIVE_INFINITY }

  constructor(options: RedisVoiceOptions) {
    this.#options = options
  }

  away(part: RedisPart, error: Error): void {
    if (this.#away.size === 0) this.#tell(error)
    this.#away.add(part)
  }

  back(part: RedisPart): void {
    if (!this.#away.delete(part) || this.#away.size > 0) return
    this.#told = { message: '', at: Number.NEGATIVE_INFINITY }
    this.#options.back()
  }

  /** One command was; whether that is all that does not work is not known. */
  refused(error: Error): void {
    if (this.#away.size === 0) this.#tell(error)
  }

  #tell(error: Error): void {
    const now = performance.now()
    const { message, at } = this.#told
    if (error.message === message && now - at < TELL_AGAIN_MS) return
    this.#told = { message: error.message, at: now }
    this.#options.tell(withConsequence(error))
  }
}

const withConsequence = (error: Error): Error => {
  const message = `${error.message} Until then everything goes on over PostgreSQL, slower.`
  return error instanceof ConfigError
    ? new ConfigError(message)
    : new QueueUnavailableError(message)
}
