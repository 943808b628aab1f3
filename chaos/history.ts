/** What was seen of a chaos run, from outside: plain data, from which the checks decide. */
import type { Effect, Exit, ModelCall, RunState } from './adapter.ts'
import type { Fleet } from './fleet.ts'
import type { ProcessFault, RedisFault } from './plan.ts'
import type { RunScript } from './script.ts'

export type Profile = Fleet & {
  readonly seed: number
  readonly runs: number
  readonly redis: boolean
  readonly inFlight: number
  readonly leaseMs: number
  /** A fault comes each so many milliseconds. */
  readonly faultMs: number
  /** Times that the server may begin a run without progress before it gives it up. */
  readonly attempts: number
  /** What everything has to settle in, once the faults are over. */
  readonly settleMs: number
}

export type FaultRecord = {
  readonly kind: ProcessFault
  readonly process: number
  readonly from: number
  /** When it was over, the process had started again and answered. */
  to: number
}

/** Apart from the others, because it explains nothing: whatever becomes of Redis, no call is repeated and no outcome lost. */
export type RedisFaultRecord = {
  readonly kind: RedisFault
  /** Undefined: Redis itself, for everybody. */
  readonly process: number | undefined
  readonly from: number
  to: number
}

export type ReaderRecord = {
  readonly name: string
  /** True when it was told that the answer is complete. */
  done: boolean
  doneAt?: number
  /** Connections that ended as if the answer were complete. */
  endedTooSoon: number
  connections: number
  /** What it has in the end. */
  answer?: unknown
  /** Every frame that it was sent, in the order of arrival; `connection` counts from 1. */
  readonly frames: { readonly connection: number; readonly id: string; readonly chunk: unknown }[]
  lastError?: string
}

export type RunRecord = {
  readonly script: RunScript
  readonly chat: string
  readonly message: string
  /** The message whose place it takes. */
  readonly edits?: string
  /** Undefined until a process took the message. */
  sentAt?: number
  /** All ids under which the server has spoken of it. */
  readonly ids: Set<string>
  readonly readers: ReaderRecord[]
  readonly stops: {
    readonly at: number
    readonly answer: 'acknowledged' | 'refused' | 'unanswered'
  }[]
}

export type History = {
  readonly profile: Profile
  readonly startedAt: number
  readonly endedAt: number
  readonly runs: readonly RunRecord[]
  readonly faults: readonly FaultRecord[]
  readonly redisFaults: readonly RedisFaultRecord[]
  readonly readersCut: number
  readonly modelCalls: readonly ModelCall[]
  readonly effects: readonly Effect[]
  readonly states: readonly RunState[]
  readonly exits: readonly Exit[]
}
