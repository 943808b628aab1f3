/** What listing, opening and removing chats needs of the database. Every method is scoped to the chats of its principal. */
import type {
  ChatListing,
  MessageSlice,
  OpenedChat,
  Page,
  PageRequest,
  RunFilter,
  RunListing,
  StepDetails,
} from '../domain/catalog.ts'
import type { Principal, RunRecord } from '../domain/run.ts'

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
   * Removes the chat and everything that is known of it; returns the runs that were still active.
   * INVARIANT: all of it goes in one transaction, and files that another chat uses stay.
   */
  remove(principal: Principal, chatPublicId: string): Promise<readonly RunRecord[] | undefined>
}

export interface RunCatalog {
  /** Newest first. INVARIANT: as of chats. */
  list(principal: Principal, filter: RunFilter, page: PageRequest): Promise<Page<RunListing>>
  find(principal: Principal, runId: string): Promise<RunListing | undefined>
  /** The journal with the times of its calls; undefined when there is no such run. */
  steps(principal: Principal, runId: string): Promise<readonly StepDetails[] | undefined>
}
