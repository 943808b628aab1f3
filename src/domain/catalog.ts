/** Chats and runs as their owner lists and opens them. */
import type { MessageRecord } from './message.ts'
import type { RunRecord, RunStatus, RunTrigger } from './run.ts'
import type { StepRecord, ToolCallRecord, Usage } from './step.ts'

/** A place in a list that has the newest first: behind the entry of this time and id. */
export type ListPosition = { readonly micros: number; readonly id: string }

export type PageRequest = { readonly limit: number; readonly after?: ListPosition | undefined }

export type Page<T> = {
  readonly items: readonly T[]
  /** Where the next page begins; undefined on the last one. */
  readonly after: ListPosition | undefined
}

/** A chat in a list. `updatedAt` is when its latest turn began. */
export type ChatListing = {
  /** As the client knows it. */
  readonly publicId: string
  /** What somebody called it, else what its first message says. */
  readonly title: string | null
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly latestRun: Pick<RunRecord, 'id' | 'status'> | null
  /** The latest run has settled, and its owner has not seen it. */
  readonly unread: boolean
}

/** The latest run of a chat, and where its answer stands in the history. */
export type LatestTurn = {
  readonly run: RunRecord
  /** As the client knows it. */
  readonly chatPublicId: string
  /** The user's message that it answers. */
  readonly question: MessageRecord | undefined
  /** The message before the question, as the client knows it. */
  readonly previousPublicId: string | undefined
}

/** The last messages of a chat, or the last ones before one of them. */
export type MessageSlice = {
  /** All of them when undefined. */
  readonly limit?: number | undefined
  /** Id of a message, as the client knows it. */
  readonly before?: string | undefined
}

/** A chat at one instant. */
export type OpenedChat = {
  readonly chat: ChatListing
  /** Without the answer in progress, unless it waits for a person. */
  readonly messages: readonly MessageRecord[]
  /** True when there are messages before these. */
  readonly hasEarlier: boolean
  readonly activeRun: RunRecord | undefined
  /** What the message of a run that waits is made of. */
  readonly waiting?: {
    readonly steps: readonly StepRecord[]
    readonly calls: readonly ToolCallRecord[]
  }
}

export type RunFilter = {
  readonly statuses?: readonly RunStatus[] | undefined
  readonly trigger?: RunTrigger | undefined
  readonly agent?: string | undefined
  /** As the client knows it. */
  readonly chatId?: string | undefined
  /** Begun at this time or later, and before that one. */
  readonly from?: Date | undefined
  readonly to?: Date | undefined
  readonly errorCode?: string | undefined
  /** Runs that cost at least so many millionths. */
  readonly minCostMicros?: number | undefined
}

/** A run in a list. */
export type RunListing = {
  readonly run: RunRecord
  /** As the client knows it. */
  readonly chatPublicId: string
  readonly chatTitle: string | null
  /** `provider/modelId` of those that answered in its steps. */
  readonly models: readonly string[]
  /** The sum over the journaled steps. */
  readonly usage: Usage
  /** The same, in millionths of the currency of the agent's prices; null where no step has a price. */
  readonly costMicros: number | null
}

export type CallDetails = ToolCallRecord & {
  readonly startedAt: Date
  readonly finishedAt: Date | null
  /** When a person answered; null where nobody had to, or nobody has. */
  readonly decidedAt: Date | null
}

/** A journaled step with the calls of its tools. */
export type StepDetails = { readonly step: StepRecord; readonly calls: readonly CallDetails[] }
