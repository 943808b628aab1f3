import { describe, expect, it } from 'vitest'
import type { TailPlace, TailRead, TailWrite } from '../../src/domain/run-tail.ts'
import type { TailStore } from '../../src/queue/shared.ts'

/** A row with these units. */
const row = (from: number, to: number): string =>
  JSON.stringify(Array.from({ length: to - from + 1 }, (_, index) => ({ n: from + index })))

const NOWHERE = { epoch: 0, last: 0, snapshots: 0 }

/** No two streams have one name, and each belongs to one run. */
const streamOf = (runId: string, name: string): string => `${runId}: ${name}`

const write = (runId: string, { stream = 'a', ...given }: Partial<TailWrite>): TailWrite => ({
  ...{ runId, epoch: 1, stream: streamOf(runId, stream), after: null, last: 0 },
  ...{ entries: null, snapshot: null, trim: null },
  ...given,
})

/** The next row of a stream, or its first one. */
const rows = (runId: string, after: number | null, last: number, given: Partial<TailWrite> = {}) =>
  write(runId, { after, last, entries: row((after ?? 0) + 1, last), ...given })

const units = ({ rows: text }: TailRead): number[] =>
  text === null ? [] : (JSON.parse(text) as { n: number }[][]).flat().map(({ n }) => n)

/**
 * What every store of tails promises.
 * @param open - gives one in which these runs are new; `lose` takes from it what it has of a run
 */
export const describeTailStore = (
  name: string,
  open: () => { readonly tails: TailStore; lose(runId: string): Promise<void> },
): void => {
  describe(`a store of tails (${name})`, () => {
    const places = (
      runId: string,
      { stream, ...given }: Partial<Omit<TailPlace, 'stream'>> & { stream?: string } = {},
    ): TailPlace[] => [
      {
        runId,
        ...NOWHERE,
        ...given,
        stream: stream === undefined ? null : streamOf(runId, stream),
      },
    ]
    const readAll = async (runId: string) => (await open().tails.read(places(runId)))[0]
    const isTaken = async (one: TailWrite) => (await open().tails.write([one])).has(one.runId)

    it('gives what was written, whole to who has nothing, and the rest to who has a part', async () => {
      const { tails } = open()
      expect(await tails.write([rows('grows', null, 3)])).toEqual(new Set(['grows']))
      await tails.write([rows('grows', 3, 5)])
      await tails.write([rows('grows', 5, 15)])
      const read = await readAll('grows')
      expect(read).toMatchObject({ runId: 'grows', epoch: 1, stream: 'grows: a', last: 15 })
      expect(read).toMatchObject({ snapshots: 0, snapshot: null })
      expect(units(read!)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
      const part = { epoch: 1, stream: 'a', last: 5 }
      const [rest] = await tails.read(places('grows', part))
      expect(units(rest!)).toEqual([6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    })

    it('says nothing to who has all of it, and of runs that nobody wrote', async () => {
      const { tails } = open()
      await tails.write([rows('known', null, 3)])
      const known = places('known', { epoch: 1, stream: 'a', last: 3 })
      expect(await tails.read([...known, ...places('unknown')])).toEqual([])
      expect(await tails.read([])).toEqual([])
      expect(await tails.write([])).toEqual(new Set())
    })

    it('answers for many runs at once, each by itself', async () => {
      const { tails } = open()
      const names = Array.from({ length: 50 }, (_, n) => `many ${n}`)
      const taken = await tails.write(names.map((runId, n) => rows(runId, null, n + 1)))
      expect(taken).toEqual(new Set(names))
      const again = names.map((runId, n) => rows(runId, n % 2 === 0 ? n + 1 : n + 2, n + 3))
      expect((await tails.write(again)).size).toBe(25)
      const read = await tails.read(names.flatMap((runId) => places(runId)))
      const found = new Map(read.map((one) => [one.runId, units(one).length]))
      expect(found).toEqual(new Map(names.map((runId, n) => [runId, n % 2 === 0 ? n + 3 : n + 1])))
    })

    it('takes no row that does not follow, and none of a stream that is not the one there', async () => {
      const { tails } = open()
      await tails.write([rows('strict', null, 3)])
      expect(await isTaken(rows('strict', 4, 5))).toBe(false)
      expect(await isTaken(rows('strict', 2, 5))).toBe(false)
      expect(await isTaken(rows('strict', 3, 5, { stream: 'b' }))).toBe(false)
      expect(await isTaken(rows('nobody', 3, 5))).toBe(false)
      expect(units((await readAll('strict'))!)).toEqual([1, 2, 3])
      expect(await isTaken(rows('strict', 3, 5))).toBe(true)
      expect(await isTaken(rows('strict', 3, 5))).toBe(false)
    })

    it('takes a row without entries, which says only that the stream is still there', async () => {
      const { tails } = open()
      await tails.write([rows('quiet', null, 3)])
      const silence = write('quiet', { after: 3, last: 3 })
      expect(await isTaken(silence)).toBe(true)
      const place = { epoch: 1, stream: 'a', last: 3 }
      expect(await tails.read(places('quiet', place))).toEqual([])
      expect(await isTaken(rows('quiet', 3, 4))).toBe(true)
      await open().lose('quiet')
      expect(await isTaken(write('quiet', { after: 4, last: 4 }))).toBe(false)
    })

    it('puts a new stream in the place of another one, and nothing of that one is left', async () => {
      const { tails } = open()
      await tails.write([rows('anew', null, 3, { snapshot: '"first"' })])
      await tails.write([rows('anew', 3, 4, { snapshot: '"second"' })])
      const begin = { stream: 'b', entries: row(3, 9), snapshot: null }
      expect(await isTaken(rows('anew', null, 9, begin))).toBe(true)
      const read = await readAll('anew')
      expect(read).toMatchObject({ stream: 'anew: b', last: 9, snapshots: 0, snapshot: null })
      expect(units(read!)).toEqual([3, 4, 5, 6, 7, 8, 9])
      expect(await isTaken(rows('anew', 4, 5))).toBe(false)
      const stale = { epoch: 1, stream: 'a', last: 4, snapshots: 1 }
      expect(units((await tails.read(places('anew', stale)))[0]!)).toEqual([3, 4, 5, 6, 7, 8, 9])
    })

    it('says nothing of a stream that is not further than the place', async () => {
      const { tails } = open()
      await tails.write([rows('behind', null, 5)])
      for (const last of [5, 8])
        expect(await tails.read(places('behind', { epoch: 1, stream: 'b', last }))).toEqual([])
      expect(await tails.read(places('behind', { epoch: 2, stream: 'b', last: 0 }))).toEqual([])
      expect(await tails.read(places('behind', { epoch: 1, stream: 'b', last: 4 }))).toHaveLength(1)
    })

    it('gives a snapshot with what follows it, once', async () => {
      const { tails } = open()
      await tails.write([rows('long', null, 4, { snapshot: '"at 4"' })])
      await tails.write([rows('long', 4, 8)])
      expect(await readAll('long')).toMatchObject({ snapshot: '"at 4"', snapshots: 0 })
      await tails.write([rows('long', 8, 12, { snapshot: '"at 10"', trim: 4 })])
      const late = await readAll('long')
      expect(late).toMatchObject({ snapshot: '"at 10"', snapshots: 1 })
      expect(units(late!)).toEqual([5, 6, 7, 8, 9, 10, 11, 12])
      const keepsUp = { epoch: 1, stream: 'a', last: 8, snapshots: 0 }
      const [next] = await tails.read(places('long', keepsUp))
      expect(next).toMatchObject({ snapshot: '"at 10"', snapshots: 1 })
      expect(units(next!)).toEqual([9, 10, 11, 12])
      await tails.write([rows('long', 12, 13)])
      const has = { epoch: 1, stream: 'a', last: 12, snapshots: 1 }
      expect((await tails.read(places('long', has)))[0]).toMatchObject({ snapshot: null })
    })

    it('begins with a snapshot alone', async () => {
      const { tails } = open()
      await tails.write([write('alone', { epoch: 3, last: 0, snapshot: '"nothing yet"' })])
      const [read] = await tails.read(places('alone', { epoch: 2, stream: 'z', last: 40 }))
      expect(read).toMatchObject({ epoch: 3, last: 0, snapshot: '"nothing yet"', rows: null })
    })

    it('refuses the stream of a lower epoch, and that of a higher one ends it', async () => {
      const { tails } = open()
      await tails.write([rows('fenced', null, 3, { epoch: 2, stream: 'two' })])
      expect(await isTaken(rows('fenced', null, 9, { stream: 'one' }))).toBe(false)
      expect(await isTaken(rows('fenced', null, 2, { epoch: 3, stream: 'three' }))).toBe(true)
      expect(await isTaken(rows('fenced', 3, 4, { epoch: 2, stream: 'two' }))).toBe(false)
      const [read] = await tails.read(places('fenced', { epoch: 2, stream: 'two', last: 3 }))
      expect(read).toMatchObject({ epoch: 3, stream: 'fenced: three', last: 2 })
      expect(units(read!)).toEqual([1, 2])
    })

    it('drops a run up to an epoch, and nothing of a higher one', async () => {
      const { tails } = open()
      await tails.write([rows('dropped', null, 3, { epoch: 2 })])
      await tails.drop('dropped', 1)
      expect(await readAll('dropped')).toBeDefined()
      await tails.drop('dropped', 2)
      expect(await readAll('dropped')).toBeUndefined()
      await tails.drop('dropped', 2)
      expect(await isTaken(rows('dropped', 3, 4, { epoch: 2 }))).toBe(false)
    })

    it('keeps what it is given letter by letter', async () => {
      const { tails } = open()
      const entries = JSON.stringify([{ n: 1, text: 'ü 😀 \u2028 " \\ \u0000 \ud800' }])
      const snapshot = JSON.stringify({ of: entries })
      await tails.write([write('letters', { last: 1, entries, snapshot })])
      expect(await readAll('letters')).toMatchObject({ rows: `[${entries}]`, snapshot })
    })

    it('lets the writer begin again when it has lost what it had', async () => {
      const { tails, lose } = open()
      await tails.write([rows('lost', null, 3)])
      await lose('lost')
      expect(await readAll('lost')).toBeUndefined()
      expect(await isTaken(rows('lost', 3, 4))).toBe(false)
      expect(await isTaken(rows('lost', null, 4, { stream: 'b' }))).toBe(true)
      expect(units((await readAll('lost'))!)).toEqual([1, 2, 3, 4])
    })
  })
}
