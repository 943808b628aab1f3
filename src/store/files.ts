/** Files of users as their owner sees them; bytes are kept in pieces and read in pieces. */
import { sql } from 'kysely'
import type { FileRecord, NewFile } from '../domain/file.ts'
import type { Lease, Principal } from '../domain/run.ts'
import type { Files } from '../engine/ports.ts'
import type { OutlastDatabase } from './database.ts'
import { held, heldRun } from './fence.ts'
import { FILE, keepFile, PIECE_BYTES, useFiles } from './keep-file.ts'
import { sayingOutage } from './outage.ts'
import { transact } from './transaction.ts'

export const createFiles = (db: OutlastDatabase): Files =>
  sayingOutage({
    upload: (owner: Principal, file: NewFile, maxOwnerBytes: number) =>
      transact(db, (trx) => keepFile(trx, { owner, maxOwnerBytes }, file)),
    keep: (lease: Lease, file: NewFile) => transact(db, (trx) => keep(trx, lease, file)),
    find: (owner: Principal, id: string) => find(db, owner, id),
    read: (owner: Principal, id: string, start: number, end: number) =>
      read(db, owner, id, start, end),
    base64: (owner: Principal, id: string) => base64(db, owner, id),
    sweep: () => sweep(db),
  })

/** What a run has made is kept whatever room there is: its answer would be incomplete without it. */
async function keep(trx: OutlastDatabase, lease: Lease, file: NewFile): Promise<FileRecord> {
  const run = held(
    await heldRun(trx, lease).returning(['chatId', 'workspaceId', 'createdBy']).executeTakeFirst(),
    lease,
  )
  const owner = { workspaceId: run.workspaceId, userId: run.createdBy }
  const kept = await keepFile(trx, { owner, maxOwnerBytes: Number.POSITIVE_INFINITY }, file)
  await useFiles(trx, owner, { id: run.chatId, workspaceId: run.workspaceId }, [kept.id])
  return kept
}

const filesOf = (db: OutlastDatabase, { workspaceId, userId }: Principal, id: string) =>
  db
    .selectFrom('aiChatFiles')
    .where('aiChatFiles.id', '=', id)
    .where('aiChatFiles.workspaceId', '=', workspaceId)
    .where('aiChatFiles.ownerId', '=', userId)

const find = (db: OutlastDatabase, owner: Principal, id: string): Promise<FileRecord | undefined> =>
  filesOf(db, owner, id).select(FILE).executeTakeFirst()

async function read(
  db: OutlastDatabase,
  owner: Principal,
  id: string,
  start: number,
  end: number,
): Promise<Uint8Array | undefined> {
  const first = Math.floor(start / PIECE_BYTES)
  const last = Math.floor((end - 1) / PIECE_BYTES)
  const pieces = await filesOf(db, owner, id)
    .leftJoin('aiChatFilePieces', (join) =>
      join
        .onRef('aiChatFilePieces.fileId', '=', 'aiChatFiles.id')
        .on('position', '>=', first)
        .on('position', '<=', last),
    )
    .select('bytes')
    .orderBy('position')
    .execute()
  if (pieces.length === 0) return undefined
  const bytes = Buffer.concat(pieces.flatMap((piece) => piece.bytes ?? []))
  return bytes.subarray(start - first * PIECE_BYTES, end - first * PIECE_BYTES)
}

/** Piece by piece, as everything that may be large. */
async function base64(
  db: OutlastDatabase,
  owner: Principal,
  id: string,
): Promise<string | undefined> {
  const file = await find(db, owner, id)
  if (!file) return undefined
  const pieces: Uint8Array[] = []
  for (let start = 0; start < file.size; start += PIECE_BYTES) {
    const piece = await read(db, owner, id, start, Math.min(start + PIECE_BYTES, file.size))
    if (!piece) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('base64')
}

async function sweep(db: OutlastDatabase): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('aiChatFiles')
    .where('touchedAt', '<', sql<Date>`now() - interval '1 day'`)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('aiChatFileUses').select('fileId').whereRef('fileId', '=', 'aiChatFiles.id'),
        ),
      ),
    )
    .executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}
