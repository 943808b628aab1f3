/** The ports on one of our databases. */
import { sql } from 'kysely'
import type { Principal } from '../../src/domain/run.ts'
import { createAdmissions } from '../../src/store/admissions.ts'
import { createChatCatalog } from '../../src/store/chat-catalog.ts'
import { createChatStates } from '../../src/store/chat-states.ts'
import { createConversations } from '../../src/store/conversations.ts'
import type { OutlastDatabase } from '../../src/store/database.ts'
import { deleteWithFiles } from '../../src/store/keep-file.ts'
import { createFiles } from '../../src/store/files.ts'
import { inMs, now } from '../../src/store/fence.ts'
import { createJournal } from '../../src/store/journal.ts'
import { createPrincipals } from '../../src/store/principals.ts'
import { createRunCatalog } from '../../src/store/run-catalog.ts'
import { createRunOverview } from '../../src/store/run-overview.ts'
import { createRunStore } from '../../src/store/run-store.ts'
import { createWorkers } from '../../src/store/workers.ts'
import type { MigratedDatabase } from './databases.ts'
import type { Stores } from './stores.ts'

export const storesOn = (database: MigratedDatabase): Stores => ({
  ...portsOn(database.db),
  [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
})

/** The same, for a database that somebody else closes. */
export const portsOn = (db: OutlastDatabase): Omit<Stores, typeof Symbol.asyncDispose> => {
  const conversations = createConversations(db)
  const chatOf = async ({ principal, chatId }: { principal: Principal; chatId: string }) => {
    const chat = await conversations.findChat(principal, chatId)
    if (chat === undefined) throw new Error(`There is no chat ${chatId}.`)
    return { chatId: chat.id, workspaceId: chat.workspaceId }
  }
  return {
    runs: createRunStore(db),
    admissions: createAdmissions(db, 'outlast'),
    journal: createJournal(db),
    conversations,
    files: createFiles(db),
    chats: createChatCatalog(db),
    records: createRunCatalog(db),
    overview: createRunOverview(db),
    workers: createWorkers(db),
    states: createChatStates(db),
    ensure: createPrincipals(db).ensure,
    setSettings: async (workspaceId, settings) => {
      await db
        .updateTable('workspaces')
        .set({ settings: JSON.stringify(settings) })
        .where('id', '=', workspaceId)
        .execute()
    },
    insertChat: ({ workspaceId, userId }) =>
      db
        .insertInto('aiChats')
        .values({ workspaceId, creatorId: userId })
        .returning('id')
        .executeTakeFirstOrThrow(),
    insertMessage: async ({ id, role = 'user', content = 'Hello', ...chat }) =>
      db
        .insertInto('aiChatMessages')
        .values({ ...(await chatOf(chat)), clientId: id ?? null, role, content })
        .returning('id')
        .executeTakeFirstOrThrow(),
    insertExternalRun: async ({ assistantMessageId, ...chat }) =>
      db
        .insertInto('aiChatRuns')
        .values({
          ...(await chatOf(chat)),
          createdBy: chat.principal.userId,
          status: 'running',
          assistantMessageId: assistantMessageId ?? null,
        })
        .returning('id')
        .executeTakeFirstOrThrow(),
    ageFiles: async (hours) => {
      await sql`update ai_chat_files set touched_at = touched_at - ${hours} * interval '1 hour'`.execute(
        db,
      )
    },
    deleteChat: (chat) =>
      db.transaction().execute((trx) =>
        deleteWithFiles(trx, chat, async () => {
          await trx.deleteFrom('aiChats').where('id', '=', chat.id).execute()
        }),
      ),
    letIn: async (runId) => {
      await db
        .updateTable('aiChatRuns')
        .set({ admittedAt: now })
        .where('id', '=', runId)
        .where('status', '=', 'pending')
        .execute()
    },
    clear: async () => {
      await db.deleteFrom('aiChats').execute()
    },
    backdate: async (runId, seconds) => {
      const at = inMs(-1000 * seconds)
      const admittedAt = sql<Date>`case when admitted_at is not null then ${at} end`
      await db
        .updateTable('aiChatRuns')
        .set({ createdAt: at, updatedAt: at, admittedAt })
        .where('id', '=', runId)
        .execute()
    },
    dateRun: async (runId, times) => {
      await db.updateTable('aiChatRuns').set(times).where('id', '=', runId).execute()
    },
    silence: async (id, seconds) => {
      await db
        .updateTable('workers')
        .set({ seenAt: inMs(-1000 * seconds) })
        .where('id', '=', id)
        .execute()
    },
    supersede: async (messageId, by) => {
      await db
        .updateTable('aiChatMessages')
        .set({ supersededBy: by })
        .where('id', '=', messageId)
        .execute()
    },
  }
}
