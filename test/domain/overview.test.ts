/** An overview has few buckets, of round sizes, which cover its range. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bucketMsOf, bucketsOf } from '../../src/domain/overview.ts'

const MINUTE = 60_000
const DAY = 1440 * MINUTE
const NOON = Date.UTC(2026, 2, 1, 12, 0, 30)

test.each([
  ['an hour', 60 * MINUTE, 2 * MINUTE],
  ['a day', DAY, 30 * MINUTE],
  ['a week', 7 * DAY, 180 * MINUTE],
  ['30 days', 30 * DAY, DAY],
  ['a year', 366 * DAY, 7 * DAY],
  ['a second', 1000, MINUTE],
])('%s has buckets of a fitting size', (_, ms, bucketMs) => {
  expect(bucketMsOf({ from: new Date(NOON - ms), to: new Date(NOON) })).toBe(bucketMs)
})

test('at most 60 buckets cover any range without a gap, and none is beside it', () => {
  const ranges = fc.record({
    from: fc.integer({ min: 0, max: Date.UTC(2100, 0) }),
    ms: fc.integer({ min: 1, max: 366 * DAY }),
  })
  fc.assert(
    fc.property(ranges, ({ from: begin, ms }) => {
      const [from, to] = [new Date(begin), new Date(begin + ms)]
      const bucketMs = bucketMsOf({ from, to })
      const buckets = bucketsOf({ from, to }, bucketMs).map((bucket) => bucket.getTime())
      expect(buckets.length).toBeLessThanOrEqual(60)
      for (const [index, bucket] of buckets.entries())
        expect(bucket).toBe(buckets[0]! + index * bucketMs)
      expect(buckets[0]).toBeLessThanOrEqual(begin)
      expect(buckets[0]! + bucketMs).toBeGreaterThan(begin)
      expect(buckets.at(-1)).toBeLessThan(begin + ms)
      expect(buckets.at(-1)! + bucketMs).toBeGreaterThanOrEqual(begin + ms)
    }),
  )
})
