/** What the engine needs in order to hand runs out, to wake up whoever waits, and to carry units to readers. */
import type { UIMessageChunk } from 'ai'
import type { Principal } from '../domain/run.ts'
import type { Snapshot } from './tail/view.ts'

/** A run that may be executed now, in the epoch in which nobody holds it. */
export type Offer = { readonly runId: string; readonly epoch: number }

export interface RunQueue {
  /** How far an offer goes: to the worker of this process, or to those of the whole fleet. */
  readonly reach: 'process' | 'fleet'
  /**
   * Hands a run to a worker. INVARIANT: a hint; the sweep finds what reached nobody, so trouble is reported and never thrown.
   * INVARIANT: the same offer made twice is taken once or twice, which does no harm: the claim decides.
   */
  offer(offer: Offer): Promise<void>
  /**
   * Calls `handler` for what is offered, for at most `concurrency` runs at a time: each counts until its promise settles.
   * Disposing takes nothing more and waits for nobody.
   */
  work(handler: (runId: string) => Promise<void>, concurrency: number): AsyncDisposable
}

export type Signal = {
  readonly kind: 'stop' | 'progress' | 'waiting' | 'settled'
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
