/** The processes that execute runs: one row each, by the database's clock. */
import { sql } from 'kysely'
import { WORKER_SILENT_MS, type Capacity, type WorkerRecord } from '../domain/overview.ts'
import type { WorkerRegistry } from '../engine/catalog-ports.ts'
import type { OutlastDatabase } from './database.ts'
import { inMs, now } from './fence.ts'
import { sayingOutage } from './outage.ts'

/** Who went silent is shown for so long. */
const KEPT_MS = 86_400_000

export const createWorkers = (db: OutlastDatabase): WorkerRegistry =>
  sayingOutage({
    announce: async (worker: Pick<WorkerRecord, 'id' | 'version' | 'concurrency'>) => {
      await db
        .with('forgotten', (qb) =>
          qb
            .deleteFrom('workers')
            .where('seenAt', '<', inMs(-KEPT_MS))
            .where('id', '<>', worker.id),
        )
        .insertInto('workers')
        .values(worker)
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ seenAt: now }))
        .execute()
    },
    leave: async (id: string) => {
      await db.deleteFrom('workers').where('id', '=', id).execute()
    },
    list: (): Promise<readonly WorkerRecord[]> =>
      db
        .selectFrom('workers')
        .select(['id', 'version', 'concurrency', 'startedAt', 'seenAt'])
        .select(sql<number>`(extract(epoch from now() - seen_at) * 1000)::float8`.as('silentMs'))
        .orderBy('startedAt', 'desc')
        .orderBy('id')
        .execute(),
    capacity: async (): Promise<Capacity> => {
      const { workers, limited, concurrency } = await db
        .selectFrom('workers')
        .select(({ fn }) => [
          fn.countAll<number>().as('workers'),
          fn.count<number>('concurrency').as('limited'),
          sql<number>`coalesce(sum(concurrency), 0)`.as('concurrency'),
        ])
        .where('seenAt', '>', inMs(-WORKER_SILENT_MS))
        .executeTakeFirstOrThrow()
      return {
        workers,
        concurrency: limited < workers ? Number.POSITIVE_INFINITY : concurrency,
      }
    },
  })
