/** Asks a database that has failed, over and over, until it answers and nothing else has failed for a while. */
import { sql } from 'kysely'
import type { OutlastDatabase } from './database.ts'

const ASK_MS = 1000
/** It may answer us and refuse others: where its disk is full, say. Who has work for it asks it more often than this. */
const QUIET_MS = 5000

export class ReturnWatch implements Disposable {
  readonly #db: OutlastDatabase
  readonly #onReturn: () => void
  #failedAt = 0
  #timer: NodeJS.Timeout | undefined
  #isAsking = false
  #isDisposed = false

  constructor(db: OutlastDatabase, onReturn: () => void) {
    this.#db = db
    this.#onReturn = onReturn
  }

  failed(): void {
    // What comes after the end has no return.
    if (this.#isDisposed) return
    this.#failedAt = performance.now()
    this.#timer ??= setInterval(() => void this.#ask(), ASK_MS).unref()
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true
    this.#rest()
  }

  async #ask(): Promise<void> {
    const failedAt = this.#failedAt
    // One that does not answer is not asked over more and more connections.
    if (this.#isAsking || performance.now() - failedAt < QUIET_MS) return
    this.#isAsking = true
    const answers = await takesWrites(this.#db).catch(() => false)
    this.#isAsking = false
    if (!answers || this.#failedAt !== failedAt || this.#isDisposed) return
    this.#rest()
    this.#onReturn()
  }

  #rest(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

/** A standby answers too. */
const takesWrites = async (db: OutlastDatabase): Promise<boolean> => {
  const { rows } = await sql<{ mode: string }>`
    select current_setting('transaction_read_only') as mode`.execute(db)
  return rows[0]?.mode === 'off'
}
