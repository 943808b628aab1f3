/** What a page knows of a chat that it follows, beside its messages. */
import type { UIMessage } from 'ai'
import type { RunSummary } from './types.ts'

/** A message that the server did not take, or that may not have arrived. */
export type Unsent<MESSAGE extends UIMessage> = {
  readonly message: MESSAGE
  /** The message that it was to replace. */
  readonly messageId: string | undefined
  /** `RunAlreadyActiveError` with `activeRunId`, `ConnectionLostError`, ... */
  readonly error: Error
}

export type FollowedState<MESSAGE extends UIMessage> = {
  /** The chat's latest run; undefined until it is known, null when there is none. */
  readonly run: RunSummary | null | undefined
  /** It was asked to stop, here or elsewhere, and has not settled yet. */
  readonly isStopping: boolean
  /** An answer is being read, also behind an error of something else. */
  readonly isReading: boolean
  /** The history is not here yet. */
  readonly isLoading: boolean
  /** There are messages before those that are shown: `loadEarlier` gets them. */
  readonly hasEarlier: boolean
  readonly isLoadingEarlier: boolean
  readonly unsent: Unsent<MESSAGE> | undefined
  /** Somebody has removed the chat. */
  readonly isRemoved: boolean
  /** Why there is no history, no news or no stop; what a message was refused for stands beside it. */
  readonly trouble: Error | undefined
}
