/** How long a client waits before it tries again. */

const FIRST_MS = 250
const MOST_MS = 10_000

export class Backoff {
  #attempt = 0

  /** After something worked. */
  reset(): void {
    this.#attempt = 0
  }

  /**
   * Milliseconds until the next attempt: twice as long each time, half of it by chance, so that the readers of a server
   * that restarts do not all come back in the same moment.
   * @param least - what the server asked for
   */
  next(least = 0): number {
    const whole = Math.min(FIRST_MS * 2 ** this.#attempt, MOST_MS)
    this.#attempt += 1
    return Math.max(whole / 2 + (Math.random() * whole) / 2, least)
  }
}
