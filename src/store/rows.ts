/** Between rows and domain: what is selected, and how a step, a call and a message look in a table. */
import type { ExpressionBuilder, Insertable, Selectable } from 'kysely'
import type { MessagePart, MessageRecord } from '../domain/message.ts'
import type { BrokenAttempt, StepRecord, ToolCallEnd, ToolCallRecord } from '../domain/step.ts'
import { cleanText } from '../domain/text.ts'
import { now } from './fence.ts'
import type {
  AiChatMessagesTable,
  AiChatRunStepsTable,
  AiChatRunToolCallsTable,
  Database,
} from './schema.ts'

/** The columns of a RunRecord, for `select` and `returning`. */
export const runColumns = (eb: ExpressionBuilder<Database, 'aiChatRuns'>) =>
  [
    'aiChatRuns.id',
    'aiChatRuns.chatId',
    'aiChatRuns.workspaceId',
    'aiChatRuns.createdBy',
    'aiChatRuns.status',
    'aiChatRuns.trigger',
    'aiChatRuns.assistantMessageId',
    'aiChatRuns.userMessageId',
    'aiChatRuns.error',
    'aiChatRuns.errorCode',
    'aiChatRuns.stepCount',
    'aiChatRuns.stopRequestedAt',
    'aiChatRuns.startedAt',
    'aiChatRuns.finishedAt',
    'aiChatRuns.createdAt',
    'aiChatRuns.updatedAt',
    'aiChatRuns.leaseEpoch',
    'aiChatRuns.leaseHolder',
    'aiChatRuns.attempt',
    'aiChatRuns.agent',
    'aiChatRuns.options',
    'aiChatRuns.output',
    'aiChatRuns.bound',
    'aiChatRuns.driver',
    'aiChatRuns.traceParent',
    isLapsed(eb).as('lapsed'),
  ] as const

/** Nobody holds a valid lease on the run. */
export const isLapsed = (eb: ExpressionBuilder<Database, 'aiChatRuns'>) =>
  eb
    .or([eb('aiChatRuns.leaseExpiresAt', 'is', null), eb('aiChatRuns.leaseExpiresAt', '<', now)])
    .$castTo<boolean>()

export const json = (value: unknown): string => JSON.stringify(value) ?? 'null'

const optionalJson = (value: unknown): string | null => (value === undefined ? null : json(value))

type StepRow = Omit<Insertable<AiChatRunStepsTable>, 'runId' | 'workspaceId'>

export const stepRow = ({ info, request, ...step }: StepRecord): StepRow => ({
  stepIndex: step.stepIndex,
  content: json(step.parts),
  epoch: step.epoch,
  unitFrom: step.span.from,
  unitTo: step.span.to,
  spans: json(step.spans),
  finishReason: info?.finishReason ?? 'interrupted',
  rawFinishReason: info?.rawFinishReason ?? null,
  responseId: info?.responseId ?? null,
  provider: info?.provider ?? null,
  modelId: info?.modelId ?? null,
  warnings: optionalJson(info?.warnings),
  usage: optionalJson(info?.usage),
  request: optionalJson(request),
  costMicros: info?.costMicros ?? null,
  startedAt: info?.startedAt ?? null,
  firstChunkAt: info?.firstChunkAt ?? null,
  finishedAt: info?.finishedAt ?? null,
  brokenAttempts: optionalJson(info?.brokenAttempts?.map(cleanAttempt)),
})

const cleanAttempt = (attempt: BrokenAttempt): BrokenAttempt => ({
  ...attempt,
  error: cleanText(attempt.error),
})

export const toStep = (row: Selectable<AiChatRunStepsTable>): StepRecord => ({
  stepIndex: row.stepIndex,
  epoch: row.epoch,
  span: { from: row.unitFrom, to: row.unitTo },
  parts: row.content,
  spans: row.spans,
  info: {
    finishReason: row.finishReason,
    rawFinishReason: row.rawFinishReason ?? undefined,
    responseId: row.responseId ?? undefined,
    provider: row.provider ?? undefined,
    modelId: row.modelId ?? undefined,
    warnings: row.warnings ?? undefined,
    usage: row.usage ?? undefined,
    costMicros: row.costMicros ?? undefined,
    startedAt: row.startedAt ?? undefined,
    firstChunkAt: row.firstChunkAt ?? undefined,
    finishedAt: row.finishedAt ?? undefined,
    brokenAttempts: row.brokenAttempts?.map(({ startedAt, endedAt, ...why }) => ({
      startedAt: new Date(startedAt),
      endedAt: new Date(endedAt),
      ...why,
    })),
  },
  ...(row.request === null ? {} : { request: row.request }),
})

type CallRow = Omit<Insertable<AiChatRunToolCallsTable>, 'runId' | 'workspaceId'>

/** A call that is about to be executed. */
export const startedCallRow = (call: ToolCallRecord): CallRow => ({
  stepIndex: call.stepIndex,
  toolCallId: call.toolCallId,
  toolName: call.toolName,
  input: json(call.input),
  epoch: call.epoch,
  unitFrom: call.span.from,
})

/** A call that is not started now. */
export const recordedCallRow = (call: ToolCallRecord): CallRow => ({
  ...startedCallRow(call),
  status: call.status,
  error: call.error === undefined ? null : cleanText(call.error),
  approval: optionalJson(call.approval),
  unitTo: call.span.to ?? null,
  attempt: call.attempt,
})

/** What changes in a call's row when it ends. */
export const callEndPatch = (end: ToolCallEnd) => ({
  status: end.status,
  output: optionalJson(end.output),
  modelOutput: optionalJson(end.modelOutput),
  error: end.error === undefined ? null : cleanText(end.error),
  data: end.data.length === 0 ? null : json(end.data),
  unitFrom: end.span.from,
  unitTo: end.span.to,
  finishedAt: now,
})

export const toCall = (row: Selectable<AiChatRunToolCallsTable>): ToolCallRecord => ({
  stepIndex: row.stepIndex,
  toolCallId: row.toolCallId,
  toolName: row.toolName,
  input: row.input,
  status: row.status,
  ...(row.status === 'succeeded' ? { output: row.output } : {}),
  ...(row.modelOutput === null ? {} : { modelOutput: row.modelOutput }),
  ...(row.error === null ? {} : { error: row.error }),
  data: row.data ?? [],
  epoch: row.epoch,
  span: { from: row.unitFrom, to: row.unitTo ?? undefined },
  attempt: row.attempt,
  ...(row.approval === null ? {} : { approval: row.approval }),
  ...(row.decidedEpoch === null ? {} : { decidedEpoch: row.decidedEpoch }),
})

/** The columns of a MessageRecord; its run is the latest one that answers with it. */
export const messageColumns = (eb: ExpressionBuilder<Database, 'aiChatMessages'>) =>
  [
    'aiChatMessages.id',
    'aiChatMessages.publicId',
    'aiChatMessages.chatId',
    'aiChatMessages.role',
    'aiChatMessages.status',
    'aiChatMessages.content',
    'aiChatMessages.metadata',
    'aiChatMessages.createdAt',
    eb
      .selectFrom('aiChatRuns')
      .select('aiChatRuns.id')
      .whereRef('aiChatRuns.assistantMessageId', '=', 'aiChatMessages.id')
      .orderBy('aiChatRuns.createdAt', 'desc')
      .orderBy('aiChatRuns.id', 'desc')
      .limit(1)
      .as('runId'),
  ] as const

type MessageRow = Pick<
  Selectable<AiChatMessagesTable>,
  'id' | 'publicId' | 'chatId' | 'role' | 'status' | 'content' | 'metadata' | 'createdAt'
> & { readonly runId: string | null }

export const toMessage = ({ content, metadata, ...row }: MessageRow): MessageRecord => ({
  ...row,
  parts: metadata?.parts ?? textParts(content),
})

/** A message that was written without parts says its content. */
const textParts = (content: string): MessagePart[] =>
  content === '' ? [] : [{ type: 'text', text: content }]
