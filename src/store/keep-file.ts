/** What a transaction does with files: keeps one, counts it to a chat, or lets go of those that no chat uses. */
import { createHash } from 'node:crypto'
import { sql, type QueryCreator } from 'kysely'
import { InvalidRequestError, StorageFullError } from '../domain/errors.ts'
import {
  base64Bytes,
  dataUrlContent,
  fileIdOf,
  fileUrl,
  INLINE_FILE_BYTES,
  type FileRecord,
  type NewFile,
} from '../domain/file.ts'
import { limitSentence } from '../domain/limits.ts'
import type { MessagePart } from '../domain/message.ts'
import type { Principal } from '../domain/run.ts'
import type { OutlastDatabase } from './database.ts'
import { now } from './fence.ts'
import type { Database } from './schema.ts'

/** An embedded database blocks its process for the time of a statement: one piece takes a few milliseconds. */
export const PIECE_BYTES = 256 * 1024

export const FILE = ['id', 'mediaType', 'filename', 'size', 'sha256'] as const

type Owned = { readonly owner: Principal; readonly maxOwnerBytes: number }

/** Keeps a file once for its owner. Whoever keeps the same one meanwhile waits for the row, so its pieces are there. */
export async function keepFile(
  trx: OutlastDatabase,
  { owner, maxOwnerBytes }: Owned,
  file: NewFile,
): Promise<FileRecord> {
  const { content, mediaType, filename = null } = file
  const bytes = typeof content === 'string' ? Buffer.from(content, 'base64') : content
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const { fresh, ...kept } = await trx
    .insertInto('aiChatFiles')
    .values({
      workspaceId: owner.workspaceId,
      ownerId: owner.userId,
      sha256,
      mediaType,
      filename,
      size: bytes.byteLength,
    })
    .onConflict((conflict) =>
      conflict.constraint('ai_chat_files_content_key').doUpdateSet({ touchedAt: now }),
    )
    .returning(FILE)
    // No transaction has updated or deleted the row: this one has made it.
    .returning(sql<boolean>`xmax = 0`.as('fresh'))
    .executeTakeFirstOrThrow()
  if (!fresh) return kept
  if (Number.isFinite(maxOwnerBytes)) await checkRoom(trx, owner, maxOwnerBytes)
  for (let position = 0; position * PIECE_BYTES < bytes.byteLength; position += 1) {
    const start = position * PIECE_BYTES
    const piece = bytes.subarray(start, start + PIECE_BYTES)
    await trx
      .insertInto('aiChatFilePieces')
      .values({ fileId: kept.id, position, bytes: Buffer.from(piece) })
      .execute()
  }
  return kept
}

/** The user's row is locked first, so that two files do not both take the last room. */
async function checkRoom(trx: OutlastDatabase, owner: Principal, most: number): Promise<void> {
  await lockUser(trx, owner).execute()
  const { bytes } = await trx
    .selectFrom('aiChatFiles')
    .select((eb) => eb.fn.sum<number>('size').as('bytes'))
    .where('workspaceId', '=', owner.workspaceId)
    .where('ownerId', '=', owner.userId)
    .executeTakeFirstOrThrow()
  if (Number(bytes) > most) throw new StorageFullError(limitSentence('ownerBytes', most))
}

/** Until the transaction ends, what is counted for this user stays true. Those who only refer to the user do not wait. */
export const lockUser = (trx: QueryCreator<Database>, { workspaceId, userId }: Principal) =>
  trx
    .selectFrom('users')
    .select(['id', 'workspaceId'])
    .where('workspaceId', '=', workspaceId)
    .where('id', '=', userId)
    .forNoKeyUpdate()

type Chat = { readonly id: string; readonly workspaceId: string }

/**
 * Counts files to a chat. Each is touched first: a sweep that has its eye on it looks again.
 *
 * @throws InvalidRequestError when the owner has no such file (any more)
 */
export async function useFiles(
  trx: OutlastDatabase,
  owner: Principal,
  chat: Chat,
  ids: readonly string[],
): Promise<void> {
  const touched = await trx
    .updateTable('aiChatFiles')
    .set({ touchedAt: now })
    .where('id', 'in', ids)
    .where('workspaceId', '=', owner.workspaceId)
    .where('ownerId', '=', owner.userId)
    .returning('id')
    .execute()
  const found = new Set(touched.map(({ id }) => id))
  const missing = ids.find((id) => !found.has(id))
  if (missing !== undefined)
    throw new InvalidRequestError(
      `There is no file ${fileUrl(missing)} here. Upload it again, or leave it out of the message.`,
    )
  await trx
    .insertInto('aiChatFileUses')
    .values(
      [...found].map((fileId) => ({ chatId: chat.id, fileId, workspaceId: chat.workspaceId })),
    )
    .onConflict((conflict) => conflict.columns(['chatId', 'fileId']).doNothing())
    .execute()
}

/** The parts of a user's message with its large files kept, and all its kept files counted to the chat. */
export async function keepMessageFiles(
  trx: OutlastDatabase,
  owned: Owned,
  chat: Chat,
  parts: readonly MessagePart[],
): Promise<readonly MessagePart[]> {
  if (!parts.some(({ type }) => type === 'file')) return parts
  const kept: MessagePart[] = []
  for (const part of parts) kept.push(await keepPart(trx, owned, part))
  const ids = kept.flatMap((part) => fileIdOf(urlOf(part)) ?? [])
  if (ids.length > 0) await useFiles(trx, owned.owner, chat, [...new Set(ids)])
  return kept
}

const urlOf = ({ url }: MessagePart): string => (typeof url === 'string' ? url : '')

async function keepPart(
  trx: OutlastDatabase,
  owned: Owned,
  part: MessagePart,
): Promise<MessagePart> {
  const content = dataUrlContent(urlOf(part))
  if (part.type !== 'file' || fileIdOf(urlOf(part)) || base64Bytes(content) <= INLINE_FILE_BYTES)
    return part
  const { mediaType, filename } = part as unknown as Omit<NewFile, 'content'>
  const { id } = await keepFile(trx, owned, { mediaType, filename, content })
  return { ...part, url: fileUrl(id) }
}

/**
 * Deletes a chat with the files that no other chat uses. They are locked first: nobody begins to use them elsewhere meanwhile.
 *
 * @param deleteChat - with which the chat's uses of its files go
 */
export async function deleteWithFiles(
  trx: OutlastDatabase,
  chat: Chat,
  deleteChat: () => Promise<void>,
): Promise<void> {
  const used = await trx
    .selectFrom('aiChatFiles')
    .select('id')
    .where('workspaceId', '=', chat.workspaceId)
    .where(({ exists }) => exists(usesOf(trx).where('chatId', '=', chat.id)))
    .orderBy('id')
    .forUpdate()
    .execute()
  await deleteChat()
  if (used.length === 0) return
  const ids = used.map(({ id }) => id)
  await trx
    .deleteFrom('aiChatFiles')
    .where('id', 'in', ids)
    .where(({ not, exists }) => not(exists(usesOf(trx))))
    .execute()
}

const usesOf = (trx: OutlastDatabase) =>
  trx
    .selectFrom('aiChatFileUses')
    .select('fileId')
    .where(({ eb, ref }) => eb('fileId', '=', ref('aiChatFiles.id' as never)))
