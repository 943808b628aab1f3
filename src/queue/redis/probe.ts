/** Whether Redis can be used: one that is full, or a replica, answers a PING and takes nothing. */
import type { Redis } from 'ioredis'
import type { RedisAddress } from './connection.ts'
import { explain } from './failure.ts'

const LIVES_MS = 10_000

/** @throws OutlastError that says why it takes nothing */
export const probe = async (redis: Redis, address: RedisAddress): Promise<void> => {
  try {
    await redis.set(`${address.prefix}:probe`, '', 'PX', LIVES_MS)
  } catch (thrown) {
    throw explain(thrown, address)
  }
}
