/** What the engine offers for chats and runs as records: to list, open, name, take out and remove them. */
import type { ModelMessage } from 'ai'
import type { ListPosition, MessageSlice, PageRequest, RunFilter } from '../domain/catalog.ts'
import type { MessageStatus } from '../domain/message.ts'
import type { RunStatistics, RunTotals, TimeRange } from '../domain/overview.ts'
import type { HoldEnd, Principal, RunStatus } from '../domain/run.ts'
import type {
  Approval,
  BrokenAttempt,
  StepInfo,
  StepRequest,
  ToolCallStatus,
  Usage,
} from '../domain/step.ts'
import type { RunSummary, UiMessage } from './api.ts'

export type ChatSummary = {
  /** As the client knows it. */
  readonly id: string
  readonly title: string | null
  readonly createdAt: string
  readonly updatedAt: string
  readonly latestRun: { readonly id: string; readonly status: RunStatus } | null
  /** The latest run has settled, and nobody has said that it was seen. */
  readonly unread: boolean
}

export type ChatMessages = {
  readonly messages: readonly UiMessage[]
  readonly activeRun: RunSummary | null
  /** Where the messages before these end; missing when there are none. */
  readonly before?: string
}

export interface ChatsApi {
  list(
    principal: Principal,
    filter: { readonly query?: string | undefined },
    page: PageRequest,
  ): Promise<{ readonly chats: readonly ChatSummary[]; readonly after: ListPosition | undefined }>
  /** @throws ChatNotFoundError, MessageNotFoundError */
  open(
    principal: Principal,
    chatId: string,
    slice: MessageSlice,
  ): Promise<{ readonly chat: ChatSummary } & ChatMessages>
  /** The same without the chat; one that does not exist is empty. */
  messages(principal: Principal, chatId: string, slice: MessageSlice): Promise<ChatMessages>
  /** @throws ChatNotFoundError */
  rename(principal: Principal, chatId: string, title: string | null): Promise<ChatSummary>
  /** Notes that the end of the chat's latest run was seen; another run changes nothing. @throws ChatNotFoundError */
  see(principal: Principal, chatId: string, runId: string): Promise<ChatSummary>
  /** Stops the active run first and gives it a moment to settle. @throws ChatNotFoundError */
  remove(principal: Principal, chatId: string): Promise<void>
  /** @throws ChatNotFoundError */
  toMarkdown(
    principal: Principal,
    chatId: string,
  ): Promise<{ readonly title: string | null; readonly markdown: string }>
}

export type RunDetails = RunSummary & {
  readonly agent: string | null
  readonly chatTitle: string | null
  /** `provider/modelId` of those that answered in its steps. */
  readonly models: readonly string[]
  /** The sum over the journaled steps. */
  readonly usage: Usage
  /** In millionths of the currency of the agent's prices. */
  readonly costMicros: number | null
}

/** One acquisition of a run; `worker` is an id of the process that had it. */
export type HoldReport = {
  readonly epoch: number
  readonly worker: string
  readonly beganAt: string
  readonly endedAt: string | null
  readonly end: HoldEnd | null
}

export type StepReport = Omit<
  StepInfo,
  'startedAt' | 'firstChunkAt' | 'finishedAt' | 'brokenAttempts'
> & {
  readonly stepIndex: number
  readonly startedAt: string | null
  readonly firstChunkAt?: string
  readonly brokenAttempts?: readonly AttemptReport[]
  readonly finishedAt: string | null
  readonly request?: StepRequest
  readonly parts: readonly ({ readonly type: string } & Readonly<Record<string, unknown>>)[]
  readonly calls: readonly CallReport[]
}

export type AttemptReport = Pick<BrokenAttempt, 'errorCode' | 'error'> & {
  readonly startedAt: string
  readonly endedAt: string
}

export type CallReport = {
  readonly toolCallId: string
  readonly toolName: string
  readonly input: unknown
  readonly status: ToolCallStatus
  readonly output?: unknown
  readonly error?: string
  /** Times that the tool was started. */
  readonly attempt: number
  readonly startedAt: string
  readonly finishedAt: string | null
  /** The question to a person, and its answer. */
  readonly approval?: Pick<Approval, 'requestReason' | 'automatic' | 'approved' | 'reason'>
  readonly decidedAt?: string
}

export type StepPrompt = {
  readonly instructions?: StepRequest['instructions']
  readonly messages: readonly ModelMessage[]
  /** True when the agent sent other messages than these: then what it sent is not known. */
  readonly messagesReplaced: boolean
}

export type WorkerReport = {
  readonly id: string
  readonly startedAt: string
  readonly seenAt: string
  readonly isAlive: boolean
  readonly version: string
  /** Runs that it executes at a time; null: no limit. */
  readonly concurrency: number | null
  /** On runs of the caller. */
  readonly leases: readonly {
    readonly runId: string
    /** As the client knows it. */
    readonly chatId: string
    readonly epoch: number
    readonly expiresAt: string | null
  }[]
}

/** Buckets without a run are in it as well. */
export type Overview = Pick<RunStatistics, 'byModel' | 'byError'> & {
  readonly from: string
  readonly to: string
  readonly bucketMs: number
  readonly buckets: readonly (Omit<RunTotals, 'runs'> & { readonly at: string })[]
  readonly totals: RunTotals
  readonly byAgent: readonly Omit<RunStatistics['byAgent'][number], 'aborted' | 'active'>[]
  readonly agents: readonly string[]
  readonly workers: readonly WorkerReport[]
}

export interface OverviewApi {
  look(principal: Principal, range: TimeRange): Promise<Overview>
}

export interface RunsApi {
  list(
    principal: Principal,
    filter: RunFilter,
    page: PageRequest,
  ): Promise<{ readonly runs: readonly RunDetails[]; readonly after: ListPosition | undefined }>
  /** @throws RunNotFoundError */
  find(
    principal: Principal,
    runId: string,
  ): Promise<{
    readonly run: RunDetails
    readonly message: (UiMessage & { readonly status: MessageStatus }) | null
    /** Oldest first; runs of older versions have none. */
    readonly holds: readonly HoldReport[]
  }>
  /** Asks all of these to stop. @returns those that will settle as `aborted`; what is foreign or settled is not among them */
  stop(principal: Principal, runIds: readonly string[]): Promise<readonly string[]>
  /** @throws RunNotFoundError */
  steps(principal: Principal, runId: string): Promise<readonly StepReport[]>
  /** What a journaled step told its model. @throws RunNotFoundError, StepNotFoundError */
  prompt(principal: Principal, runId: string, stepIndex: number): Promise<StepPrompt>
}
