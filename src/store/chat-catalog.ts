/** Chats as their owner lists, opens, names and removes them. */
import type { ChatListing, MessageSlice, OpenedChat, Page, PageRequest } from '../domain/catalog.ts'
import { MessageNotFoundError } from '../domain/errors.ts'
import {
  ACTIVE_STATUSES,
  SETTLED_STATUSES,
  type Principal,
  type RunRecord,
  type RunStatus,
} from '../domain/run.ts'
import type { ChatCatalog } from '../engine/catalog-ports.ts'
import { listings, toListing } from './chat-listing.ts'
import type { OutlastDatabase } from './database.ts'
import { loadJournal } from './journal.ts'
import { deleteWithFiles } from './keep-file.ts'
import { isBehind, pageOf } from './keyset.ts'
import { sayingOutage } from './outage.ts'
import { messageColumns, runColumns, toMessage } from './rows.ts'
import { transact } from './transaction.ts'

export const createChatCatalog = (db: OutlastDatabase): ChatCatalog =>
  sayingOutage({
    list: (principal: Principal, filter: { query?: string | undefined }, page: PageRequest) =>
      list(db, principal, filter, page),
    open: (principal: Principal, publicId: string, slice: MessageSlice) =>
      db
        .transaction()
        .setIsolationLevel('repeatable read')
        .setAccessMode('read only')
        .execute((trx) => open(trx, principal, publicId, slice)),
    rename: (principal: Principal, publicId: string, title: string | null) =>
      rename(db, principal, publicId, title),
    see: (principal: Principal, publicId: string, runId: string) =>
      see(db, principal, publicId, runId),
    remove: (principal: Principal, publicId: string) =>
      transact(db, (trx) => remove(trx, principal, publicId)),
  })

const chatsOf = (db: OutlastDatabase, { workspaceId, userId }: Principal) =>
  db
    .selectFrom('aiChats')
    .where('aiChats.workspaceId', '=', workspaceId)
    .where('aiChats.creatorId', '=', userId)

async function list(
  db: OutlastDatabase,
  principal: Principal,
  { query }: { readonly query?: string | undefined },
  { limit, after }: PageRequest,
): Promise<Page<ChatListing>> {
  let chats = listings(db, principal)
  if (query !== undefined) {
    const pattern = `%${query.replace(/[\\%_]/g, '\\$&')}%`
    chats = chats.where(
      ({ fn }) => fn.coalesce('aiChats.title', 'aiChats.autoTitle'),
      'ilike',
      pattern,
    )
  }
  if (after !== undefined)
    chats = chats.where(({ ref }) => isBehind(ref('aiChats.updatedAt'), ref('aiChats.id'), after))
  const rows = await chats
    .orderBy('aiChats.updatedAt', 'desc')
    .orderBy('aiChats.id', 'desc')
    .limit(limit + 1)
    .execute()
  return pageOf(rows, limit, toListing)
}

async function open(
  trx: OutlastDatabase,
  principal: Principal,
  publicId: string,
  slice: MessageSlice,
): Promise<OpenedChat | undefined> {
  const row = await listings(trx, principal)
    .where('aiChats.publicId', '=', publicId)
    .executeTakeFirst()
  if (!row) return undefined
  const activeRun = await trx
    .selectFrom('aiChatRuns')
    .select(runColumns)
    .where('aiChatRuns.chatId', '=', row.id)
    .where('aiChatRuns.status', 'in', ACTIVE_STATUSES)
    .executeTakeFirst()
  const isWaiting = activeRun?.status === 'waiting'
  const said = await messagesOf(trx, row.id, isWaiting ? undefined : activeRun, slice)
  return {
    chat: toListing(row),
    ...said,
    activeRun,
    ...(isWaiting ? { waiting: await loadJournal(trx, activeRun.id, activeRun.workspaceId) } : {}),
  }
}

async function messagesOf(
  trx: OutlastDatabase,
  chatId: string,
  activeRun: RunRecord | undefined,
  { limit, before }: MessageSlice,
): Promise<Pick<OpenedChat, 'messages' | 'hasEarlier'>> {
  const inProgress = activeRun?.assistantMessageId ?? null
  const end = before === undefined ? undefined : await seqOf(trx, chatId, before)
  const rows = await trx
    .selectFrom('aiChatMessages')
    .select(messageColumns)
    .where('aiChatMessages.chatId', '=', chatId)
    .where('aiChatMessages.supersededBy', 'is', null)
    .$if(inProgress !== null, (query) => query.where('aiChatMessages.id', '!=', inProgress ?? ''))
    .$if(end !== undefined, (query) => query.where('aiChatMessages.seq', '<', end ?? 0))
    .orderBy('aiChatMessages.seq', 'desc')
    .$if(limit !== undefined, (query) => query.limit((limit ?? 0) + 1))
    .execute()
  const own = rows.slice(0, limit)
  return { messages: own.toReversed().map(toMessage), hasEarlier: rows.length > own.length }
}

/** Also of a message that was replaced: a client may still show it. */
async function seqOf(trx: OutlastDatabase, chatId: string, publicId: string): Promise<number> {
  const message = await trx
    .selectFrom('aiChatMessages')
    .select('seq')
    .where('chatId', '=', chatId)
    .where('publicId', '=', publicId)
    .executeTakeFirst()
  if (message) return message.seq
  throw new MessageNotFoundError(`There is no message ${publicId} in this chat.`)
}

async function rename(
  db: OutlastDatabase,
  principal: Principal,
  publicId: string,
  title: string | null,
): Promise<ChatListing | undefined> {
  // Its place in the list stays: nobody has said anything in it.
  await db
    .updateTable('aiChats')
    .set({ title })
    .where('workspaceId', '=', principal.workspaceId)
    .where('creatorId', '=', principal.userId)
    .where('publicId', '=', publicId)
    .execute()
  return find(db, principal, publicId)
}

async function find(
  db: OutlastDatabase,
  principal: Principal,
  publicId: string,
): Promise<ChatListing | undefined> {
  const row = await listings(db, principal)
    .where('aiChats.publicId', '=', publicId)
    .executeTakeFirst()
  return row && toListing(row)
}

/** The statement itself looks which run is the latest: a turn may begin at any moment. */
async function see(
  db: OutlastDatabase,
  principal: Principal,
  publicId: string,
  runId: string,
): Promise<ChatListing | undefined> {
  await db
    .updateTable('aiChats')
    .set({ seenRunId: runId })
    .where('workspaceId', '=', principal.workspaceId)
    .where('creatorId', '=', principal.userId)
    .where('publicId', '=', publicId)
    .where(({ eb, exists, selectFrom }) =>
      exists(
        selectFrom('aiChatRuns')
          .select('aiChatRuns.id')
          .whereRef('aiChatRuns.chatId', '=', 'aiChats.id')
          .where('aiChatRuns.id', '=', runId)
          .where('aiChatRuns.status', 'in', SETTLED_STATUSES)
          .where(
            'aiChatRuns.id',
            '=',
            eb
              .selectFrom('aiChatRuns as run')
              .select('run.id')
              .whereRef('run.chatId', '=', 'aiChats.id')
              .orderBy('run.createdAt', 'desc')
              .orderBy('run.id', 'desc')
              .limit(1),
          ),
      ),
    )
    .execute()
  return find(db, principal, publicId)
}

/**
 * INVARIANT: chat, then runs, then files are locked, in the order of everybody else. The chat's lock keeps turns from
 * beginning and lets those pass who only refer to the chat: a run's holder may have to.
 */
async function remove(
  trx: OutlastDatabase,
  principal: Principal,
  publicId: string,
): Promise<readonly RunRecord[] | undefined> {
  const chat = await chatsOf(trx, principal)
    .select(['aiChats.id', 'aiChats.workspaceId'])
    .where('aiChats.publicId', '=', publicId)
    .forNoKeyUpdate()
    .executeTakeFirst()
  if (!chat) return undefined
  const runs = await trx
    .selectFrom('aiChatRuns')
    .select(runColumns)
    .where('aiChatRuns.chatId', '=', chat.id)
    .orderBy('aiChatRuns.id')
    .forUpdate()
    .execute()
  await deleteWithFiles(trx, chat, async () => {
    await trx.deleteFrom('aiChats').where('id', '=', chat.id).execute()
  })
  return runs.filter(({ status }) => (ACTIVE_STATUSES as readonly RunStatus[]).includes(status))
}
