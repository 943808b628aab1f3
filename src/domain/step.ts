/** A step: one model call with its tool calls, as the journal and the ledger keep it. */
import type { RunErrorCode } from './run.ts'

/** JSON metadata that a provider attached; it returns only to the provider that made it. */
export type ProviderMetadata = Record<string, Record<string, unknown>>

type WithMetadata = { readonly providerMetadata?: ProviderMetadata }

export type TextPart = WithMetadata & {
  readonly type: 'text' | 'reasoning'
  /** The id that the part had on the wire. */
  readonly id: string
  readonly text: string
  /** What supports the text, as the AI SDK gives it. */
  readonly citations?: readonly Citation[]
}

/** A source and the place in the text that it supports. */
export type Citation = {
  readonly source: Readonly<Record<string, unknown>>
  readonly startIndex?: number
  readonly endIndex?: number
  readonly citedText?: string
}

export type FilePart = WithMetadata & {
  readonly type: 'file' | 'reasoning-file'
  readonly mediaType: string
} & (
    | {
        /** base64 */
        readonly data: string
      }
    | {
        /** Where a large one is kept. */
        readonly url: string
      }
  )

export type SourcePart = WithMetadata & {
  readonly type: 'source'
  readonly id: string
  readonly title?: string
} & (
    | { readonly sourceType: 'url'; readonly url: string }
    | { readonly sourceType: 'document'; readonly mediaType: string; readonly filename?: string }
  )

export type CustomPart = WithMetadata & { readonly type: 'custom'; readonly kind: string }

export type ToolCallPart = WithMetadata & {
  readonly type: 'tool-call'
  readonly toolCallId: string
  readonly toolName: string
  readonly input: unknown
  /** The input text as the model wrote it; kept while it is unfinished or when it is invalid. */
  readonly rawInput?: string
  /** Set when the call cannot be executed: the tool is unknown or the input does not fit its schema. */
  readonly invalid?: string
  /** True when the model call ended before the input was complete. */
  readonly unfinished?: boolean
  readonly providerExecuted?: boolean
  /** How clients see the part: `dynamic-tool` instead of `tool-<name>`. */
  readonly dynamic?: boolean
  readonly toolMetadata?: Record<string, unknown>
}

/** The result of a tool that the provider executed inside its model call. */
export type ProviderToolResultPart = WithMetadata & {
  readonly type: 'tool-result'
  readonly toolCallId: string
  readonly toolName: string
  readonly output: unknown
  readonly isError?: boolean
  readonly preliminary?: boolean
}

export type StepPart =
  TextPart | FilePart | SourcePart | CustomPart | ToolCallPart | ProviderToolResultPart

/** First and last unit of something, within one epoch; `to` is undefined while it is open. */
export type Span = { readonly from: number; readonly to?: number | undefined }

export type Usage = {
  readonly inputTokens?: number | undefined
  readonly outputTokens?: number | undefined
  readonly totalTokens?: number | undefined
  readonly reasoningTokens?: number | undefined
  readonly cachedInputTokens?: number | undefined
  readonly cacheWriteTokens?: number | undefined
}

/**
 * What a step asked its model for. Its messages are not kept: they are journal, ledger and history, unless `prepareStep`
 * replaced them. Headers are never in it, nor texts in `providerOptions` whose names say that they are secrets.
 */
export type StepRequest = {
  /** The model that was asked; who answered stands in `StepInfo`. */
  readonly provider: string
  readonly modelId: string
  /** Kept where they differ from those of the step before, so the first step of a run has them; null when there are none. */
  readonly instructions?: Instructions | null
  readonly toolChoice?: ToolChoice
  /** Names of the tools that were offered, in the order of the agent. */
  readonly tools?: readonly string[]
  /** Temperature and the like, by the AI SDK's names. */
  readonly settings?: Readonly<Record<string, unknown>>
  readonly providerOptions?: ProviderMetadata
  /** `text`, `object`, ...: the form of the answer that was asked for, when the agent sets one. */
  readonly output?: string
  /** True when `prepareStep` or `prepareCall` gave other messages than those of journal and history. */
  readonly messagesReplaced?: boolean
}

type SystemMessage = {
  readonly role: 'system'
  readonly content: string
  readonly providerOptions?: ProviderMetadata
}
type Instructions = string | SystemMessage | readonly SystemMessage[]

type ToolChoice =
  'auto' | 'none' | 'required' | { readonly type: 'tool'; readonly toolName: string }

export type FinishReason =
  'stop' | 'length' | 'content-filter' | 'tool-calls' | 'error' | 'interrupted' | 'other'

/** What a step is apart from its content: who answered, how it ended, what it cost. */
export type StepInfo = {
  /** `interrupted`: the model call did not end by itself (a stop, a failure, a lost process). */
  readonly finishReason: FinishReason
  readonly rawFinishReason?: string | undefined
  readonly responseId?: string | undefined
  readonly provider?: string | undefined
  readonly modelId?: string | undefined
  readonly warnings?: readonly unknown[] | undefined
  readonly usage?: Usage | undefined
  /** What the model call cost, in millionths of the currency of the agent's prices; missing without prices or usage. */
  readonly costMicros?: number | undefined
  readonly startedAt?: Date | undefined
  /** When the model had said its first word. */
  readonly firstChunkAt?: Date | undefined
  readonly finishedAt?: Date | undefined
  /** Attempts in the same process before the one that this step is of. */
  readonly brokenAttempts?: readonly BrokenAttempt[] | undefined
}

/** An attempt at a model call that did not end on its own terms, and was made again. */
export type BrokenAttempt = {
  readonly startedAt: Date
  readonly endedAt: Date
  readonly errorCode: RunErrorCode
  /** A sentence that a person understands. */
  readonly error: string
}

/**
 * The model phase of a step, in the journal or still in flight.
 *
 * `parts` has the model's order; `spans[i]` says which units of the attempt part i covers, and the order of
 * `from` is the order in which readers saw the parts begin.
 */
export type StepRecord = {
  readonly stepIndex: number
  /** Epoch of the attempt that survived. */
  readonly epoch: number
  /** The unit that began the attempt, and its last one so far. */
  readonly span: { readonly from: number; readonly to: number }
  readonly parts: readonly StepPart[]
  readonly spans: readonly Span[]
  /** Missing while the model call is in flight. */
  readonly info?: StepInfo
  /** Missing in steps of older versions, and in those of a process that died before its call ended. */
  readonly request?: StepRequest
}

/**
 * `asked`: a person has to approve; `approved`: somebody did, and it is executed next; `awaited`: the client has to give
 * the output. Then `started`, and how it ended.
 */
export const TOOL_CALL_STATUSES = [
  'asked',
  'approved',
  'awaited',
  'started',
  'succeeded',
  'failed',
  'denied',
  'unknown',
] as const
export type ToolCallStatus = (typeof TOOL_CALL_STATUSES)[number]

type Unit = { readonly epoch: number; readonly n: number }

/** The question to a person whether a call may be executed, and its answer. */
export type Approval = {
  readonly id: string
  /** What the person is told beside the call. */
  readonly requestReason?: string
  /** Answered by the agent's own rules. */
  readonly automatic?: true
  readonly approved?: boolean
  readonly reason?: string
  /** The units that told readers of question and answer. */
  readonly asked?: Unit
  readonly told?: Unit
}

/** A `data-*` part that a tool wrote; `n` is its unit. */
export type DataPart = {
  readonly n: number
  readonly type: `data-${string}`
  readonly id?: string
  readonly data: unknown
}

/** A tool call of the ledger, executed by us. */
export type ToolCallRecord = {
  readonly stepIndex: number
  readonly toolCallId: string
  readonly toolName: string
  readonly input: unknown
  readonly status: ToolCallStatus
  readonly output?: unknown
  /** What the model is told instead of `output`, when the tool has its own form for it. */
  readonly modelOutput?: unknown
  readonly error?: string | undefined
  readonly data: readonly DataPart[]
  /** Epoch in which the call was executed last; its units. `to` is the unit of the result. */
  readonly epoch: number
  readonly span: Span
  /** The latest value that the tool yielded, while it runs; never stored. */
  readonly preliminary?: { readonly n: number; readonly output: unknown }
  /** Times that the tool was started. */
  readonly attempt: number
  readonly approval?: Approval
  /** The epoch that ended in the wait in which a person answered; missing when nobody had to. */
  readonly decidedEpoch?: number
}

/** The part of a tool call that says how it ended. */
export type ToolCallEnd = Pick<ToolCallRecord, 'output' | 'modelOutput' | 'error' | 'data'> & {
  readonly status: 'succeeded' | 'failed' | 'unknown'
  readonly span: { readonly from: number; readonly to: number }
}

/** Calls that this server has to execute: valid, complete and not the provider's own. */
export const executableCalls = (step: StepRecord): ToolCallPart[] =>
  step.parts.filter(
    (part): part is ToolCallPart =>
      part.type === 'tool-call' && !part.providerExecuted && !part.invalid && !part.unfinished,
  )

/** A person, or a person's client, has to say something before the run can go on. */
export const isWaiting = ({ status }: Pick<ToolCallRecord, 'status'>): boolean =>
  status === 'asked' || status === 'awaited'

/** The call has an end, whether readers know of it or not. */
export const isOver = ({ status }: Pick<ToolCallRecord, 'status'>): boolean =>
  status === 'succeeded' || status === 'failed' || status === 'denied' || status === 'unknown'

/** The call has an end that is one of the run's units. */
export const hasResult = (call: Pick<ToolCallRecord, 'status' | 'span'>): boolean =>
  isOver(call) && call.span.to !== undefined

/** Tools may act only on a model call that ended on its own terms. */
export const mayAct = (info: StepInfo | undefined): boolean =>
  info?.finishReason === 'stop' || info?.finishReason === 'tool-calls'

/** True when a step has words or a file for a person. */
export const saysSomething = ({ parts }: StepRecord): boolean =>
  parts.some((part) => part.type === 'file' || (part.type === 'text' && part.text.trim() !== ''))

/** The same call always has the same key, in every attempt: `runId:stepIndex:toolCallId`. */
export const idempotencyKey = (runId: string, stepIndex: number, toolCallId: string): string =>
  `${runId}:${stepIndex}:${toolCallId}`

/** What model and people are told of a call that was started and whose end nobody has seen. */
export const INTERRUPTED_CALL = 'The call was interrupted; its outcome is unknown.'
export const INTERRUPTED_INPUT = 'The call was interrupted before its input was complete.'
export const NOT_EXECUTED = 'The call was not executed: the run ended first.'
export const NOT_DECIDED = 'The run ended before anybody decided.'

/** What becomes of a call that has no end when its run settles; undefined for one that has. */
export const abandoned = (
  call: ToolCallRecord,
): Pick<ToolCallRecord, 'status' | 'error' | 'approval'> | undefined => {
  switch (call.status) {
    case 'asked':
      return call.approval
        ? {
            status: 'denied',
            approval: { ...call.approval, approved: false, reason: NOT_DECIDED },
          }
        : { status: 'denied' }
    case 'approved':
    case 'awaited':
      return { status: 'failed', error: NOT_EXECUTED }
    case 'started':
      return { status: 'unknown', error: INTERRUPTED_CALL }
    case 'succeeded':
    case 'failed':
    case 'denied':
    case 'unknown':
      return undefined
    default:
      return call.status satisfies never
  }
}
