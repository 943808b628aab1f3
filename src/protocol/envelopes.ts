/** What a connection that follows carries: one of these as JSON in each message. */
import type { UIMessageChunk } from 'ai'
import type { z } from 'zod'
import type { chatSummary, message, problem, runSummary } from './answers.ts'

export type ChatSummary = z.output<typeof chatSummary>
export type RunSummary = z.output<typeof runSummary>
export type ProblemBody = z.output<typeof problem>

/** A message as the server has it; its parts are those of a `UIMessage`. */
export type WireMessage = z.output<typeof message>

/** First on `/follow`: of the caller's newest 100 chats those that are active or unread. */
export type StatesEnvelope = { readonly type: 'states'; readonly chats: readonly ChatSummary[] }

/** A chat of the caller as it is now. */
export type StateEnvelope = { readonly type: 'state'; readonly chat: ChatSummary }

export type RemovedEnvelope = { readonly type: 'removed'; readonly chatId: string }

/** The latest run of a chat as it is now. */
export type RunEnvelope = {
  readonly type: 'run'
  readonly chatId: string
  /** Null: the chat has none yet, or is not born yet. */
  readonly run: RunSummary | null
  /** The user's message that it answers. */
  readonly question: WireMessage | null
  /** The message before the question; null when the question is the first. */
  readonly previousMessageId: string | null
}

/** One chunk of a run, and the offset of whoever has it. */
export type ChunkEnvelope = {
  readonly type: 'chunk'
  readonly runId: string
  readonly offset: string
  readonly chunk: UIMessageChunk
}

/** What `/follow` says to the n-th run that it was asked for. */
type ToReader = { readonly reader: number }

export type ReaderEnvelope =
  | (ChunkEnvelope & ToReader)
  /** Everything was sent: the run has settled, or waits for a person. */
  | ({ readonly type: 'end' } & ToReader)
  /** It cannot be read. */
  | ({ readonly type: 'problem'; readonly problem: ProblemBody } & ToReader)

/** Of `GET /ai-chat/follow`. */
export type FeedEnvelope =
  StatesEnvelope | StateEnvelope | RemovedEnvelope | RunEnvelope | ReaderEnvelope

/** Of `GET /ai-chat/:chatId/follow`. */
export type ChatEnvelope = RunEnvelope | ChunkEnvelope | RemovedEnvelope

/** What one connection to `/follow` takes at most, chats and runs together. */
export const MAX_FOLLOWED = 50
