/** A chat with its latest run, as lists show it and followers are told it. */
import type { ChatListing } from '../domain/catalog.ts'
import { isSettled, type Principal, type RunStatus } from '../domain/run.ts'
import type { OutlastDatabase } from './database.ts'
import { microsOf } from './keyset.ts'

/** Of everybody: who asks says whose. */
export const allListings = (db: OutlastDatabase) =>
  db
    .selectFrom('aiChats')
    .leftJoinLateral(
      ({ selectFrom }) =>
        selectFrom('aiChatRuns')
          .select([
            'aiChatRuns.id as runId',
            'aiChatRuns.status as runStatus',
            'aiChatRuns.stopRequestedAt',
            'aiChatRuns.leaseEpoch',
          ])
          .whereRef('aiChatRuns.chatId', '=', 'aiChats.id')
          .orderBy('aiChatRuns.createdAt', 'desc')
          .orderBy('aiChatRuns.id', 'desc')
          .limit(1)
          .as('latest'),
      (join) => join.onTrue(),
    )
    .select((eb) => [
      'aiChats.id',
      'aiChats.publicId',
      'aiChats.createdAt',
      'aiChats.updatedAt',
      'aiChats.seenRunId',
      eb.fn.coalesce('aiChats.title', 'aiChats.autoTitle').as('title'),
      microsOf(eb.ref('aiChats.updatedAt')).as('micros'),
      'latest.runId',
      'latest.runStatus',
    ])

export const listings = (db: OutlastDatabase, { workspaceId, userId }: Principal) =>
  allListings(db)
    .where('aiChats.workspaceId', '=', workspaceId)
    .where('aiChats.creatorId', '=', userId)

export type ListingRow = Omit<ChatListing, 'latestRun' | 'unread'> & {
  readonly id: string
  readonly micros: number
  readonly seenRunId: string | null
  readonly runId: string | null
  readonly runStatus: RunStatus | null
}

export const toListing = ({ runId, runStatus, seenRunId, ...row }: ListingRow): ChatListing => {
  const latestRun = runId !== null && runStatus !== null ? { id: runId, status: runStatus } : null
  return {
    publicId: row.publicId,
    title: row.title,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    latestRun,
    unread: latestRun !== null && isSettled(latestRun.status) && latestRun.id !== seenRunId,
  }
}
