/** Transactions that are done again when they lose to another one, and of which a frozen process holds no locks for long. */
import { sql } from 'kysely'
import type { OutlastDatabase } from './database.ts'
import { isSerializationClash } from './pg-errors.ts'

/** Between two statements of a healthy process lie milliseconds; a run's lease lasts longer than this. */
const IDLE_MS = 5000

/** Whoever lost to another transaction may lose again, to the next one. */
const MAX_TRIES = 5

/**
 * The server ends a transaction whose process says nothing for long; to that process it is an outage.
 *
 * @param work - done again from its beginning when it met another transaction and lost: nothing of it has happened then
 */
export const transact = async <T>(
  db: OutlastDatabase,
  work: (trx: OutlastDatabase) => Promise<T>,
): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transactOnce(db, work)
    } catch (error) {
      if (!isSerializationClash(error) || attempt === MAX_TRIES) throw error
    }
  }
}

const transactOnce = <T>(
  db: OutlastDatabase,
  work: (trx: OutlastDatabase) => Promise<T>,
): Promise<T> =>
  db
    .transaction()
    .setIsolationLevel('read committed')
    .execute(async (trx) => {
      // Of the transaction and not of the session: a pooler shares sessions with others.
      const idle = String(IDLE_MS)
      await sql`select set_config('idle_in_transaction_session_timeout', ${idle}, true)`.execute(
        trx,
      )
      return work(trx)
    })
