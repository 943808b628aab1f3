import { describe, expect, it } from 'vitest'
import type { ChunkLog, LogEntry, Snapshot } from '../../src/engine/ports.ts'

const chunk = (n: number, epoch = 1): LogEntry => ({
  kind: 'chunk',
  epoch,
  n,
  step: 0,
  chunk: { type: 'text-delta', id: '0', delta: `${n} ` },
})

const chunks = (from: number, to: number, epoch = 1): LogEntry[] =>
  Array.from({ length: to - from + 1 }, (_, index) => chunk(from + index, epoch))

const snapshot = (n: number, epoch = 1): Snapshot => ({
  epoch,
  n,
  step: { stepIndex: 0, epoch, span: { from: 1, to: n }, parts: [], spans: [] },
  calls: [],
})

const numbers = (entries: readonly LogEntry[]): number[] => entries.map(({ n }) => n)

const START = { epoch: 0, n: 0 }

/** What every chunk log promises. `open` gives an empty one. */
export const describeChunkLog = (name: string, open: () => ChunkLog & Disposable): void => {
  describe(`a chunk log (${name})`, () => {
    it('gives the entries after a position, in order', async () => {
      using log = open()
      await log.append('run', chunks(1, 3))
      await log.append('run', chunks(4, 6))
      expect(numbers((await log.read('run', START)).entries)).toEqual([1, 2, 3, 4, 5, 6])
      expect(numbers((await log.read('run', { epoch: 1, n: 4 })).entries)).toEqual([5, 6])
      expect((await log.read('run', { epoch: 1, n: 9 })).entries).toEqual([])
    })

    it('knows nothing of a run that nobody wrote', async () => {
      using log = open()
      await log.append('run', chunks(1, 3))
      expect(await log.read('other', START)).toEqual({ snapshot: undefined, entries: [] })
    })

    it('lets a reader that keeps up meet no hole, whenever it is compacted', async () => {
      using log = open()
      let at = START
      for (let n = 1; n <= 40; n++) {
        await log.append('run', [chunk(n)])
        if (n % 4 === 0) await log.compact('run', snapshot(n))
        const { entries } = await log.read('run', at)
        expect(numbers(entries)).toEqual([n])
        at = { epoch: 1, n }
      }
    })

    it('has everything after its snapshot, and forgets what the snapshot before it covered', async () => {
      using log = open()
      for (let n = 1; n <= 1000; n++) {
        await log.append('run', [chunk(n)])
        if (n % 100 === 0) await log.compact('run', snapshot(n))
      }
      await log.append('run', chunks(1001, 1010))
      const read = await log.read('run', START)
      expect(read.snapshot?.n).toBe(1000)
      const held = numbers(read.entries)
      expect(held.length).toBeLessThanOrEqual(110)
      expect(held.slice(-10)).toEqual(numbers(chunks(1001, 1010)))
      expect(held).toEqual(held.map((_, index) => held[0]! + index))
    })

    it('refuses a lower epoch once it has seen a higher one', async () => {
      using log = open()
      await log.append('run', chunks(1, 3))
      await log.append('run', chunks(1, 2, 2))
      const late = { code: 'LEASE_LOST' }
      await expect(log.append('run', [chunk(4)])).rejects.toMatchObject(late)
      await expect(log.compact('run', snapshot(4))).rejects.toMatchObject(late)
      const { entries } = await log.read('run', { epoch: 1, n: 3 })
      expect(entries).toEqual(chunks(1, 2, 2))
    })

    it('refuses a lower epoch once it has a snapshot of a higher one', async () => {
      using log = open()
      await log.append('run', chunks(1, 3))
      await log.compact('run', snapshot(0, 2))
      await expect(log.append('run', [chunk(4)])).rejects.toMatchObject({ code: 'LEASE_LOST' })
      expect((await log.read('run', START)).snapshot?.epoch).toBe(2)
    })

    it('answers with what it had when it was asked', async () => {
      using log = open()
      await log.append('run', chunks(1, 3))
      const read = await log.read('run', START)
      await log.append('run', chunks(4, 6))
      expect(numbers(read.entries)).toEqual([1, 2, 3])
    })
  })
}
