/** What client and server say to each other, as types; one source for both. */
import type { InferUITools, ToolSet, UIDataTypes, UIMessage, UIMessageChunk } from 'ai'
import type { z } from 'zod'
import type * as answers from '../protocol/answers.ts'
import type { overviewAnswer } from '../protocol/overview.ts'

export type {
  ChatEnvelope,
  ChatSummary,
  ChunkEnvelope,
  FeedEnvelope,
  RemovedEnvelope,
  RunEnvelope,
  RunSummary,
  StateEnvelope,
  StatesEnvelope,
} from '../protocol/envelopes.ts'
export type { RunStatus, RunTrigger, RunErrorCode } from '../domain/run.ts'
export type { RunFrame } from './feed/feed.ts'

export type RunDetails = z.output<typeof answers.runDetails>
export type Step = z.output<typeof answers.stepsAnswer>['steps'][number]
export type StepPrompt = z.output<typeof answers.promptAnswer>
export type RunHold = z.output<typeof answers.runAnswer>['holds'][number]
/** Who asks; `canSignOut` where it is the page that signed them in. */
export type Session = z.output<typeof answers.sessionAnswer>
export type Overview = z.output<typeof overviewAnswer>
export type UploadedFile = z.output<typeof answers.uploadAnswer>
export type MessageStatus = z.output<typeof answers.answeredMessage>['status']

/** What each answer says of itself. */
export type OutlastMetadata = { readonly runId?: string; readonly chatId?: string }

/** Something that has tools: what `defineAgent` returns, taken as a type. */
type AgentLike = { readonly tools: ToolSet | Readonly<Record<string, unknown>> | undefined }

type ToolsOf<AGENT extends AgentLike> =
  NonNullable<AGENT['tools']> extends infer TOOLS extends ToolSet ? TOOLS : ToolSet

/**
 * The messages of an agent, with the types of its tools and of the data parts that they write.
 *
 * @example
 * import type { supportAgent } from '../server/agents.ts'
 * type Message = OutlastMessage<typeof supportAgent, { progress: { done: number } }>
 */
export type OutlastMessage<
  AGENT extends AgentLike = { tools: ToolSet },
  DATA extends UIDataTypes = UIDataTypes,
> = UIMessage<OutlastMetadata, DATA, InferUITools<ToolsOf<AGENT>>>

/** A decision about a call that a run waits for. */
export type Decision =
  | { readonly approvalId: string; readonly approved: boolean; readonly reason?: string }
  | { readonly toolCallId: string; readonly stepIndex?: number; readonly output: unknown }
  | { readonly toolCallId: string; readonly stepIndex?: number; readonly errorText: string }

export type { UIMessage, UIMessageChunk }
