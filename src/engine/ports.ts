/** What the engine needs of the world. Every method is required; each INVARIANT has a case in the port's conformance suite. */
import type { Decision } from '../domain/decision.ts'
import type { Limits } from '../domain/limits.ts'
import type { FileRecord, NewFile } from '../domain/file.ts'
import type { ChatRecord, MessagePart, MessageRecord } from '../domain/message.ts'
import type {
  InterruptReason,
  Lease,
  Principal,
  RunOutcome,
  RunRecord,
  RunTrigger,
} from '../domain/run.ts'
import type { StepRecord, ToolCallEnd, ToolCallRecord } from '../domain/step.ts'
import type { TurnKey, TurnRequest } from '../domain/turn.ts'
import type { ModelName, RunMessages } from './prompt/run-messages.ts'
import type { Snapshot, StepView } from './tail/view.ts'

/* The database: runs */

export type BeginLimits = Pick<
  Limits,
  'activeRuns' | 'ownerBytes' | 'pendingRuns' | 'workspacePendingRuns'
>

export type NewTurn = {
  readonly principal: Principal
  /** Id of the chat as the client knows it; the chat is made when this owner has none with it. */
  readonly chatId: string
  readonly trigger: RunTrigger
  readonly agent: string
  /** Validated extras of the request. Never secrets. */
  readonly options: unknown
  readonly turnKey?: TurnKey
  /** The run is let in with its beginning: whoever begins it has room for it, and knows of nobody who waits. */
  readonly admitted?: boolean
  /** For the message of a run that this turn supersedes. */
  readonly project: Project
  /** What this user may have at most, and how many runs may wait to be let in; none when undefined. */
  readonly limits?: BeginLimits
  /** W3C trace context that the run's executions belong to. */
  readonly traceParent?: string
} & TurnRequest

export type BeginResult =
  | { readonly kind: 'begun'; readonly run: RunRecord }
  /** This very request was made before, and this run answers it. */
  | { readonly kind: 'known'; readonly run: RunRecord }
  /** Another run of the chat is active. */
  | { readonly kind: 'active'; readonly run: RunRecord }

export type LeaseState = {
  readonly runId: string
  readonly epoch: number
  readonly stopRequested: boolean
}

/** Everything about a run that is written when it settles. */
export type Settlement = {
  readonly outcome: RunOutcome
  /** A step that the journal does not have: its model call was interrupted. */
  readonly step?: StepRecord
  /** Ends of calls that were interrupted. */
  readonly calls: readonly {
    readonly stepIndex: number
    readonly toolCallId: string
    readonly end: ToolCallEnd
  }[]
}

/** The message's parts of a run as it settled. */
export type Project = (run: RunRecord, journal: RunJournal) => readonly MessagePart[]

export interface RunStore {
  /**
   * Inserts user message, answer and run in one transaction; an edit or another answer replaces what it stands for and
   * everything after it in the same one. The run is `bound` when the workspace's setting `ai.autonomousRuns` is false. A run of the chat that waits for a person settles in it, as `aborted` with the code
   * `superseded`.
   * INVARIANT: of any number of simultaneous calls for one chat, one begins a run; those of one user begin no more runs than
   * the limit (TooManyActiveRunsError).
   * @throws QueueFullError when the run would wait to be let in, and as many wait as may; about as many, while others begin
   * INVARIANT: a turn with a key that began a run of the chat finds that run, whatever became of it and of its messages.
   * @throws MessageNotFoundError when the message that is meant is not in this chat, or was replaced
   * @throws InvalidRequestError also when the key belongs to another request
   */
  begin(turn: NewTurn): Promise<BeginResult>
  /**
   * Takes the run: `running`, epoch + 1, lease until now + ttl; undefined when somebody else has it, it is settled, asked to
   * stop, or not let in yet.
   * INVARIANT: of any number of simultaneous claims, one gets the run.
   * @param epoch - only in this one: what was offered in it and is held since then, or was, is not taken over
   */
  claim(
    runId: string,
    holder: string,
    ttlMs: number,
    epoch?: number,
  ): Promise<RunRecord | undefined>
  /**
   * Engine runs that wait for somebody: let in and not claimed, with a lapsed lease, or asked to stop while nobody holds them.
   * Oldest first. INVARIANT: a bound run, which belongs to the socket that made it, is left to it for 30 s, and what was let
   * in to whoever it was offered to for 2 s.
   */
  findUnheld(limit: number): Promise<RunRecord[]>
  /** One statement for all runs of a process. A lease that is not in the answer is lost. */
  renew(leases: readonly Lease[], ttlMs: number): Promise<LeaseState[]>
  /** Gives leases back in good order: another process may claim at once and it is not an attempt. */
  release(leases: readonly Lease[]): Promise<void>
  /**
   * Marks an active run; undefined when it is settled or foreign.
   * INVARIANT: a run whose stop was acknowledged settles as `aborted`.
   */
  requestStop(runId: string, workspaceId: string): Promise<RunRecord | undefined>
  /**
   * Settles a held run in one transaction: the interrupted step and calls, the message's parts and status, the run.
   * `project` gives the message's parts for the run as it settled.
   * INVARIANT: a writer whose epoch is not the newest changes nothing (LeaseLostError).
   */
  settle(lease: Lease, settlement: Settlement, project: Project): Promise<RunRecord>
  /**
   * Takes over an unheld run in order to settle it: epoch + 1, without executing; undefined when it is held, settled, or
   * waits and was not asked to stop.
   */
  seize(runId: string, holder: string, ttlMs: number): Promise<RunRecord | undefined>
  /**
   * Gives a held run back until a person has answered: `waiting`, nobody's, and its attempts begin anew. One that was asked
   * to stop stays `running` and held. Whoever goes on with it has to be let in again. Fenced.
   */
  wait(lease: Lease): Promise<RunRecord>
  /**
   * Takes what `userId` decided about calls of the waiting run's last step; when none of them waits any more the run becomes
   * `pending`. Undefined when the run does not wait in this epoch, or was asked to stop.
   * INVARIANT: of several decisions about a call, the first one stays.
   */
  decide(
    lease: Lease,
    userId: string,
    decisions: readonly Decision[],
  ): Promise<RunRecord | undefined>
}

/* The database: journal and ledger */

export type RunJournal = {
  readonly steps: readonly StepRecord[]
  readonly calls: readonly ToolCallRecord[]
}

export interface Journal {
  /**
   * Journals a finished model call.
   * INVARIANT: fenced; a late writer waits for a claim in progress and then writes nothing (LeaseLostError).
   */
  appendStep(lease: Lease, step: StepRecord): Promise<void>
  /** Writes `started` before a call is executed; raises `attempt` when it was started before. Fenced. */
  startCall(lease: Lease, call: ToolCallRecord): Promise<void>
  /** Writes calls that are not started now: asked for, decided, denied, awaited, with the units that say so. Fenced. */
  recordCalls(lease: Lease, calls: readonly ToolCallRecord[]): Promise<void>
  /** Writes how a call ended. Fenced. */
  endCall(lease: Lease, stepIndex: number, toolCallId: string, end: ToolCallEnd): Promise<void>
  /** Steps in order and calls in the order in which they were started. */
  load(runId: string, workspaceId: string): Promise<RunJournal>
}

/* The database: what was said */

/** One message of the history with, for an answer of ours, the journal of its run. */
export type Turn = { readonly message: MessageRecord; readonly journal: RunJournal | undefined }

export type History = {
  /** The chat's id as clients know it. */
  readonly chatId: string
  readonly turns: readonly Turn[]
}

export interface Conversations {
  findChat(principal: Principal, publicId: string): Promise<ChatRecord | undefined>
  /** A run of a chat that the principal owns. */
  findRun(principal: Principal, runId: string): Promise<RunRecord | undefined>
  /** The latest run of a chat. */
  latestRun(principal: Principal, chatPublicId: string): Promise<RunRecord | undefined>
  /** The messages of a chat in their order, without replaced ones. */
  messages(principal: Principal, chatPublicId: string): Promise<MessageRecord[]>
  message(id: string, workspaceId: string): Promise<MessageRecord | undefined>
  /** What the model is told before a run's own steps: the chat up to the run's user message. */
  history(run: RunRecord): Promise<History>
  chatOf(run: RunRecord): Promise<ChatRecord>
  /** Whether the run's chat has or had the message, and the run's answer came after it. */
  precedes(messagePublicId: string, run: RunRecord): Promise<boolean>
}

/* The database: files */

export interface Files {
  /**
   * Keeps a file that its owner brings; it goes after a day unless a message uses it.
   * INVARIANT: what has the same content, type and name is kept once for its owner.
   * @throws StorageFullError
   */
  upload(owner: Principal, file: NewFile, maxOwnerBytes: number): Promise<FileRecord>
  /** Keeps a file that a run made, for as long as its chat. INVARIANT: fenced (LeaseLostError). */
  keep(lease: Lease, file: NewFile): Promise<FileRecord>
  /** INVARIANT: a foreign file looks like a missing one. */
  find(owner: Principal, id: string): Promise<FileRecord | undefined>
  /** The bytes from `start` up to `end`; undefined when there is no such file. */
  read(owner: Principal, id: string, start: number, end: number): Promise<Uint8Array | undefined>
  /** All of it. */
  base64(owner: Principal, id: string): Promise<string | undefined>
  /**
   * Removes files that no chat uses and nobody has given for a day, by the database's clock; the number of them.
   * INVARIANT: a file that a message is about to use stays.
   */
  sweep(): Promise<number>
}

/* Who runs next, who wakes up */

export type * from './queue-ports.ts'

/* The agent */

export type * from './agent-ports.ts'

/* Time */

export interface Clock {
  /** Milliseconds; only differences mean something. */
  now(): number
  /** The wall clock, for records. */
  date(): Date
  /** A number in [0, 1) for jitter. */
  random(): number
  /** Calls back once after `ms`; the returned function forgets it. Keeps no process alive. */
  after(ms: number, callback: () => void): () => void
}

export type EngineEvents = {
  /** Background work met an error and went on. */
  error: (error: Error, context: { readonly during: string; readonly runId?: string }) => void
}

export type { InterruptReason, Snapshot, StepView, ModelName, RunMessages }
