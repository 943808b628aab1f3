/** What the engine needs of an agent: the model's answer to each step, its tools, and what it says of both. */
import type { Experimental_LanguageModelStreamPart, ModelMessage, ToolSet } from 'ai'
import type { RunErrorCode, RunRecord } from '../domain/run.ts'
import type { DataPart, StepRecord, StepRequest, Usage } from '../domain/step.ts'
import type { RunMessages } from './prompt/run-messages.ts'
import type { StepView } from './tail/view.ts'

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
