/** What was said: chats and messages as their owner sees them, and the history that a run answers to. */
import { ChatNotFoundError } from '../domain/errors.ts'
import type { ChatRecord, MessageRecord } from '../domain/message.ts'
import { ACTIVE_STATUSES, type Principal, type RunRecord } from '../domain/run.ts'
import type { Conversations, History } from '../engine/ports.ts'
import type { OutlastDatabase } from './database.ts'
import { loadJournals } from './journal.ts'
import { sayingOutage } from './outage.ts'
import { messageColumns, runColumns, toMessage } from './rows.ts'

export const createConversations = (db: OutlastDatabase): Conversations =>
  sayingOutage({
    findChat: (principal: Principal, publicId: string) => findChat(db, principal, publicId),
    findRun: (principal: Principal, runId: string) => findRun(db, principal, runId),
    latestRun: (principal: Principal, chatId: string) => latestRun(db, principal, chatId),
    messages: (principal: Principal, chatId: string) => messages(db, principal, chatId),
    message: (id: string, workspaceId: string) => message(db, id, workspaceId),
    history: (run: RunRecord) => history(db, run),
    chatOf: (run: RunRecord) => chatOf(db, run),
    precedes: (publicId: string, run: RunRecord) => precedes(db, publicId, run),
  })

const CHAT = [
  'aiChats.id',
  'aiChats.publicId',
  'aiChats.workspaceId',
  'aiChats.creatorId',
  'aiChats.title',
] as const

const findChat = (
  db: OutlastDatabase,
  { workspaceId, userId }: Principal,
  publicId: string,
): Promise<ChatRecord | undefined> =>
  db
    .selectFrom('aiChats')
    .select(CHAT)
    .where('workspaceId', '=', workspaceId)
    .where('creatorId', '=', userId)
    .where('publicId', '=', publicId)
    .executeTakeFirst()

async function chatOf(db: OutlastDatabase, run: RunRecord): Promise<ChatRecord> {
  const chat = await db
    .selectFrom('aiChats')
    .select(CHAT)
    .where('id', '=', run.chatId)
    .where('workspaceId', '=', run.workspaceId)
    .executeTakeFirst()
  if (chat) return chat
  throw new ChatNotFoundError('The chat of this run was deleted.')
}

/** Replaced messages count: their readers lack the answer even more. */
async function precedes(
  db: OutlastDatabase,
  publicId: string,
  { chatId, workspaceId, assistantMessageId }: RunRecord,
): Promise<boolean> {
  const earlier = await db
    .selectFrom('aiChatMessages')
    .innerJoin('aiChatMessages as answer', 'answer.chatId', 'aiChatMessages.chatId')
    .select('aiChatMessages.id')
    .where('answer.id', '=', assistantMessageId)
    .where('aiChatMessages.chatId', '=', chatId)
    .where('aiChatMessages.workspaceId', '=', workspaceId)
    .where('aiChatMessages.publicId', '=', publicId)
    .whereRef('aiChatMessages.seq', '<', 'answer.seq')
    .limit(1)
    .executeTakeFirst()
  return earlier !== undefined
}

/** Runs of the chats that the principal owns. */
const runsOf = (db: OutlastDatabase, { workspaceId, userId }: Principal) =>
  db
    .selectFrom('aiChatRuns')
    .innerJoin('aiChats', 'aiChats.id', 'aiChatRuns.chatId')
    .select(runColumns)
    .where('aiChatRuns.workspaceId', '=', workspaceId)
    .where('aiChats.workspaceId', '=', workspaceId)
    .where('aiChats.creatorId', '=', userId)

const findRun = (
  db: OutlastDatabase,
  principal: Principal,
  runId: string,
): Promise<RunRecord | undefined> =>
  runsOf(db, principal).where('aiChatRuns.id', '=', runId).executeTakeFirst()

const latestRun = (
  db: OutlastDatabase,
  principal: Principal,
  chatId: string,
): Promise<RunRecord | undefined> =>
  runsOf(db, principal)
    .where('aiChats.publicId', '=', chatId)
    .orderBy('aiChatRuns.createdAt', 'desc')
    .orderBy('aiChatRuns.id', 'desc')
    .limit(1)
    .executeTakeFirst()

async function messages(
  db: OutlastDatabase,
  { workspaceId, userId }: Principal,
  chatId: string,
): Promise<MessageRecord[]> {
  const rows = await db
    .selectFrom('aiChatMessages')
    .innerJoin('aiChats', 'aiChats.id', 'aiChatMessages.chatId')
    .select(messageColumns)
    .where('aiChats.workspaceId', '=', workspaceId)
    .where('aiChats.creatorId', '=', userId)
    .where('aiChats.publicId', '=', chatId)
    .where('aiChatMessages.supersededBy', 'is', null)
    .orderBy('aiChatMessages.seq')
    .execute()
  return rows.map(toMessage)
}

async function message(
  db: OutlastDatabase,
  id: string,
  workspaceId: string,
): Promise<MessageRecord | undefined> {
  const row = await db
    .selectFrom('aiChatMessages')
    .select(messageColumns)
    .where('id', '=', id)
    .where('workspaceId', '=', workspaceId)
    .executeTakeFirst()
  return row && toMessage(row)
}

/** At most three statements, however long the chat is. */
async function history(db: OutlastDatabase, run: RunRecord): Promise<History> {
  const said = await saidBefore(db, run)
  const chatId = said[0]?.chatPublicId ?? (await chatOf(db, run)).publicId
  const runIds = said.flatMap(({ runId }) => runId ?? [])
  const journals = await loadJournals(db, runIds, run.workspaceId)
  const turns = said.map(({ chatPublicId: _, ...row }) => ({
    message: toMessage(row),
    journal: row.runId === null ? undefined : journals.get(row.runId),
  }))
  return { chatId, turns }
}

/** Up to the run's user message, without answers in progress. */
const saidBefore = (db: OutlastDatabase, { chatId, workspaceId, userMessageId }: RunRecord) =>
  db
    .selectFrom('aiChatMessages')
    .innerJoin('aiChats', 'aiChats.id', 'aiChatMessages.chatId')
    .select(messageColumns)
    .select('aiChats.publicId as chatPublicId')
    .where('aiChatMessages.chatId', '=', chatId)
    .where('aiChatMessages.workspaceId', '=', workspaceId)
    .where('aiChatMessages.supersededBy', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('aiChatRuns')
            .select('aiChatRuns.id')
            .whereRef('aiChatRuns.assistantMessageId', '=', 'aiChatMessages.id')
            .where('aiChatRuns.status', 'in', ACTIVE_STATUSES),
        ),
      ),
    )
    .$if(userMessageId !== null, (query) =>
      query.where('aiChatMessages.seq', '<=', ({ selectFrom }) =>
        selectFrom('aiChatMessages as own').select('own.seq').where('own.id', '=', userMessageId),
      ),
    )
    .orderBy('aiChatMessages.seq')
    .execute()
