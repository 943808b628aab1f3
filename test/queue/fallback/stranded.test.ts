/** Who is taken for one that only the slower way reaches. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Stranded } from '../../../src/queue/fallback/stranded.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const pass = (ms: number) => void vi.advanceTimersByTime(ms)

/** How often each process says that it is there. */
const BEAT_MS = 2000

const ann = { from: 'ann' }

it('is nobody who was never heard, or over the faster way only', () => {
  const stranded = new Stranded()
  stranded.heardFast(ann)
  expect([stranded.any, stranded.has('ann'), stranded.has('bob')]).toEqual([false, false, false])
})

it('is who is heard over the slower way only, until the faster one reaches it again', () => {
  const stranded = new Stranded()
  stranded.heardSlow(ann)
  expect([stranded.any, stranded.has('ann'), stranded.has('bob')]).toEqual([true, true, false])
  stranded.heardFast(ann)
  expect([stranded.any, stranded.has('ann')]).toEqual([false, false])
})

it('is not who speaks on both ways, whichever is the first', () => {
  const stranded = new Stranded()
  stranded.heardSlow(ann)
  for (let beat = 0; beat < 5; beat++) {
    stranded.heardFast(ann)
    pass(50)
    stranded.heardSlow(ann)
    expect(stranded.any).toBe(false)
    pass(BEAT_MS)
  }
})

it('is who has gone silent on the faster way for longer than a beat', () => {
  const stranded = new Stranded()
  stranded.heardSlow(ann)
  stranded.heardFast(ann)
  pass(BEAT_MS)
  stranded.heardSlow(ann)
  expect(stranded.any).toBe(false)
  pass(BEAT_MS)
  stranded.heardSlow(ann)
  expect(stranded.any).toBe(true)
})

it('is at once who says hello on the slower way, because it has changed over', () => {
  const stranded = new Stranded()
  stranded.heardSlow(ann)
  stranded.heardFast(ann)
  stranded.heardSlow({ ...ann, hello: true })
  expect(stranded.any).toBe(true)
})

it('is nobody any more who has not been heard for a few beats', () => {
  const stranded = new Stranded()
  stranded.heardSlow({ ...ann, reads: ['run'] })
  pass(4 * BEAT_MS)
  expect([stranded.any, stranded.has('ann'), stranded.reads('run')]).toEqual([false, false, false])
})

it('reads what it has said a moment ago, and nothing that others read', () => {
  const stranded = new Stranded()
  stranded.heardSlow({ ...ann, reads: ['old', 'kept'] })
  stranded.heardSlow({ from: 'bob', reads: ['of bob'] })
  stranded.heardFast({ from: 'bob' })
  expect(['old', 'kept', 'of bob'].map((run) => stranded.reads(run))).toEqual([true, true, false])
  for (let beat = 0; beat < 4; beat++) {
    pass(BEAT_MS)
    stranded.heardSlow({ ...ann, reads: ['kept'] })
  }
  expect(['old', 'kept'].map((run) => stranded.reads(run))).toEqual([false, true])
})
