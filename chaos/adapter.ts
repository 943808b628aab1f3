/** The port to a run server under test: everything that the kit does to it and sees of it goes through here. */
import type { Fleet } from './fleet.ts'

/** One thing of an answer on its way to a reader; the id is what the reader comes back with. */
export type Frame = { readonly id: string; readonly chunk: unknown }

/** Thrown by a stream that ended as if it were complete although it was not: its client would not come back. */
export class EndedTooSoonError extends Error {}

/** Thrown by `send` for a message that the server cannot take now and may take later. */
export class NotNowError extends Error {}

export type Turn = {
  readonly chat: string
  /** Chosen by the kit. Sent again with the same id it is the same message, and must not begin a second run. */
  readonly message: string
  /** The message of the chat whose place it takes; undefined for one that comes after all others. */
  readonly edits?: string
  /** A RunScript as JSON: what the model and the tools of the answer do. */
  readonly text: string
}

export type Answer = {
  /** How the server calls the run. */
  readonly run: string
  /** Ends when the answer is complete, and throws when the connection breaks before. */
  readonly frames: AsyncIterable<Frame>
}

/** A call of the answer that nobody has decided about; the run waits for it. */
export type Question = { readonly id: string; readonly step: number; readonly call: number }

/** A request that the model was sent. */
export type ModelCall = {
  /** Name of the script, which is the name of the run in the kit. */
  readonly run: string
  readonly step: number
  /** Counts the requests of all runs; what the model says contains it, so that no two attempts say the same. */
  readonly asked: number
  readonly at: number
  /** The process that sent it, and its operating system's id for it. */
  readonly process: number
  readonly pid: number
}

/** An act of a tool that the world outside can see. */
export type Effect = {
  readonly run: string
  readonly step: number
  readonly call: number
  readonly tool: string
  /** `asked` of the model call that wanted it. */
  readonly asked: number
  /** The idempotency key that the server gave the tool. */
  readonly key: string
  readonly at: number
  readonly process: number
  readonly pid: number
}

/** A run as the server's own records have it. */
export type RunState = {
  readonly run: string
  readonly message: string
  readonly status: 'active' | 'succeeded' | 'failed' | 'aborted'
  readonly errorCode: string | null
  readonly finishedAt: number | undefined
  /** The persisted answer, in the form in which `reassemble` gives it. */
  readonly answer: unknown
  /** The texts of the persisted answer, one a step that has any. */
  readonly said: readonly string[]
  /** The journal, in the order in which it was read; undefined for a server that keeps none. */
  readonly journal?: {
    readonly stepCount: number
    /** `from` and `to` are units that grow along a run; a new holder begins anew with a higher epoch. */
    readonly steps: readonly {
      readonly index: number
      readonly epoch: number
      readonly from: number
      readonly to: number
    }[]
  }
  /** The records of tool calls; undefined for a server that keeps none. */
  readonly calls?: readonly {
    readonly step: number
    readonly call: number
    readonly status:
      'asked' | 'approved' | 'started' | 'succeeded' | 'failed' | 'denied' | 'unknown'
  }[]
}

/** A process that ended although nobody had told it to, or not as it should. */
export type Exit = {
  readonly process: number
  readonly at: number
  readonly code: number | null
  readonly said: string
}

export type DatabaseState = 'open' | 'cut' | 'stalled'

/** What one process has of Redis: everything, refused connections, or answers that come so many milliseconds late. */
export type RedisState = 'open' | 'cut' | { readonly lateMs: number }

/** The Redis that all processes share. It is not the truth: whatever becomes of it explains nothing. */
export interface RedisUnderTest {
  /** SIGKILL; resolves when it is dead. */
  kill(): Promise<void>
  /** A dead one again, under its old address, empty. */
  start(): Promise<void>
  /** Everything in it is gone. */
  flush(): Promise<void>
  freeze(): void
  thaw(): void
  of(process: number, state: RedisState): void
}

/**
 * Processes are named by their number, from 0. Requests reject when the process does not answer; the kit asks another one
 * then. All times are milliseconds of this machine's wall clock.
 */
export interface RunServer extends AsyncDisposable, Fleet {
  /** Undefined for a fleet without one. */
  readonly redis?: RedisUnderTest
  /** To a process that takes requests, as everything down to `decide`. */
  send(process: number, turn: Turn, signal: AbortSignal): Promise<Answer>
  /** @param after - id of the last frame that the reader has; undefined: from the beginning */
  attach(
    process: number,
    run: string,
    after: string | undefined,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Frame>>
  /** @returns what the server answered: whether the run will end as stopped */
  stop(process: number, run: string, signal: AbortSignal): Promise<boolean>
  /** What a reader that was sent these frames is asked. An answer that ends with questions goes on when they are answered. */
  questions(frames: readonly Frame[]): readonly Question[]
  /** Says what a person has decided about a question. */
  decide(
    process: number,
    run: string,
    decisions: readonly { readonly id: string; readonly agreed: boolean }[],
    signal: AbortSignal,
  ): Promise<void>
  /** What a client makes of all frames of an answer, in a form that can be compared with `RunState.answer`. */
  reassemble(frames: readonly Frame[]): Promise<unknown>

  /** SIGKILL; resolves when it is dead. */
  kill(process: number): Promise<void>
  /** SIGTERM; resolves when it has ended. An exit code other than 0 belongs into `exits`. */
  terminate(process: number): Promise<void>
  /** Starts a dead process again, under its old address; resolves when it answers. */
  start(process: number): Promise<void>
  freeze(process: number): void
  thaw(process: number): void
  /** What this process has of its database: everything, refused connections, or silence. */
  database(process: number, state: DatabaseState): void

  modelCalls(): readonly ModelCall[]
  effects(): Promise<readonly Effect[]>
  /** All runs, read past the processes. */
  runs(): Promise<readonly RunState[]>
  readonly exits: readonly Exit[]
}
