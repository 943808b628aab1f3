/** Transactions that are done again when they lose to another one; their dialect keeps them from holding locks for long. */
import type { OutlastDatabase } from './database.ts'
import { isSerializationClash } from './pg-errors.ts'

/** Whoever lost to another transaction may lose again, to the next one. */
const MAX_TRIES = 5

/** @param work - done again from its beginning when it met another transaction and lost: nothing of it has happened then */
export const transact = async <T>(
  db: OutlastDatabase,
  work: (trx: OutlastDatabase) => Promise<T>,
): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction().setIsolationLevel('read committed').execute(work)
    } catch (error) {
      if (!isSerializationClash(error) || attempt === MAX_TRIES) throw error
    }
  }
}
