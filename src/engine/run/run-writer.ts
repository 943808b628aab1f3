/**
 * The only writer of a run's units: numbers them, batches them into the chunk log and keeps the log bounded.
 *
 * INVARIANT: `n` is dense within an epoch, and the log never holds more than a snapshot and a few hundred entries.
 */
import { coerceError, LeaseLostError } from '../../domain/errors.ts'
import type { Lease } from '../../domain/run.ts'
import type { Chunk } from '../chunks.ts'
import type { ChunkLog, Clock, LogEntry, RunBus } from '../ports.ts'
import type { Snapshot } from '../tail/view.ts'

/** Units are sent at once after a pause, else together after this time: fifty times a second, which nobody sees. */
const FLUSH_MS = 20
/** Entries after which the step in flight is replaced by one snapshot. */
const COMPACT_AFTER = 64

export type RunWriterOptions = {
  readonly lease: Lease
  readonly log: ChunkLog
  readonly bus: RunBus
  readonly clock: Clock
  readonly onLeaseLost: () => void
  readonly onError: (error: Error) => void
}

type Mutable = { -readonly [K in keyof LogEntry]: LogEntry[K] }

export class RunWriter {
  readonly #options: RunWriterOptions
  #n = 0
  #pending: LogEntry[] = []
  /** The last pending entry, while further text of the same part may join it. */
  #growing: { key: unknown; entry: Mutable; text: string } | undefined
  #flushing: Promise<void> = Promise.resolve()
  #lastFlush = Number.NEGATIVE_INFINITY
  #cancelTimer: (() => void) | undefined
  #sinceSnapshot = 0
  #behind = false
  #snapshot: (() => Omit<Snapshot, 'n' | 'epoch'>) | undefined

  constructor(options: RunWriterOptions) {
    this.#options = options
  }

  /** The last unit. */
  get n(): number {
    return this.#n
  }

  /** Begins an attempt at a step; what readers had of another attempt is void. `state` gives the step as it grows. */
  begin(step: number, state: () => Omit<Snapshot, 'n' | 'epoch'>): number {
    const n = this.#add({ kind: 'begin', step })
    this.#snapshot = state
    this.#sinceSnapshot = COMPACT_AFTER + 1
    this.#schedule()
    return n
  }

  /** Goes on with a journaled step: its tools run now. */
  continue(state: () => Omit<Snapshot, 'n' | 'epoch'>): void {
    this.#snapshot = state
    this.#sinceSnapshot = COMPACT_AFTER + 1
    this.#schedule()
  }

  chunk(step: number, chunk: Chunk, lens: readonly number[] = []): number {
    const n = this.#add({ kind: 'chunk', step, chunk, ...(lens.length > 0 ? { lens } : {}) })
    this.#schedule()
    return n
  }

  /** Text of the part `key`; joins the unit before it when that has not been sent yet. */
  delta(
    step: number,
    key: unknown,
    text: string,
    lens: readonly number[],
    chunk: (text: string) => Chunk,
  ): void {
    const growing = this.#growing
    if (growing && growing.key === key) {
      growing.text += text
      Object.assign(growing.entry, { chunk: chunk(growing.text), lens })
    } else {
      this.#add({ kind: 'chunk', step, chunk: chunk(text), lens })
      this.#growing = { key, entry: this.#pending.at(-1)!, text }
    }
    this.#schedule()
  }

  end(step: number): void {
    this.#add({ kind: 'end', step })
    // The step's state does not say that it has ended: no snapshot until the next one begins.
    this.#snapshot = undefined
    this.#schedule()
  }

  /** The last entries of the run, after it has settled. `n` is given: everybody derives the same. */
  async settled(entries: readonly LogEntry[]): Promise<void> {
    this.#pending.push(...entries)
    await this.flush()
    const { bus, lease } = this.#options
    bus.publish({ kind: 'settled', runId: lease.runId })
  }

  /** Resolves when everything so far is in the log, or the log has refused it. */
  async flush(): Promise<void> {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#flushing = this.#flushing.then(() => this.#write())
    await this.#flushing
  }

  /** Forgets timers, what was not sent, and the log: whoever goes on with the run begins an attempt of its own. */
  close(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#pending = []
    this.#growing = undefined
    const { log, lease, onError } = this.#options
    log.drop(lease.runId, lease.epoch).catch((thrown: unknown) => onError(coerceError(thrown)))
  }

  #dueSnapshot(entries: readonly LogEntry[]): Snapshot | undefined {
    const due = this.#behind || this.#sinceSnapshot > COMPACT_AFTER
    if (!due || !this.#snapshot || entries[0]?.kind === 'settled') return undefined
    this.#sinceSnapshot = 0
    return { epoch: this.#options.lease.epoch, n: this.#n, ...this.#snapshot() }
  }

  #add(entry: DistributiveOmit<LogEntry, 'epoch' | 'n'>): number {
    this.#growing = undefined
    this.#n += 1
    this.#pending.push({ epoch: this.#options.lease.epoch, n: this.#n, ...entry } as LogEntry)
    return this.#n
  }

  #schedule(): void {
    if (this.#cancelTimer) return
    const wait = Math.max(0, this.#lastFlush + FLUSH_MS - this.#options.clock.now())
    this.#cancelTimer = this.#options.clock.after(wait, () => void this.flush())
  }

  async #write(): Promise<void> {
    const { log, bus, lease, clock } = this.#options
    const entries = this.#pending
    const due = this.#behind || this.#sinceSnapshot > COMPACT_AFTER
    if (entries.length === 0 && !due) return
    this.#pending = []
    this.#growing = undefined
    this.#lastFlush = clock.now()
    this.#sinceSnapshot += entries.length
    // Taken before the first await: the state is exactly what the entries up to `n` say.
    const snapshot = this.#dueSnapshot(entries)
    try {
      if (!this.#behind && entries.length > 0) await log.append(lease.runId, entries)
      if (snapshot) await log.compact(lease.runId, snapshot)
      this.#behind = false
      bus.publish({ kind: 'progress', runId: lease.runId })
    } catch (thrown) {
      if (thrown instanceof LeaseLostError) this.#options.onLeaseLost()
      else {
        // What did not reach the log is in the next snapshot.
        this.#behind = true
        this.#options.onError(coerceError(thrown))
      }
    }
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
