/** Requests that say by a key of their own that they are the same one. */
import { createHash } from 'node:crypto'
import { InvalidRequestError } from '../domain/errors.ts'
import type { RunRecord } from '../domain/run.ts'
import type { TurnKey } from '../domain/turn.ts'
import type { OutlastDatabase } from './database.ts'
import { runColumns } from './rows.ts'

/**
 * The run that the key began in this chat, which is locked.
 * @throws InvalidRequestError when it was begun by another request
 */
export async function findRepeated(
  trx: OutlastDatabase,
  chatId: string,
  { turnKey }: { readonly turnKey?: TurnKey },
): Promise<RunRecord | undefined> {
  if (!turnKey) return undefined
  const found = await trx
    .selectFrom('aiChatRuns')
    .select(runColumns)
    .select('requestHash')
    .where('chatId', '=', chatId)
    .where('idempotencyKey', '=', turnKey.key)
    .executeTakeFirst()
  if (!found) return undefined
  const { requestHash: hash, ...run } = found
  if (hash === requestHash(turnKey)) return run
  throw new InvalidRequestError(
    'This Idempotency-Key began a run of this chat for another request: use a new key for each request, and the same one only to repeat it.',
  )
}

export const requestHash = ({ content }: TurnKey): string =>
  createHash('sha256').update(content).digest('base64url')
