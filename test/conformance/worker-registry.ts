/** What every WorkerRegistry does. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OpenStores, Stores } from './stores.ts'

const HOUR = 3600

export const describeWorkerRegistry = (name: string, open: OpenStores): void => {
  describe(`WorkerRegistry: ${name}`, () => {
    let stores: Stores
    beforeAll(async () => {
      stores = await open()
    })
    afterAll(() => stores[Symbol.asyncDispose]())

    const announced = async () => {
      const id = randomUUID()
      await stores.workers.announce({ id, version: '1.2.3', concurrency: 4 })
      return id
    }
    const find = async (id: string) => (await stores.workers.list()).find((one) => one.id === id)

    it('a process is there once, however often it says so, and is heard of anew each time', async () => {
      const id = await announced()
      const first = await find(id)
      expect(first).toMatchObject({ version: '1.2.3', startedAt: expect.any(Date) })
      await stores.silence(id, HOUR)
      expect((await find(id))?.silentMs).toBeGreaterThanOrEqual(HOUR * 1000)
      await stores.workers.announce({ id, version: '1.2.3', concurrency: 4 })
      const again = await find(id)
      expect(again?.startedAt).toEqual(first?.startedAt)
      expect(again?.silentMs).toBeLessThan(HOUR * 1000)
      expect((await stores.workers.list()).filter((one) => one.id === id)).toHaveLength(1)
    })

    it('who takes leave is gone, and nobody else', async () => {
      const [gone, other] = [await announced(), await announced()]
      await stores.workers.leave(gone)
      expect(await find(gone)).toBeUndefined()
      expect(await find(other)).toBeDefined()
    })

    it('who was silent for a day is forgotten, except by itself', async () => {
      const [late, silent, lately] = [await announced(), await announced(), await announced()]
      await stores.silence(late, 25 * HOUR)
      await stores.silence(silent, 25 * HOUR)
      await stores.silence(lately, 23 * HOUR)
      await stores.workers.announce({ id: late, version: '1.2.3', concurrency: 4 })
      expect(await find(silent)).toBeUndefined()
      expect(await find(late)).toBeDefined()
      expect(await find(lately)).toBeDefined()
    })
  })
}
