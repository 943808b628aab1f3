/**
 * Follows one run for one reader: replay, then follow, until the run has settled or waits for a person.
 *
 * The order is what leaves no gap: subscribe, then read the journal, then the log. Readers pull, so a slow one gets the
 * state of the step in flight instead of a queue.
 */
import { InvariantError, isRetryable } from '../../domain/errors.ts'
import { START, type Position } from '../../domain/position.ts'
import { isAtRest, type RunRecord } from '../../domain/run.ts'
import type { Chunk } from '../chunks.ts'
import { pause } from '../run/execution.ts'
import type { ChunkLog, Clock, Conversations, Journal, LogRead, RunBus } from '../ports.ts'
import { RunReader } from './reader.ts'
import { coalesce, type Frame } from './replay.ts'
import { isResolved, viewOf, withSnapshot, type RunView, type Snapshot } from './view.ts'

/** How often a reader looks at the log although nobody told it to. */
const POLL_MS = 250
/** Looks without news after which it asks the database too. */
const POLLS_PER_RELOAD = 8
/** How long a reader waits before it asks a database again that could not answer. */
const OUTAGE_MS = 1000

export type TailPorts = {
  readonly conversations: Conversations
  readonly journal: Journal
  readonly log: ChunkLog
  readonly bus: RunBus
  readonly clock: Clock
}

export class Tail {
  readonly #ports: TailPorts
  readonly #run: RunRecord
  readonly #start: Chunk | undefined
  readonly #after: Position | undefined
  #ended = false

  /** @param start - the first chunk, for a reader that has to be told which message it reads */
  constructor(
    ports: TailPorts,
    run: RunRecord,
    start: Chunk | undefined,
    after: Position | undefined,
  ) {
    this.#ports = ports
    this.#run = run
    this.#start = start
    this.#after = after
  }

  /** True once the last frame was handed out, or the run is gone. */
  get ended(): boolean {
    return this.#ended
  }

  async *frames(signal: AbortSignal): AsyncGenerator<readonly Frame[]> {
    const { bus, log } = this.#ports
    const reader = new RunReader(this.#after)
    using news = new News(bus, this.#run.id, { clock: this.#ports.clock, signal })
    if (this.#start) yield [{ position: this.#after ?? START, chunk: this.#start }]
    let isNew = isUntouched(this.#run) && !this.#after
    while (!signal.aborted) {
      const frames = isNew
        ? reader.catchUp(viewOf(this.#run, [], []))
        : await this.#patiently(signal, () => this.#reload(reader))
      if (signal.aborted) return
      if (!frames) {
        this.#ended = true
        return
      }
      if (frames.length > 0) yield frames
      let silent = 0
      // A hole right after a reload has to be waited out: the log lags behind.
      let reloaded = !isNew
      isNew = false
      while (!reader.ended && !signal.aborted) {
        const { frames: next, hole } = this.#follow(
          reader,
          await log.read(this.#run.id, reader.position),
        )
        if (next.length > 0) yield next
        if (reader.ended || (hole && !reloaded)) break
        reloaded = false
        silent = next.length > 0 ? 0 : silent + 1
        if (silent > POLLS_PER_RELOAD || (next.length === 0 && news.takeRest())) break
        await news.wait(POLL_MS)
      }
      if (reader.ended) {
        this.#ended = true
        return
      }
    }
  }

  /** An outage of the database is waited out: the reader stays. Undefined when the reader left meanwhile. */
  async #patiently<T>(signal: AbortSignal, look: () => Promise<T>): Promise<T | undefined> {
    for (;;) {
      try {
        return await look()
      } catch (thrown) {
        if (signal.aborted) return undefined
        if (!isRetryable(thrown)) throw thrown
        await pause(this.#ports.clock, OUTAGE_MS, signal)
      }
    }
  }

  /** Everything the database and the log know beyond the reader; undefined when the run is gone. */
  async #reload(reader: RunReader): Promise<readonly Frame[] | undefined> {
    const { log } = this.#ports
    for (let attempt = 0; attempt < 100; attempt++) {
      const view = await this.#view()
      if (!view) return undefined
      const read = await log.read(this.#run.id, reader.position)
      // The log may be ahead of a journal that was read a moment earlier, never the other way round.
      if (isAhead(read.snapshot, view) && !isAtRest(view.run.status)) continue
      const frames = reader.catchUp(withSnapshot(view, read.snapshot))
      return coalesce([...frames, ...this.#follow(reader, read).frames])
    }
    throw new InvariantError(`The journal of run ${this.#run.id} stays behind its log.`)
  }

  #follow(reader: RunReader, { entries }: LogRead): { frames: Frame[]; hole: boolean } {
    const frames: Frame[] = []
    for (const entry of entries) {
      if (reader.ended) break
      const next = reader.follow(entry)
      if (next === 'hole') return { frames: coalesce(frames), hole: true }
      frames.push(...next)
    }
    return { frames: coalesce(frames), hole: false }
  }

  async #view(): Promise<RunView | undefined> {
    const { conversations, journal } = this.#ports
    const { id, workspaceId, createdBy: userId } = this.#run
    const find = () => conversations.findRun({ workspaceId, userId }, id)
    for (let run = await find(); run; run = await find()) {
      const { steps, calls } = await journal.load(id, workspaceId)
      const view = viewOf(run, steps, calls)
      if (run.status !== 'waiting') return view
      // Decided about between the two: who is shown the decision must not be told that nothing follows.
      const now = await find()
      if (now?.status === 'waiting' && now.leaseEpoch === run.leaseEpoch) return view
    }
    return undefined
  }
}

/** Before a step begins, those before it are in the journal, and their calls have ended. */
const isAhead = (snapshot: Snapshot | undefined, { steps }: RunView): boolean => {
  const index = snapshot?.step.stepIndex ?? 0
  return index > steps.length || steps.slice(0, index).some((step) => !isResolved(step))
}

/** Nobody had claimed it when its row was read: nothing of it was journaled, and the log has it from its first unit. */
const isUntouched = ({ status, leaseEpoch }: RunRecord): boolean =>
  status === 'pending' && leaseEpoch === 0

/** Wakes a reader when the bus says that something happened, when the reader leaves, at the latest after a while. */
class News implements Disposable {
  readonly #clock: Clock
  readonly #signal: AbortSignal
  readonly #unsubscribe: () => void
  #fresh = false
  #rests = false
  #resolve = () => {}

  constructor(
    bus: RunBus,
    runId: string,
    { clock, signal }: { clock: Clock; signal: AbortSignal },
  ) {
    this.#clock = clock
    this.#signal = signal
    signal.addEventListener('abort', this.#wake, { once: true })
    this.#unsubscribe = bus.subscribe(runId, ({ kind }) => {
      if (kind === 'stop' || kind === 'pending' || kind === 'released') return
      this.#fresh = true
      if (kind === 'settled' || kind === 'waiting') this.#rests = true
      this.#wake()
    })
  }

  /** True when the run is said to have settled, or to wait, since this was asked last. */
  takeRest(): boolean {
    const rests = this.#rests
    this.#rests = false
    return rests
  }

  async wait(ms: number): Promise<void> {
    if (!this.#fresh && !this.#signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#resolve = resolve
      const forget = this.#clock.after(ms, resolve)
      await promise
      forget()
    }
    this.#fresh = false
  }

  readonly #wake = (): void => this.#resolve();

  [Symbol.dispose](): void {
    this.#unsubscribe()
    this.#signal.removeEventListener('abort', this.#wake)
    this.#wake()
  }
}
