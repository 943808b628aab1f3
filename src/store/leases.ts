/** What only the sole owner of a database may say: every lease in it belongs to a process that is gone. */
import type { OutlastDatabase } from './database.ts'
import { sayingOutage } from './outage.ts'

export const createLeases = (db: OutlastDatabase) =>
  sayingOutage({
    /** INVARIANT: called only while this process holds the data folder, and before it executes anything. */
    async expireAll(): Promise<void> {
      await db
        .updateTable('aiChatRuns')
        .set({ leaseExpiresAt: null })
        .where('driver', '=', 'engine')
        .where('status', '=', 'running')
        .execute()
    },
  })
