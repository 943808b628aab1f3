/** What the engine needs of the world. Every method is required; each INVARIANT has a case in the port's conformance suite. */
import type { Decision } from '../domain/decision.ts'
import type { Experimental_LanguageModelStreamPart, ModelMessage, ToolSet } from 'ai'
import type { Limits } from '../domain/limits.ts'
import type { FileRecord, NewFile } from '../domain/file.ts'
import type { ChatRecord, MessagePart, MessageRecord } from '../domain/message.ts'
import type {
  InterruptReason,
  Lease,
  Principal,
  RunErrorCode,
  RunOutcome,
  RunRecord,
  RunTrigger,
} from '../domain/run.ts'
import type {
  DataPart,
  StepRecord,
  StepRequest,
  ToolCallEnd,
  ToolCallRecord,
  Usage,
} from '../domain/step.ts'
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

export type ModelPart = Experimental_LanguageModelStreamPart<ToolSet>
export type ModelAnswer = AsyncIterable<ModelPart>

/** What an agent is made from, the same in every process that executes the run. */
export type AgentSource = {
  readonly run: RunRecord
  /** The chat's id as clients know it. */
  readonly chatId: string
  readonly messages: RunMessages
}

export type StepContext = {
  /** The steps before, with the results of their calls. */
  readonly steps: readonly StepView[]
  /** False in the last step that a run may take: the model has to answer without tools. */
  readonly withTools: boolean
  /** True when the provider does not take what it attached to its own words: ids, signatures. */
  readonly plainly: boolean
}

/** How a step asks its model; every attempt at the step asks the same. */
export type PreparedStep = {
  readonly request: StepRequest
  readonly messages: readonly ModelMessage[]
  /** One model call; closing it or aborting the signal closes the connection. `messages`: with the bytes of files. */
  readonly call: (signal: AbortSignal, messages?: readonly ModelMessage[]) => ModelAnswer
  readonly describeFailure: (error: unknown) => ModelFailure
  /** What the call cost, in millionths of a currency unit; undefined when nobody knows. */
  readonly costMicros: (usage: Usage) => number | undefined
}

/** What came of reading the answer as the agent's structured output. */
export type OutputReading =
  | { readonly kind: 'none' }
  | { readonly kind: 'read'; readonly output: unknown }
  | { readonly kind: 'invalid'; readonly error: string }

/** What a broken model call means. Anything else that the agent throws counts as `agent_error`. */
export type ModelFailure = {
  readonly code: RunErrorCode
  /** A sentence that a person understands; no secrets. */
  readonly message: string
  readonly retryable: boolean
  readonly retryAfterMs?: number | undefined
}

export type ToolTraits = {
  readonly dynamic: boolean
  /** May be executed again when its outcome is unknown: read-only, or it honours the idempotency key. */
  readonly idempotent: boolean
  /** Can find out what became of a call whose outcome is unknown. */
  readonly recoverable: boolean
  /** How long one execution may take. */
  readonly timeoutMs: number
  /** The provider executes it, and may give its result in a later step. */
  readonly defersResults: boolean
  /** Who executes it: this server, or the client, whose output the run waits for. */
  readonly execution: 'server' | 'client'
}

/** Whether a person has to approve a call, or the agent's own rules have decided about it. */
export type Consent =
  | { readonly kind: 'not-needed' }
  | { readonly kind: 'needed'; readonly reason?: string | undefined }
  | { readonly kind: 'approved' | 'denied'; readonly reason?: string | undefined }

export type ToolInvocation = {
  readonly runId: string
  readonly chatId: string
  readonly stepIndex: number
  readonly toolCallId: string
  readonly toolName: string
  readonly input: unknown
  readonly messages: readonly ModelMessage[]
  readonly idempotencyKey: string
  readonly signal: AbortSignal
  /** Takes a `data-*` part; a transient one is sent but not kept. */
  readonly write: (part: Omit<DataPart, 'n'> & { readonly transient?: boolean }) => void
}

export type ToolUpdate =
  | { readonly type: 'preliminary'; readonly output: unknown }
  /** `modelOutput`: what the model is told instead, when the tool says so. */
  | { readonly type: 'final'; readonly output: unknown; readonly modelOutput?: unknown }

/** What a tool found out about a call of its own that was interrupted. */
export type Recovery =
  | { readonly outcome: 'succeeded'; readonly output: unknown; readonly modelOutput?: unknown }
  | { readonly outcome: 'failed'; readonly error: string }
  /** It never took effect: it may be executed now. */
  | { readonly outcome: 'not-executed' }
  | { readonly outcome: 'unknown' }

/** The agent of one run in this process. */
export interface Agent {
  readonly name: string
  /** Model calls in one run, the last of them without tools. */
  readonly maxSteps: number
  /** Further attempts after a broken model call, without progress in between. */
  readonly maxRetries: number
  readonly timeout: {
    readonly firstChunkMs: number
    readonly chunkMs: number
    /** For a whole step; undefined when it may take as long as it likes. */
    readonly stepMs: number | undefined
  }
  /** Tool calls of a step that are executed at the same time. */
  readonly toolCallConcurrency: number
  /**
   * INVARIANT: of the journaled steps alone, so that it comes to the same in the process that goes on with a run.
   * @throws AgentFailedError
   */
  prepareStep(context: StepContext): Promise<PreparedStep>
  /** Whether the run ends here although the model asked for more. @throws AgentFailedError */
  isDone(steps: readonly StepView[]): Promise<boolean>
  /** @throws AgentFailedError */
  readOutput(answer: StepRecord): Promise<OutputReading>
  /** Undefined when the agent has no such tool (any more). */
  tool(name: string): ToolTraits | undefined
  /** INVARIANT: ends with one `final`, or throws what the model is told as the tool's error. */
  runTool(invocation: ToolInvocation): AsyncIterable<ToolUpdate>
  /** Asked once, before anything of the call has happened. @throws what the model is told instead of a result */
  consent(invocation: ToolInvocation): Promise<Consent>
  /** Checks what a client says that its tool gave. @throws InvalidRequestError when the tool cannot give that */
  clientOutput(
    call: Pick<ToolInvocation, 'toolName' | 'toolCallId' | 'input'>,
    output: unknown,
  ): Promise<{ readonly output: unknown; readonly modelOutput?: unknown }>
  /** Asks a recoverable tool about a call that was started and has no result. */
  recoverTool(invocation: ToolInvocation): Promise<Recovery>
}

/** What a request says about the agent of its run; `options` are validated, and stored with the run. */
export type AgentChoice = { readonly agent: string; readonly options: unknown }

export interface Agents {
  /** @throws InvalidRequestError when there is no such agent, or it does not take these options */
  choose(wanted: {
    readonly agent?: string | undefined
    readonly options?: unknown
  }): Promise<AgentChoice>
  /** The agent of a run, from its row and its messages alone; undefined when there is none of that name. @throws AgentFailedError */
  resolve(source: AgentSource): Promise<Agent | undefined>
}

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
