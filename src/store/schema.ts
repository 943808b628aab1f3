/** The tables as Kysely sees them: camel case here, snake case in SQL. */
import type { ColumnType, Generated } from 'kysely'
import type { MessagePart, MessageRole, MessageStatus } from '../domain/message.ts'
import type { HoldEnd, RunDriver, RunErrorCode, RunStatus, RunTrigger } from '../domain/run.ts'
import type {
  Approval,
  BrokenAttempt,
  DataPart,
  FinishReason,
  Span,
  StepPart,
  StepRequest,
  ToolCallStatus,
  Usage,
} from '../domain/step.ts'

type Timestamp = ColumnType<Date, Date | string | undefined, Date | string>
type NullableTimestamp = ColumnType<
  Date | null,
  Date | string | null | undefined,
  Date | string | null
>
type Nullable<T> = ColumnType<T | null, T | null | undefined, T | null>
/** Written as JSON text, read parsed. */
type Json<T> = ColumnType<T, string, string>
type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>

export type WorkspaceSettings = {
  readonly ai?: { readonly chat?: boolean; readonly autonomousRuns?: boolean }
}

export interface WorkspacesTable {
  id: Generated<string>
  name: string
  settings: ColumnType<WorkspaceSettings, string | undefined, string>
  /** When a run of it was let in last. */
  runAdmittedAt: NullableTimestamp
  createdAt: Timestamp
  updatedAt: Timestamp
}

export interface UsersTable {
  id: Generated<string>
  workspaceId: string
  name: string
  createdAt: Timestamp
}

export interface AiChatsTable {
  id: Generated<string>
  workspaceId: string
  creatorId: string
  /** The id that the client chose; its own `id` where it chose none. */
  clientId: Nullable<string>
  /** `coalesce(client_id, id)`, unique within the owner. */
  publicId: ColumnType<string, never, never>
  /** What somebody called it; null where the chat is called by its first message. */
  title: Nullable<string>
  autoTitle: Nullable<string>
  /** The latest run whose end the owner has seen. */
  seenRunId: Nullable<string>
  createdAt: Timestamp
  updatedAt: Timestamp
}

export type MessageMetadata = { readonly parts?: readonly MessagePart[] } & Record<string, unknown>

export interface AiChatMessagesTable {
  id: Generated<string>
  chatId: string
  workspaceId: string
  userId: Nullable<string>
  clientId: Nullable<string>
  /** `coalesce(client_id, id)`, unique within the chat. */
  publicId: ColumnType<string, never, never>
  /** Order within the chat. */
  seq: ColumnType<number, never, never>
  role: MessageRole
  content: ColumnType<string, string | undefined, string>
  status: ColumnType<MessageStatus, MessageStatus | undefined, MessageStatus>
  metadata: ColumnType<MessageMetadata | null, string | null | undefined, string | null>
  supersededBy: Nullable<string>
  createdAt: Timestamp
  updatedAt: Timestamp
}

export interface AiChatRunsTable {
  id: Generated<string>
  chatId: string
  workspaceId: string
  createdBy: string
  status: ColumnType<RunStatus, RunStatus | undefined, RunStatus>
  trigger: ColumnType<RunTrigger, RunTrigger | undefined, RunTrigger>
  driver: ColumnType<RunDriver, RunDriver | undefined, RunDriver>
  assistantMessageId: Nullable<string>
  userMessageId: Nullable<string>
  replacesMessageId: Nullable<string>
  /** What a repeated edit is recognised by. */
  requestKey: Nullable<string>
  /** The client's own, and the SHA-256 of what it asked with it. */
  idempotencyKey: Nullable<string>
  requestHash: Nullable<string>
  agent: Nullable<string>
  options: NullableJson<unknown>
  /** The validated output of a run that succeeded. */
  output: NullableJson<unknown>
  bound: ColumnType<boolean, boolean | undefined, boolean>
  error: Nullable<string>
  errorCode: Nullable<RunErrorCode>
  stepCount: ColumnType<number, number | undefined, number>
  attempt: ColumnType<number, number | undefined, number>
  stopRequestedAt: NullableTimestamp
  startedAt: NullableTimestamp
  finishedAt: NullableTimestamp
  createdAt: Timestamp
  updatedAt: Timestamp
  leaseHolder: Nullable<string>
  leaseEpoch: ColumnType<number, number | undefined, number>
  leaseExpiresAt: NullableTimestamp
  /** Null while a pending run waits to be let in. */
  admittedAt: NullableTimestamp
  traceParent: Nullable<string>
}

export interface AiChatRunStepsTable {
  id: Generated<string>
  runId: string
  workspaceId: string
  stepIndex: number
  formatVersion: ColumnType<number, number | undefined, number>
  /** What the model said, in its order; `json`, so that bytes survive. */
  content: Json<readonly StepPart[]>
  /** The units of the attempt that survived: epoch, first and last n, and a span for each part. */
  epoch: number
  unitFrom: number
  unitTo: number
  spans: Json<readonly Span[]>
  finishReason: FinishReason
  rawFinishReason: Nullable<string>
  responseId: Nullable<string>
  provider: Nullable<string>
  modelId: Nullable<string>
  warnings: NullableJson<readonly unknown[]>
  usage: NullableJson<Usage>
  request: NullableJson<StepRequest>
  costMicros: Nullable<number>
  startedAt: NullableTimestamp
  firstChunkAt: NullableTimestamp
  finishedAt: NullableTimestamp
  brokenAttempts: NullableJson<readonly WrittenAttempt[]>
  createdAt: Timestamp
}

/** Times are text in JSON. */
export type WrittenAttempt = Omit<BrokenAttempt, 'startedAt' | 'endedAt'> & {
  readonly startedAt: string
  readonly endedAt: string
}

export interface AiChatRunHoldsTable {
  runId: string
  workspaceId: string
  epoch: number
  holder: string
  beganAt: Timestamp
  endedAt: NullableTimestamp
  end: Nullable<HoldEnd>
}

export interface WorkersTable {
  id: string
  version: string
  /** Runs that it executes at a time; null: no limit. */
  concurrency: Nullable<number>
  startedAt: Timestamp
  seenAt: Timestamp
}

export interface AiChatRunToolCallsTable {
  id: Generated<string>
  runId: string
  workspaceId: string
  stepIndex: number
  toolCallId: string
  toolName: string
  /** Order in which the calls of a run were started first. */
  seq: ColumnType<number, never, never>
  input: Json<unknown>
  status: ColumnType<ToolCallStatus, ToolCallStatus | undefined, ToolCallStatus>
  output: NullableJson<unknown>
  modelOutput: NullableJson<unknown>
  error: Nullable<string>
  data: NullableJson<readonly DataPart[]>
  approval: NullableJson<Approval>
  /** The epoch that ended in the wait in which a person answered, who that was, and when. */
  decidedEpoch: Nullable<number>
  decidedBy: Nullable<string>
  decidedAt: NullableTimestamp
  epoch: number
  unitFrom: number
  unitTo: Nullable<number>
  attempt: ColumnType<number, number | undefined, number>
  startedAt: Timestamp
  finishedAt: NullableTimestamp
}

export interface TokensTable {
  id: Generated<string>
  workspaceId: string
  userId: string
  name: string
  /** SHA-256 of the token, in hex; the token itself is nowhere. */
  tokenHash: string
  createdAt: Timestamp
  expiresAt: NullableTimestamp
  lastUsedAt: NullableTimestamp
  revokedAt: NullableTimestamp
}

export interface TicketsTable {
  /** SHA-256 of the ticket, in hex; the ticket itself is nowhere. */
  ticketHash: string
  workspaceId: string
  userId: string
  expiresAt: Timestamp
}

export interface AiChatFilesTable {
  id: Generated<string>
  workspaceId: string
  ownerId: string
  sha256: string
  mediaType: string
  filename: Nullable<string>
  size: number
  createdAt: Timestamp
  /** When somebody gave or used it last. */
  touchedAt: Timestamp
}

export interface AiChatFilePiecesTable {
  fileId: string
  position: number
  bytes: Uint8Array
}

export interface AiChatFileUsesTable {
  chatId: string
  fileId: string
  workspaceId: string
}

export interface Database {
  workspaces: WorkspacesTable
  users: UsersTable
  aiChats: AiChatsTable
  aiChatMessages: AiChatMessagesTable
  aiChatRuns: AiChatRunsTable
  aiChatRunSteps: AiChatRunStepsTable
  aiChatRunHolds: AiChatRunHoldsTable
  aiChatRunToolCalls: AiChatRunToolCallsTable
  workers: WorkersTable
  tokens: TokensTable
  tickets: TicketsTable
  aiChatFiles: AiChatFilesTable
  aiChatFilePieces: AiChatFilePiecesTable
  aiChatFileUses: AiChatFileUsesTable
}
