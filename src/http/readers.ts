/** How many streams each user reads from this process: a reader is cheap, but not free. */
import { TooManyReadersError } from '../domain/errors.ts'
import { limitSentence } from '../domain/limits.ts'
import type { Principal } from '../domain/run.ts'

export class Readers {
  readonly #most: number
  readonly #open = new Map<string, number>()

  constructor(most: number) {
    this.#most = most
  }

  /** @throws TooManyReadersError */
  enter({ workspaceId, userId }: Principal): ReaderPlace {
    const key = JSON.stringify([workspaceId, userId])
    const open = this.#open.get(key) ?? 0
    if (open >= this.#most) throw new TooManyReadersError(limitSentence('readers', this.#most))
    this.#open.set(key, open + 1)
    return new ReaderPlace(() => {
      const left = (this.#open.get(key) ?? 1) - 1
      if (left > 0) this.#open.set(key, left)
      else this.#open.delete(key)
    })
  }
}

/** The place of one reader: free when its request was answered, or when what it reads has ended. */
export class ReaderPlace implements Disposable {
  #free: (() => void) | undefined
  #reading = false

  constructor(free: () => void) {
    this.#free = free
  }

  /** Keeps the place until the stream has ended, however long after its request. */
  async during(stream: Promise<void>): Promise<void> {
    this.#reading = true
    try {
      await stream
    } finally {
      this.#reading = false
      this[Symbol.dispose]()
    }
  }

  [Symbol.dispose](): void {
    if (this.#reading) return
    this.#free?.()
    this.#free = undefined
  }
}
