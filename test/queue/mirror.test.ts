/** What a run said is written down for other processes, and removed again with its run. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createLocalChunkLog, DROP_AFTER_MS } from '../../src/queue/local.ts'
import { Mirror } from '../../src/queue/mirror.ts'
import { createBarrier } from '../support/barrier.ts'
import { said } from '../support/said.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

it('what is being written when its run is over is removed when it is written', async () => {
  const slow = createBarrier()
  const removed = createBarrier()
  const did: string[] = []
  using near = createLocalChunkLog()
  await using mirror = new Mirror({
    near,
    far: {
      write: async (writes) => {
        await slow.wait()
        did.push('written')
        return new Set(writes.map(({ runId }) => runId))
      },
      drop: async () => {
        did.push('removed')
        removed.release()
      },
    },
    neighbours: { reads: () => true, listens: true, isAlone: false, tell: () => undefined },
    onError: (error) => {
      throw error
    },
  })
  await near.append('run', said(1, 1))
  mirror.grown('run', 1)
  await vi.runOnlyPendingTimersAsync()
  await slow.reached
  mirror.drop('run', 1)
  await vi.advanceTimersByTimeAsync(DROP_AFTER_MS)
  slow.release()
  await removed.promise
  expect(did).toEqual(['written', 'removed'])
})
