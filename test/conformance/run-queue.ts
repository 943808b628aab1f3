import { describe, expect, it } from 'vitest'
import type { RunQueue } from '../../src/engine/ports.ts'
import { createBarrier } from '../support/barrier.ts'

/** What every queue promises. `open` gives one without any run in it. */
export const describeRunQueue = (name: string, open: () => RunQueue): void => {
  describe(`a run queue (${name})`, () => {
    const takingOf = (queue: RunQueue) => {
      const taken: string[] = []
      const working = queue.work(async ({ runId }) => {
        taken.push(runId)
        return 'handled'
      }, 5)
      return { taken, leave: async () => working[Symbol.asyncDispose]() }
    }

    it('offers a run to a worker, and to none that has left', async () => {
      const queue = open()
      const { taken, leave } = takingOf(queue)
      await queue.offer({ runId: 'a', epoch: 0 })
      await expect.poll(() => taken).toEqual(['a'])
      await leave()
      const next = takingOf(queue)
      await queue.offer({ runId: 'b', epoch: 0 })
      await expect.poll(() => next.taken).toEqual(['b'])
      expect(taken).toEqual(['a'])
      await next.leave()
    })

    it('takes a run again that is offered again, in the same epoch or in the next one', async () => {
      const queue = open()
      const { taken, leave } = takingOf(queue)
      const offers = [0, 0, 1]
      for (const [index, epoch] of offers.entries()) {
        await queue.offer({ runId: 'a', epoch })
        await expect.poll(() => taken).toHaveLength(index + 1)
      }
      await leave()
    })

    it('takes an offer that is made twice at once, and what is offered behind it', async () => {
      const queue = open()
      const { taken, leave } = takingOf(queue)
      const offer = { runId: 'a', epoch: 0 }
      await Promise.all([queue.offer(offer), queue.offer(offer)])
      await queue.offer({ runId: 'b', epoch: 0 })
      await expect.poll(() => new Set(taken)).toEqual(new Set(['a', 'b']))
      await leave()
    })

    it('has runs in hand beside each other, and a worker may leave while it has some', async () => {
      const queue = open()
      const done = createBarrier()
      const taken: string[] = []
      const ended: string[] = []
      const working = queue.work(async ({ runId }) => {
        taken.push(runId)
        await done.wait()
        ended.push(runId)
        return 'handled'
      }, 2)
      await queue.offer({ runId: 'a', epoch: 0 })
      await queue.offer({ runId: 'b', epoch: 0 })
      await expect.poll(() => taken.toSorted()).toEqual(['a', 'b'])
      await working[Symbol.asyncDispose]()
      expect(ended).toEqual([])
      done.release()
      await expect.poll(() => ended.toSorted()).toEqual(['a', 'b'])
    })
  })
}
