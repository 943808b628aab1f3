/**
 * Runs of other processes as this one has read them: one copy for all its readers, and one look at a time for all of them.
 *
 * INVARIANT: a copy is as the log of the run was at one time, so its readers are late at worst.
 */
import { coerceError } from '../domain/errors.ts'
import type { TailPlace, TailRead } from '../domain/run-tail.ts'
import type { LogEntry, LogRead, RunBus, Snapshot } from '../engine/ports.ts'
import type { Neighbours } from './neighbours.ts'
import { entriesAfter } from './run-entries.ts'

/** Where runs are written down. */
export type TailSource = {
  /**
   * What there is beyond these places: of a higher epoch, or further in the same one. Places without news are left out.
   * INVARIANT: of one instant for each run, and whole where the stream is another one.
   */
  read(places: readonly TailPlace[]): Promise<readonly TailRead[]>
}

export type ReplicasOptions = {
  readonly far: TailSource
  readonly bus: Pick<RunBus, 'publish'>
  readonly neighbours: Pick<Neighbours, 'want'>
  /** Whether the run is executed here after all. */
  readonly isOurs: (runId: string) => boolean
  readonly onError: (error: Error) => void
}

/** A run that was begun here is most likely executed here, a moment later. */
const FIRST_LOOK_MS = 20
/** Readers look four times a second when they are told nothing. */
const STALE_MS = 200
/** A copy that nobody reads is forgotten. */
const UNREAD_MS = 5000

type Replica = {
  epoch: number
  stream: string | null
  last: number
  snapshots: number
  snapshot: Snapshot | undefined
  /** From the snapshot before the latest on. */
  entries: readonly LogEntry[]
  readAt: number
  lookedAt: number
}

export class Replicas implements AsyncDisposable {
  readonly #options: ReplicasOptions
  readonly #replicas = new Map<string, Replica>()
  readonly #unseen = new Set<string>()
  #looking: Promise<void> | undefined
  #isCutOff = false
  #closed = false

  constructor(options: ReplicasOptions) {
    this.#options = options
  }

  /** What is known here now. Somebody looks for more, and says so on the bus. */
  read(runId: string, after: { readonly epoch: number; readonly n: number }): LogRead {
    const now = performance.now()
    const replica = this.#replicas.get(runId) ?? this.#begin(runId, now)
    replica.readAt = now
    if (now - replica.lookedAt > STALE_MS) this.look(runId)
    return { snapshot: replica.snapshot, entries: entriesAfter(replica.entries, after) }
  }

  /** There may be something new of a run. */
  look(runId: string): void {
    const replica = this.#replicas.get(runId)
    if (!replica || this.#closed) return
    replica.lookedAt = performance.now()
    this.#unseen.add(runId)
    this.#looking ??= this.#lookAll().finally(() => (this.#looking = undefined))
  }

  /** Those that somebody reads here. */
  reads(): readonly string[] {
    const before = performance.now() - UNREAD_MS
    for (const [runId, { readAt }] of this.#replicas)
      if (readAt < before || this.#options.isOurs(runId)) this.#replicas.delete(runId)
    return [...this.#replicas.keys()]
  }

  #begin(runId: string, now: number): Replica {
    const replica: Replica = {
      epoch: 0,
      stream: null,
      last: 0,
      snapshots: 0,
      snapshot: undefined,
      entries: [],
      readAt: now,
      lookedAt: now,
    }
    this.#replicas.set(runId, replica)
    setTimeout(() => {
      if (this.#closed || this.#options.isOurs(runId)) return
      this.#options.neighbours.want(runId)
      this.look(runId)
    }, FIRST_LOOK_MS).unref()
    return replica
  }

  async #lookAll(): Promise<void> {
    while (this.#unseen.size > 0 && !this.#closed) {
      const asked = new Map<string, Replica>()
      for (const runId of this.#unseen) {
        const replica = this.#replicas.get(runId)
        if (replica) asked.set(runId, replica)
      }
      this.#unseen.clear()
      try {
        const reads = await this.#options.far.read([...asked].map(placeOf))
        for (const read of reads) this.#take(read, asked.get(read.runId))
        this.#isCutOff = false
      } catch (thrown) {
        if (!this.#isCutOff) this.#options.onError(coerceError(thrown))
        this.#isCutOff = true
      }
    }
  }

  #take(read: TailRead, replica: Replica | undefined): void {
    const { runId, epoch, stream, last, snapshots, snapshot: text, rows } = read
    // An answer fits the copy that asked, and that one may have been forgotten.
    if (!replica || this.#replicas.get(runId) !== replica) return
    const entries = rows === null ? [] : (JSON.parse(rows) as LogEntry[][]).flat()
    const snapshot = text === null ? undefined : (JSON.parse(text) as Snapshot)
    const goesOn =
      stream === replica.stream && (entries[0]?.n ?? replica.last + 1) === replica.last + 1
    const before = goesOn ? replica.snapshot : undefined
    const all = goesOn ? [...replica.entries, ...entries] : entries
    // A reader that keeps up needs no snapshot: what the one before it did not cover stays.
    const covered = snapshot && before ? before.n : 0
    Object.assign(replica, {
      epoch,
      stream,
      last,
      snapshots,
      snapshot: snapshot ?? before,
      entries: covered > 0 ? all.filter(({ n }) => n > covered) : all,
    })
    this.#options.bus.publish({ kind: 'progress', runId })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await this.#looking
  }
}

const placeOf = ([runId, replica]: [string, Replica]): TailPlace => {
  const { epoch, stream, last, snapshots } = replica
  return { runId, epoch, stream, last, snapshots }
}
