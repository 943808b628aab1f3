/**
 * Remembers when this process had lost the database (or was asleep): the leases of others lapsed in the same outage, and
 * their holders get one lease time to renew them before anybody here takes over.
 */
import type { Clock } from '../ports.ts'

export class Outages {
  readonly #clock: Clock
  readonly #ttlMs: number
  #reachedAt: number
  #backAt = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, ttlMs: number) {
    this.#clock = clock
    this.#ttlMs = ttlMs
    this.#reachedAt = clock.now()
  }

  /** The database has answered. */
  reached(): void {
    const now = this.#clock.now()
    // Renewals are a third of a lease apart: after a shorter silence no healthy holder's lease has lapsed.
    if (now - this.#reachedAt > (this.#ttlMs * 2) / 3) this.#backAt = now
    this.#reachedAt = now
  }

  mayTakeOver(): boolean {
    return this.#clock.now() - this.#backAt >= this.#ttlMs
  }
}
