/** What Redis answers to commands that were sent together. */
import type { ChainableCommander } from 'ioredis'
import type { RedisAddress } from './connection.ts'
import { explain } from './failure.ts'

/** @throws OutlastError when one of them failed: what became of the others is not known then */
export const repliesOf = async (
  pipeline: ChainableCommander,
  address: RedisAddress,
): Promise<readonly unknown[]> => {
  try {
    const results = (await pipeline.exec()) ?? []
    return results.map(([error, reply]) => {
      if (error) throw error
      return reply
    })
  } catch (thrown) {
    throw explain(thrown, address)
  }
}
