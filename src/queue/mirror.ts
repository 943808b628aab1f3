/**
 * Writes down what the runs of this process say, for those who read them in another one: all runs in one statement, a few
 * times a tenth of a second, and only while somebody reads.
 *
 * INVARIANT: no run waits for it. It copies from the log in memory, which is bounded: what it was too slow for is in the snapshot.
 */
import { randomUUID } from 'node:crypto'
import { coerceError, LeaseLostError } from '../domain/errors.ts'
import type { TailWrite } from '../domain/run-tail.ts'
import type { ChunkLog } from '../engine/ports.ts'
import { DROP_AFTER_MS } from './local.ts'
import type { Neighbours } from './neighbours.ts'

/** Where it is written down. */
export type TailSink = {
  /** @returns the runs whose writes were taken; the others are of an older epoch, or their stream is gone */
  write(writes: readonly TailWrite[]): Promise<ReadonlySet<string>>
  drop(runId: string, epoch: number): Promise<void>
}

export type MirrorOptions = {
  readonly near: ChunkLog
  readonly far: TailSink
  readonly neighbours: Pick<Neighbours, 'reads' | 'listens' | 'isAlone' | 'tell'>
  readonly onError: (error: Error) => void
}

const FLUSH_MS = 20
/**
 * What a flush costs, here and where it is read, is counted in its runs, whatever they say: who has many says more at a time.
 * Up to 40 runs wait for 20 ms, 100 for 50 ms.
 */
const MS_PER_RUN = 0.5
const LONGEST_FLUSH_MS = 150
/** For readers who look four times a second, because nobody can tell them. */
const UNHEARD_FLUSH_MS = 100
const RETRY_MS = 500
/** A stream that somebody reads and that has not grown for so long is asked for: it may have got lost. */
const DOUBT_MS = 3000
/** Written since the last snapshot before there is another one; at least as much as that one had. */
const SNAPSHOT_AFTER_CHARS = 16_384

type Stream = {
  readonly id: string
  last: number
  snapshotN: number
  snapshotChars: number
  /** Written since that snapshot. */
  chars: number
  writtenAt: number
}

type Held = {
  readonly epoch: number
  stream: Stream | undefined
  /** Whether there may be something of it to remove. */
  written: boolean
  /** Somebody with a higher epoch has written. */
  refused: boolean
  dropped: boolean
}

const START = { epoch: 0, n: 0 }

export class Mirror implements AsyncDisposable {
  readonly #options: MirrorOptions
  readonly #held = new Map<string, Held>()
  readonly #unwritten = new Set<string>()
  readonly #drops = new Map<NodeJS.Timeout, () => Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #wroteAt = Number.NEGATIVE_INFINITY
  #flushMs = FLUSH_MS
  #isCutOff = false
  #closed = false

  constructor(options: MirrorOptions) {
    this.#options = options
  }

  /** True while this process writes the run's log. */
  holds(runId: string): boolean {
    return this.#held.get(runId)?.dropped === false
  }

  /** The log in memory has something new of the run. @throws LeaseLostError when it was said to have another holder */
  grown(runId: string, epoch: number): void {
    const known = this.#held.get(runId)
    if (known?.epoch !== epoch)
      this.#held.set(runId, {
        epoch,
        stream: undefined,
        written: false,
        refused: false,
        dropped: false,
      })
    else if (known.refused) throw new LeaseLostError(runId, epoch)
    if (this.#options.neighbours.reads(runId)) this.#write(runId)
  }

  /** Somebody else reads this run. */
  wanted(runId: string): void {
    if (this.#held.has(runId)) this.#write(runId)
  }

  drop(runId: string, epoch: number): void {
    const held = this.#held.get(runId)
    if (held && held.epoch > epoch) return
    if (held) held.dropped = true
    const drop = async () => {
      if (this.#held.get(runId) === held) this.#held.delete(runId)
      // What is being written now would stand there again.
      await this.#writing
      const isElsewhere = !held && !this.#options.neighbours.isAlone
      // Whoever had it before may have died with it.
      if (held?.written || epoch > 1 || isElsewhere) await this.#dropFar(runId, epoch)
    }
    const timer = setTimeout(() => {
      this.#drops.delete(timer)
      void drop()
    }, DROP_AFTER_MS).unref()
    this.#drops.set(timer, drop)
  }

  async #dropFar(runId: string, epoch: number): Promise<void> {
    try {
      await this.#options.far.drop(runId, epoch)
    } catch (thrown) {
      // It is swept later.
      this.#trouble(thrown)
    }
  }

  #write(runId: string): void {
    this.#unwritten.add(runId)
    this.#schedule()
  }

  #schedule(pause = this.#pause): void {
    if (this.#timer || this.#writing || this.#closed) return
    const wait = Math.max(0, this.#wroteAt + pause - performance.now())
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#writing = this.#writeAll()
    }, wait).unref()
  }

  get #pause(): number {
    return this.#options.neighbours.listens
      ? this.#flushMs
      : Math.max(this.#flushMs, UNHEARD_FLUSH_MS)
  }

  async #writeAll(): Promise<void> {
    const runIds = [...this.#unwritten]
    this.#unwritten.clear()
    this.#flushMs = Math.min(Math.max(FLUSH_MS, runIds.length * MS_PER_RUN), LONGEST_FLUSH_MS)
    this.#wroteAt = performance.now()
    const { again, pause } = await this.#writeRuns(runIds)
    this.#writing = undefined
    for (const runId of again) this.#unwritten.add(runId)
    if (this.#unwritten.size > 0) this.#schedule(pause)
  }

  /** @returns those that are to be written again, and after which pause */
  async #writeRuns(
    runIds: readonly string[],
  ): Promise<{ readonly again: readonly string[]; readonly pause?: number }> {
    const { far, neighbours } = this.#options
    const writes: TailWrite[] = []
    try {
      for (const runId of runIds) writes.push(...(await this.#next(runId)))
      if (writes.length === 0) return { again: [] }
      const taken = await far.write(writes)
      this.#isCutOff = false
      for (const { runId, after, last } of writes)
        if (taken.has(runId) && after !== last) neighbours.tell({ kind: 'progress', runId })
      const lost = writes.filter(({ runId }) => !taken.has(runId))
      for (const write of lost) this.#lost(write)
      return { again: lost.map(({ runId }) => runId) }
    } catch (thrown) {
      this.#trouble(thrown)
      // Whether it was written is not known.
      for (const { runId } of writes) this.#forget(runId)
      return { again: writes.map(({ runId }) => runId), pause: RETRY_MS }
    }
  }

  /** What the run has said since it was written down last. */
  async #next(runId: string): Promise<readonly TailWrite[]> {
    const held = this.#held.get(runId)
    if (!held || held.refused) return []
    const { epoch, stream } = held
    const after = stream ? { epoch, n: stream.last } : START
    const { snapshot, entries } = await this.#options.near.read(runId, after)
    const first = entries[0]
    const last = entries.at(-1)?.n ?? stream?.last ?? snapshot?.n
    if (last === undefined) return []
    if (stream && !first && performance.now() - stream.writtenAt < DOUBT_MS) return []
    if (stream && first && first.n !== stream.last + 1) {
      held.stream = undefined
      return this.#next(runId)
    }
    const text = first ? JSON.stringify(entries) : null
    const own: Stream = stream ?? {
      id: randomUUID(),
      last: 0,
      snapshotN: -1,
      snapshotChars: 0,
      chars: Number.POSITIVE_INFINITY,
      writtenAt: 0,
    }
    own.chars += text?.length ?? 0
    const due = Math.max(SNAPSHOT_AFTER_CHARS, own.snapshotChars)
    own.writtenAt = performance.now()
    const isDue = snapshot && snapshot.n > own.snapshotN && own.chars >= due
    const write: TailWrite = {
      runId,
      epoch,
      stream: own.id,
      after: stream ? own.last : null,
      last,
      entries: text,
      snapshot: isDue ? JSON.stringify(snapshot) : null,
      trim: isDue && own.snapshotN > 0 ? own.snapshotN : null,
    }
    own.last = last
    if (isDue) Object.assign(own, { snapshotN: snapshot.n, snapshotChars: write.snapshot!.length })
    if (isDue || !stream) own.chars = 0
    held.stream = own
    held.written = true
    return [write]
  }

  #forget(runId: string): void {
    const held = this.#held.get(runId)
    if (held) held.stream = undefined
  }

  #lost({ runId, epoch, after }: TailWrite): void {
    const held = this.#held.get(runId)
    if (held?.epoch !== epoch) return
    held.stream = undefined
    // A stream may be gone because the database has crashed; its place is refused only to a late holder.
    if (after === null) held.refused = true
  }

  #trouble(thrown: unknown): void {
    if (!this.#isCutOff) this.#options.onError(coerceError(thrown))
    this.#isCutOff = true
  }

  /** Nothing of it stays behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#writing
    const drops = [...this.#drops]
    this.#drops.clear()
    for (const [timer, drop] of drops) {
      clearTimeout(timer)
      await drop()
    }
  }
}
