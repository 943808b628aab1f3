/** What the engine needs in order to hand runs out, to wake up whoever waits, and to carry units to readers. */
import type { UIMessageChunk } from 'ai'
import type { Principal } from '../domain/run.ts'
import type { Snapshot } from './tail/view.ts'

/** A run that may be executed now, in the epoch in which nobody holds it. */
export type Offer = { readonly runId: string; readonly epoch: number }

/** How many runs may be let in; Infinity: no limit. */
export type AdmissionBounds = {
  /** By this call. */
  readonly most: number
  /** Let in and not at rest, at a time: of one workspace, and of the whole. */
  readonly workspaceRuns: number
  readonly runs: number
}

/** `left`: others wait, whoever may let them in. */
export type Admitted = { readonly offers: readonly Offer[]; readonly left: boolean }

export type QueueState = {
  /** Runs that wait to be let in, and for how long the oldest of them has. */
  readonly pending: number
  readonly oldestMs: number
  /** Runs that were let in and are not at rest, bound ones included. */
  readonly admitted: number
}

/** Who is executed next, decided in the database. A bound run needs no admission, and counts. */
export interface Admissions {
  /**
   * Lets the next pending runs in, workspaces in turn: first the one that has the fewest in, then who has waited longest
   * since a run of its was let in; within a workspace the oldest first.
   * INVARIANT: however many call at the same time, no workspace and not the whole has more in than the bounds, and a run is
   * let in once. Who waits for a person is not in; it waits for admission again when it goes on.
   */
  admit(bounds: AdmissionBounds): Promise<Admitted>
  state(): Promise<QueueState>
}

/** `declined`: nothing was done with the run, for want of room or because the process ends. */
export type OfferHandler = (offer: Offer) => Promise<'handled' | 'declined'>

export interface RunQueue {
  /** How far an offer goes now: to the worker of this process, or to those of the whole fleet. */
  readonly reach: 'process' | 'fleet'
  /**
   * Hands a run to a worker. INVARIANT: a hint; the sweep finds what reached nobody, so trouble is reported and never thrown.
   * INVARIANT: the same offer made twice is taken once or twice, which does no harm: the claim decides.
   */
  offer(offer: Offer): Promise<void>
  /**
   * Calls `handler` for what is offered, for at most `concurrency` runs at a time: each counts until its promise settles.
   * INVARIANT: what reaches the fleet and is declined is offered again, to another worker or a little later.
   * Disposing takes nothing more and waits for nobody.
   */
  work(handler: OfferHandler, concurrency: number): AsyncDisposable
}

export type Signal = {
  /**
   * `pending`: the run, and perhaps others, wait for somebody who has room for them. `released`: its process shuts down, and
   * somebody else has to go on with it.
   */
  readonly kind: 'stop' | 'progress' | 'waiting' | 'settled' | 'pending' | 'released'
  readonly runId: string
}

/** Something in a chat of this owner is not as it was, or the chat is gone. It is named by our id, or by its client's. */
export type ChatSignal = Principal & ({ readonly id: string } | { readonly chatId: string })

export interface RunBus {
  /** INVARIANT: only a hint. When none arrives everything still happens, after the polling interval. */
  publish(signal: Signal): void
  /** Signals about one run, or about all. */
  subscribe(runId: string | '*', listener: (signal: Signal) => void): () => void
  /** INVARIANT: as `publish`; whoever hears of it looks into the database. */
  publishChat(signal: ChatSignal): void
  /** Signals about the chats of one owner. INVARIANT: never about those of another. */
  subscribeChats(owner: Principal, listener: (signal: ChatSignal) => void): () => void
}

/** One unit of a run on its way to readers. `lens` as in Position. */
export type LogEntry = {
  readonly epoch: number
  readonly n: number
  readonly step: number
  readonly lens?: readonly number[]
} & (
  | { readonly kind: 'begin' }
  | { readonly kind: 'chunk'; readonly chunk: UIMessageChunk }
  | { readonly kind: 'end' }
  | { readonly kind: 'settled'; readonly chunk: UIMessageChunk; readonly last: boolean }
)

export type LogRead = {
  /** The latest state of the step in flight. */
  readonly snapshot: Snapshot | undefined
  /** Entries after the given position, in order; those that the snapshot covers may be missing. */
  readonly entries: readonly LogEntry[]
}

export interface ChunkLog {
  /** INVARIANT: after a snapshot or an entry of an epoch, those of a lower one are refused (LeaseLostError). */
  append(runId: string, entries: readonly LogEntry[]): Promise<void>
  /**
   * Replaces the snapshot; entries that the snapshot before it covered may go. Fenced like `append`.
   * INVARIANT: a reader that keeps up meets no hole.
   */
  compact(runId: string, snapshot: Snapshot): Promise<void>
  /** INVARIANT: of one instant; the entries are dense, and complete after the snapshot. */
  read(runId: string, after: { readonly epoch: number; readonly n: number }): Promise<LogRead>
  /**
   * The run has settled, or is not held with this epoch any more: what the log has of it may go as soon as current readers
   * had a chance to take it. INVARIANT: what a higher epoch has appended stays.
   */
  drop(runId: string, epoch: number): Promise<void>
}
