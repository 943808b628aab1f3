/** Who had a run in hand: each acquisition is written by the statement that makes it, each end by the one that ends it. */
import type { QueryCreator } from 'kysely'
import type { HoldEnd, RunHold } from '../domain/run.ts'
import type { OutlastDatabase } from './database.ts'
import { now } from './fence.ts'
import type { Database } from './schema.ts'

/** What a statement before this one in the same WITH has done to a run. */
type Acquired = { acquired: { id: string; workspaceId: string; leaseEpoch: number } }

/** Runs whose leases were given up in a statement of the same WITH. */
type GivenUp = { givenUp: { id: string; workspaceId: string; leaseEpoch: number } }

/** The end of the hold before, where nobody has written one: its holder was lost. */
export const endLost = (db: QueryCreator<Database & Acquired>) =>
  db
    .updateTable('aiChatRunHolds')
    .from('acquired')
    .set({ end: 'lost', endedAt: now })
    .whereRef('aiChatRunHolds.runId', '=', 'acquired.id')
    .whereRef('aiChatRunHolds.workspaceId', '=', 'acquired.workspaceId')
    .where('aiChatRunHolds.endedAt', 'is', null)

export const beginHold = (db: QueryCreator<Database & Acquired>, holder: string) =>
  db
    .insertInto('aiChatRunHolds')
    .columns(['runId', 'workspaceId', 'epoch', 'holder'])
    .expression((eb) =>
      eb
        .selectFrom('acquired')
        .select(['acquired.id', 'acquired.workspaceId', 'acquired.leaseEpoch'])
        .select(({ val }) => val(holder).as('holder')),
    )

export const endHolds = (db: QueryCreator<Database & GivenUp>, end: HoldEnd) =>
  db
    .updateTable('aiChatRunHolds')
    .from('givenUp')
    .set({ end, endedAt: now })
    .whereRef('aiChatRunHolds.runId', '=', 'givenUp.id')
    .whereRef('aiChatRunHolds.workspaceId', '=', 'givenUp.workspaceId')
    .whereRef('aiChatRunHolds.epoch', '=', 'givenUp.leaseEpoch')

export const holdsOf = (
  db: OutlastDatabase,
  { runId, workspaceId }: { readonly runId: string; readonly workspaceId: string },
): Promise<RunHold[]> =>
  db
    .selectFrom('aiChatRunHolds')
    .select(['epoch', 'holder', 'beganAt', 'endedAt', 'end'])
    .where('runId', '=', runId)
    .where('workspaceId', '=', workspaceId)
    .orderBy('epoch')
    .execute()
