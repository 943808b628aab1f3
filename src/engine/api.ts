/** What the engine offers to the ways in: the HTTP app, the CLI, an embedding application. */
import type { Answer } from '../domain/decision.ts'
import type { FileRecord, NewFile } from '../domain/file.ts'
import type { Limits } from '../domain/limits.ts'
import type { MessagePart, MessageRole, MessageStatus } from '../domain/message.ts'
import type { Position } from '../domain/position.ts'
import type { Principal, RunRecord, RunTrigger } from '../domain/run.ts'
import type { TurnRequest } from '../domain/turn.ts'
import type { ChatSummary } from './catalog-api.ts'
import type { Frame } from './tail/replay.ts'

export type StartTurn = {
  readonly principal: Principal
  /** As the client knows it; the chat is made on its first turn. */
  readonly chatId: string
  readonly trigger?: RunTrigger
  /** Name of the agent; the first one unless set. */
  readonly agent?: string | undefined
  /** For the agent: checked by its `callOptionsSchema` and stored with the run. Never secrets. */
  readonly options?: unknown
  /** Makes the turn repeatable whatever it asks: the same again, in this chat, finds the run that it began. */
  readonly idempotencyKey?: string | undefined
} & TurnRequest

/** Names a run by its id, or the latest one of a chat. */
export type RunTarget = { readonly runId: string } | { readonly chatId: string }

export type UiMessage = {
  readonly id: string
  readonly role: MessageRole
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly parts: readonly MessagePart[]
}

export type Attachment = {
  readonly run: RunRecord
  /**
   * Batches of frames: what the reader lacks, then what happens, until the run has settled or waits. Ends early, without an
   * error, when the signal aborts or the engine closes; `ended` tells the difference.
   */
  frames(signal: AbortSignal): AsyncIterable<readonly Frame[]>
  /** True once the last frame was handed out: only then may a response end cleanly. */
  readonly ended: boolean
}

export type RunSummary = Pick<
  RunRecord,
  'id' | 'status' | 'trigger' | 'error' | 'errorCode' | 'output' | 'stepCount' | 'attempt'
> & {
  /** As the client knows it. */
  readonly chatId: string
  /** Times that a process has taken it. */
  readonly epoch: number
  readonly assistantMessageId: string | null
  readonly stopRequestedAt: string | null
  readonly createdAt: string
  readonly startedAt: string | null
  readonly finishedAt: string | null
}

/** A file that messages may refer to by its url, for a day or as long as one does. */
export type UploadedFile = {
  readonly url: string
  readonly mediaType: string
  readonly filename: string | null
  readonly size: number
}

export interface FilesApi {
  /** @throws TooLargeError, StorageFullError */
  upload(owner: Principal, file: NewFile & { readonly content: Uint8Array }): Promise<UploadedFile>
  /** Undefined when this principal has no such file. */
  find(owner: Principal, id: string): Promise<FileRecord | undefined>
  /** The bytes from `start` up to `end`, in pieces. */
  read(
    owner: Principal,
    id: string,
    range: { readonly start: number; readonly end: number },
  ): AsyncIterable<Uint8Array>
}

/** Answers to what a waiting run has asked, and the chat or run that they are for. */
export type Answers = {
  readonly principal: Principal
  readonly target:
    | { readonly runId: string }
    /** As the client knows them; the message is the answer of the chat's latest run. */
    | { readonly chatId: string; readonly messageId: string }
  readonly answers: readonly Answer[]
}

/** What a follower is told. Chats, runs and messages are named as clients know them. */
export type StateNews =
  /** First: of the newest 100 chats those that are active or unread. */
  | { readonly type: 'states'; readonly chats: readonly ChatSummary[] }
  | { readonly type: 'state'; readonly chat: ChatSummary }

export type RemovedNews = { readonly type: 'removed'; readonly chatId: string }

/** The latest run of a chat as it is now; null: it has none, or is not born yet. */
export type RunNews = {
  readonly type: 'run'
  readonly chatId: string
  readonly run: RunSummary | null
  /** The user's message that it answers. */
  readonly question: UiMessage | null
  /** The message before the question; null when that is the first. */
  readonly previousMessageId: string | null
}

export type FramesNews = {
  readonly type: 'frames'
  readonly runId: string
  readonly frames: readonly Frame[]
}

/** What the n-th of the runs that a feed reads has come to. */
export type ReaderNews = { readonly reader: number } & (
  | FramesNews
  /** Everything was sent: the run has settled, or waits. */
  | { readonly type: 'end' }
  /** It cannot be read. */
  | { readonly type: 'problem'; readonly error: Error }
)

export type FeedNews = StateNews | RemovedNews | RunNews | ReaderNews
export type ChatFeedNews = RunNews | FramesNews | RemovedNews

/** Where a reader of a run begins: at its `start`, or behind what it has. */
export type RunPlace = { readonly runId: string; readonly after?: Position | undefined }

/** The same in a chat; without a run's id it is the latest run's. */
export type ChatPlace = { readonly runId?: string | undefined; readonly after: Position }

/** Batches of news, taken at the follower's pace; it ends only when the signal aborts or the engine closes. */
export type Feed<News> = (signal: AbortSignal) => AsyncIterable<readonly News[]>

export interface EngineApi {
  /** Follows all chats of the principal, some of them in depth, and reads runs beside that. */
  follow(
    principal: Principal,
    wish: { readonly chats: readonly string[]; readonly runs: readonly RunPlace[] },
  ): Feed<FeedNews>
  /**
   * Follows one chat and reads its runs, one after the other: from a place in one of them, else the latest one if it is active.
   * @throws RunNotFoundError when the chat has no such run
   */
  followChat(principal: Principal, chatId: string, place?: ChatPlace): Promise<Feed<ChatFeedNews>>
  readonly limits: Limits
  readonly files: FilesApi
  /**
   * Starts a run for a new message, a changed one or another answer, or finds the one that this very request began.
   * @throws MessageNotFoundError when the message that is meant is not in this chat, or was replaced
   * @throws RunAlreadyActiveError when the chat has an active run that nobody asked to stop; one that was asked is
   * waited for, at most 5 s
   * @throws InvalidRequestError when the idempotency key began a run for another request
   */
  startTurn(turn: StartTurn): Promise<{ readonly run: RunRecord; readonly started: boolean }>
  /**
   * Takes a person's decisions. Of several about one call the first stays; when none is missing any more the run goes on.
   * The attachment begins where the reader stood who was asked: `start`, and only what is new.
   *
   * @throws MessageNotFoundError and RunNotFoundError for what the principal does not own
   * @throws NotWaitingError when nothing of it was asked; RunAlreadyActiveError while the run does not wait yet
   */
  decide(answers: Answers): Promise<{
    /** `pending` when it was waiting for nothing else. */
    readonly run: RunSummary
    /** The run goes on, tied to the connection of this request. */
    readonly bound: boolean
    readonly attach: () => Promise<Attachment>
  }>
  /**
   * @param after - where the reader stands; undefined: from the `start` chunk
   * @param have - the last message that the reader of a chat has
   * @returns undefined when there is nothing to attach to: no run; a run that is bound to another socket; or, for a chat
   * without `after`, no active run, unless `have` says that the reader lacks the latest answer
   * @throws RunNotFoundError for a run id that the principal does not own
   * @throws OffsetGoneError for a chat that has no run any more
   */
  attach(
    principal: Principal,
    target: RunTarget,
    options?: { readonly after?: Position; readonly have?: string },
  ): Promise<Attachment | undefined>
  /** The attachment of the request that began the run in this chat: also for bound runs. */
  attachOwn(run: RunRecord, chatId: string): Promise<Attachment>
  /** @returns whether the run will settle as `aborted`; false for a settled run and for a chat without one */
  stop(principal: Principal, target: RunTarget): Promise<boolean>
  /** The latest run of a chat and its message, from the database; undefined when there is no such chat. */
  latest(
    principal: Principal,
    chatId: string,
  ): Promise<
    | {
        readonly run: RunSummary | null
        readonly message: (UiMessage & { readonly status: MessageStatus }) | null
      }
    | undefined
  >
}
