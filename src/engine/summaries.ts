/** Records as clients see them: times as text, ids that clients know. */
import type { ChatListing } from '../domain/catalog.ts'
import type { MessageRecord } from '../domain/message.ts'
import type { RunRecord } from '../domain/run.ts'
import type { RunSummary, UiMessage } from './api.ts'
import type { ChatSummary } from './catalog-api.ts'

export const chatSummary = (chat: ChatListing): ChatSummary => ({
  id: chat.publicId,
  title: chat.title,
  createdAt: chat.createdAt.toISOString(),
  updatedAt: chat.updatedAt.toISOString(),
  latestRun: chat.latestRun,
  unread: chat.unread,
})

export const uiMessage = (message: MessageRecord, chatId: string): UiMessage => ({
  id: message.publicId,
  role: message.role,
  ...(message.runId ? { metadata: { runId: message.runId, chatId } } : {}),
  parts: message.parts,
})

export const runSummary = (run: RunRecord, chatId: string): RunSummary => ({
  id: run.id,
  chatId,
  status: run.status,
  trigger: run.trigger,
  error: run.error,
  errorCode: run.errorCode,
  output: run.output,
  stepCount: run.stepCount,
  attempt: run.attempt,
  epoch: run.leaseEpoch,
  assistantMessageId: run.assistantMessageId,
  stopRequestedAt: run.stopRequestedAt?.toISOString() ?? null,
  createdAt: run.createdAt.toISOString(),
  startedAt: run.startedAt?.toISOString() ?? null,
  finishedAt: run.finishedAt?.toISOString() ?? null,
})
