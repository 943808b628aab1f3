import { expect, it } from 'vitest'
import type { RunRecord } from '../../src/domain/run.ts'
import { Trials } from '../../src/engine/workers/trials.ts'
import { systemClock } from '../../src/queue/system-clock.ts'

const lost = (id: string, attempt: number) => ({ id, attempt }) as RunRecord

const trialsAt = () => {
  let now = 0
  const progressed = new Set<string>()
  const clock = { ...systemClock, now: () => now }
  const trials = new Trials({ clock, hasProgressed: (runId) => progressed.has(runId) })
  return { trials, progressed, pass: (ms: number) => void (now += ms) }
}

it('lost runs are taken over together as long as none of them has its last attempt', () => {
  const { trials } = trialsAt()
  expect(trials.begin(lost('a', 0))).toBe(true)
  expect(trials.begin(lost('b', 1))).toBe(true)
  expect(trials.begin(lost('last', 2))).toBe(false)
})

it('a run has its last attempt apart from all others that were lost', () => {
  const { trials } = trialsAt()
  expect(trials.begin(lost('last', 2))).toBe(true)
  expect(trials.begin(lost('another', 2))).toBe(false)
  expect(trials.begin(lost('a', 0))).toBe(false)
})

it('who has journaled a step, has gone or has lived for long is in nobody’s way', () => {
  const { trials, progressed, pass } = trialsAt()
  expect(trials.begin(lost('one', 2))).toBe(true)
  progressed.add('one')
  expect(trials.begin(lost('two', 2))).toBe(true)
  trials.end('two')
  expect(trials.begin(lost('three', 2))).toBe(true)
  pass(29_000)
  expect(trials.begin(lost('four', 2))).toBe(false)
  pass(2000)
  expect(trials.begin(lost('four', 2))).toBe(true)
})

it('a run that is being taken over is not taken over again', () => {
  const { trials } = trialsAt()
  expect(trials.begin(lost('a', 0))).toBe(true)
  expect(trials.begin(lost('a', 0))).toBe(false)
})
