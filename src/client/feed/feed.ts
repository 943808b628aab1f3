/** The one long-lived connection of a client, as everybody else in the client sees it. */
import type { UIMessageChunk } from 'ai'
import type { OutlastError } from '../../domain/errors.ts'
import type {
  ChatSummary,
  RemovedEnvelope,
  RunEnvelope,
  StateEnvelope,
  StatesEnvelope,
} from '../../protocol/envelopes.ts'

/** A chunk of a run, and the offset of whoever has it. */
export type RunFrame = { readonly offset: string; readonly chunk: UIMessageChunk }

export type ChatNews = RunEnvelope | RemovedEnvelope
export type StateNews = StatesEnvelope | StateEnvelope | RemovedEnvelope

/**
 * Hears why the server tells nothing, such as `NOT_AUTHENTICATED`. It is asked again each minute, when somebody comes back to the
 * page, and when something else is wanted.
 */
export type OnRefused = (error: OutlastError) => void

/**
 * INVARIANT: whatever breaks underneath, a connection, a tab that kept it or the server, a reader gets each frame after its
 * offset once and in order, and a follower the latest state of its chat.
 */
export interface Feed {
  /**
   * The frames of a run after this offset, until everything was sent. Returns when the signal aborts.
   * @throws OutlastError when the run cannot be read (any more)
   */
  read(runId: string, after: string, signal: AbortSignal): AsyncIterable<RunFrame>
  /** Tells of the latest run of a chat: as it is now, then each time it changes or another one begins. */
  follow(chatId: string, listener: (news: ChatNews) => void, onRefused?: OnRefused): () => void
  /** Tells of the states of all chats of the user: those that are active or unread, then each change. */
  states(listener: (news: StateNews) => void, onRefused?: OnRefused): () => void
  /** Somebody else is signed in now: nothing that was asked for before, in any tab, is told from here on. */
  renew(): void
  /** Hears that somebody else may be signed in now, whichever tab has said so. */
  onRenewed(listener: () => void): () => void
  /** Ends everything; readers return. */
  close(): void
}

export type { ChatSummary }
