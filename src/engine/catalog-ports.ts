/** What records and followers need of the database. What takes a principal is scoped to its chats. */
import type {
  ChatListing,
  LatestTurn,
  MessageSlice,
  OpenedChat,
  Page,
  PageRequest,
  RunFilter,
  RunListing,
  StepDetails,
} from '../domain/catalog.ts'
import type {
  Capacity,
  RunStatistics,
  TimeRange,
  WorkerLease,
  WorkerRecord,
} from '../domain/overview.ts'
import type { Principal, RunHold, RunRecord, RunStatus } from '../domain/run.ts'

export interface ChatCatalog {
  /**
   * Newest turn first.
   * INVARIANT: the pages of a list have each chat that is neither written to nor removed meanwhile exactly once.
   */
  list(
    principal: Principal,
    filter: { readonly query?: string | undefined },
    page: PageRequest,
  ): Promise<Page<ChatListing>>
  /**
   * Undefined when there is no such chat. INVARIANT: all of it is of one instant.
   * @throws MessageNotFoundError when the chat has no message of which earlier ones are asked for
   */
  open(
    principal: Principal,
    chatPublicId: string,
    slice: MessageSlice,
  ): Promise<OpenedChat | undefined>
  /** Null: back to the title that its first message gives it. */
  rename(
    principal: Principal,
    chatPublicId: string,
    title: string | null,
  ): Promise<ChatListing | undefined>
  /**
   * Marks the end of the latest run as seen; what is not the latest run of this chat, or has not settled, changes nothing.
   * Undefined when there is no such chat.
   */
  see(principal: Principal, chatPublicId: string, runId: string): Promise<ChatListing | undefined>
  /**
   * Removes the chat and everything that is known of it; returns the runs that were still active.
   * INVARIANT: all of it goes in one transaction, and files that another chat uses stay.
   */
  remove(principal: Principal, chatPublicId: string): Promise<readonly RunRecord[] | undefined>
}

export interface RunCatalog {
  /** Newest first. INVARIANT: as of chats. */
  list(principal: Principal, filter: RunFilter, page: PageRequest): Promise<Page<RunListing>>
  find(principal: Principal, runId: string): Promise<RunListing | undefined>
  /** Who had the run in hand, oldest first; empty when there is no such run. */
  holds(principal: Principal, runId: string): Promise<readonly RunHold[]>
  /** The journal with the times of its calls; undefined when there is no such run. */
  steps(principal: Principal, runId: string): Promise<readonly StepDetails[] | undefined>
}

/* The overview */

export interface RunOverview {
  /**
   * What the principal's runs of a range came to.
   * INVARIANT: of the runs in its own chats only, and all of it is of one instant.
   */
  statistics(principal: Principal, range: TimeRange, bucketMs: number): Promise<RunStatistics>
  /** Runs of the principal that somebody holds, also where the lease has lapsed. */
  leases(principal: Principal): Promise<readonly WorkerLease[]>
}

/** The processes that execute runs, of everybody. */
export interface WorkerRegistry {
  /**
   * Says that a process is there, and forgets those that have said nothing for a day.
   * INVARIANT: all times are the database's.
   */
  announce(worker: Pick<WorkerRecord, 'id' | 'version' | 'concurrency'>): Promise<void>
  leave(id: string): Promise<void>
  /** The one that came last first. */
  list(): Promise<readonly WorkerRecord[]>
  /** Of those that were heard of lately. */
  capacity(): Promise<Capacity>
}

/* Following */

/** A run as a follower was told it last. */
export type KnownRun = {
  readonly id: string
  /** Of ours. */
  readonly chatId: string
  readonly status: RunStatus
  readonly isStopping: boolean
  /** In which it is executed, or was last. */
  readonly epoch: number
}

/** What to look for, for all followers of a process together. */
export type Look = {
  /** Chats of these owners that had a turn since then, microseconds of the database, with a run that is not known. */
  readonly begun: { readonly owners: readonly Principal[]; readonly since: number }
  /** The latest runs of chats as they are known: those that have changed, and those that are gone. */
  readonly known: readonly KnownRun[]
  /** Chats that are said to have changed, by our ids. */
  readonly changed: readonly string[]
  /** Chats by the ids of their owners' clients. */
  readonly named: readonly NamedChat[]
  /** Of the newest 100 chats of each of these, those that are active or unread. */
  readonly newest: readonly Principal[]
}

export type NamedChat = Principal & { readonly chatId: string }

export type WatchedChat = ChatListing & {
  /** Ours. */
  readonly id: string
  readonly owner: Principal
  /** The latest run was asked to stop. */
  readonly isStopping: boolean
  /** The latest run's; 0 where there is none. */
  readonly epoch: number
  /** Whether it was found as one that has changed, or as one of the newest. */
  readonly isChanged: boolean
  readonly isNewest: boolean
}

export type Sight = {
  /** When it was, in microseconds of the database. */
  readonly at: number
  readonly chats: readonly WatchedChat[]
  /** Chats of known runs that are gone, by our ids. */
  readonly gone: readonly string[]
}

export interface ChatStates {
  /**
   * INVARIANT: one statement, and all of it is of one instant.
   * INVARIANT: with `begun.since` a former `at`, no turn that was committed after that is missed.
   */
  look(look: Look): Promise<Sight>
  /** The latest turns of those of the chats that have one. */
  turns(principal: Principal, chatPublicIds: readonly string[]): Promise<readonly LatestTurn[]>
}
