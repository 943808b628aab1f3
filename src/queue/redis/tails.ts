/**
 * What runs said that the journal does not have yet, for readers in other processes: as `store/run-tails.ts`, in Redis. It may
 * be emptied at any time; whoever writes is told that its stream is gone and begins another one.
 *
 * INVARIANT: nothing stays: both keys of a run expire when nobody has written for a while.
 */
import type { ChainableCommander, Redis } from 'ioredis'
import type { TailPlace, TailRead, TailWrite } from '../../domain/run-tail.ts'
import type { TailStore } from '../shared.ts'
import type { RedisAddress } from './connection.ts'
import { repliesOf } from './replies.ts'
import { DROP, READ, WRITE } from './tail-scripts.ts'

/** Writers of a silent run look after it every few seconds while somebody reads it. */
const LIVES_MS = 180_000

type Script = (...keysAndArguments: readonly (string | number)[]) => ChainableCommander

type Scripts = { readonly [Name in 'writeTail' | 'readTail' | 'dropTail']: Script }

export const createRedisTails = (redis: Redis, address: RedisAddress): TailStore => {
  redis.defineCommand('writeTail', { numberOfKeys: 2, lua: WRITE })
  redis.defineCommand('readTail', { numberOfKeys: 2, lua: READ })
  redis.defineCommand('dropTail', { numberOfKeys: 2, lua: DROP })
  const begin = () => redis.pipeline() as ChainableCommander & Scripts
  // In braces is what decides where a key is kept: both of a run in one place.
  const keysOf = (runId: string) =>
    ['head', 'rows'].map((name) => `${address.prefix}:{${runId}}:${name}`)
  return {
    async write(writes) {
      const pipeline = begin()
      for (const write of writes) pipeline.writeTail(...keysOf(write.runId), ...argumentsOf(write))
      const replies = await repliesOf(pipeline, address)
      return new Set(writes.flatMap(({ runId }, index) => (replies[index] === 1 ? [runId] : [])))
    },
    async read(places) {
      const pipeline = begin()
      for (const { runId, epoch, stream, last, snapshots } of places)
        pipeline.readTail(...keysOf(runId), epoch, stream ?? '', last, snapshots)
      const replies = await repliesOf(pipeline, address)
      return places.flatMap((place, index) => readOf(place, replies[index] as Found | null))
    },
    async drop(runId, epoch) {
      await repliesOf(begin().dropTail(...keysOf(runId), epoch), address)
    },
    // What processes that died have left expires.
    sweep: async () => undefined,
  }
}

const argumentsOf = (write: TailWrite): readonly (string | number)[] => {
  const { epoch, stream, after, last, entries, snapshot, trim } = write
  return [epoch, stream, after ?? '', last, entries ?? '', snapshot ?? '', trim ?? '', LIVES_MS]
}

type Found = readonly [
  epoch: string,
  stream: string,
  last: string,
  snapshots: string,
  snapshot: string | null,
  ...rows: string[],
]

const readOf = ({ runId }: TailPlace, found: Found | null): readonly TailRead[] => {
  if (!found) return []
  const [epoch, stream, last, snapshots, snapshot, ...rows] = found
  return [
    {
      runId,
      epoch: Number(epoch),
      stream,
      last: Number(last),
      snapshots: Number(snapshots),
      snapshot,
      rows: rows.length > 0 ? `[${rows.join(',')}]` : null,
    },
  ]
}
