/** Transactions of which a process that freezes in the middle holds no locks for long: others can go on with its runs. */
import { sql } from 'kysely'
import type { OutlastDatabase } from './database.ts'

/** Between two statements of a healthy process lie milliseconds; a run's lease lasts longer than this. */
const IDLE_MS = 5000

/** The server ends a transaction whose process says nothing for so long; to that process it is an outage. */
export const transact = <T>(
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
