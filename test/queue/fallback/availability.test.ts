/** When the faster way is left, and when it is taken again. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Availability } from '../../../src/queue/fallback/availability.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

type Answer = boolean | 'slow' | Error

/** A way that is heard, and answers probes as it is told: the last answer again and again. */
const watched = (...answers: readonly Answer[]) => {
  const queue = [...answers]
  let current: Answer = queue.shift() ?? true
  let probes = 0
  const heard: (string | boolean)[] = []
  const availability = new Availability({
    probe: async () => {
      probes += 1
      const answer = current
      current = queue.shift() ?? current
      if (answer instanceof Error) throw answer
      if (answer === 'slow') await new Promise((resolve) => setTimeout(resolve, 300))
      return answer !== false
    },
    onError: ({ message }) => heard.push(message),
    onChange: (isAvailable) => heard.push(isAvailable),
  })
  availability.heard(true)
  const probed = async (times: number) => {
    const until = probes + times
    while (probes < until) await vi.advanceTimersToNextTimerAsync()
  }
  return {
    availability,
    heard,
    probed,
    answers: (answer: Answer) => void (current = answer),
    /** @returns how many probes it takes */
    taken: async () => {
      const before = probes
      while (!availability.isAvailable) await probed(1)
      return probes - before
    },
  }
}

const broken = new Error('broken')

describe('at its beginning', () => {
  it('is taken with the first good answer', async () => {
    const { availability, heard, taken } = watched(true)
    expect(availability.isAvailable).toBe(false)
    expect(await taken()).toBe(1)
    expect(heard).toEqual([true])
  })

  it('is not taken while nothing is heard over it, however well it answers', async () => {
    const { availability, heard, probed } = watched(true)
    availability.heard(false)
    await probed(10)
    expect(heard).toEqual([])
    availability.heard(true)
    await probed(1)
    expect(heard).toEqual([true])
  })

  it.each([false, 'slow', broken] as const)('is not taken while its answer is: %s', async (bad) => {
    const { availability, answers, probed, taken } = watched(bad)
    await probed(10)
    expect(availability.isAvailable).toBe(false)
    answers(true)
    expect(await taken()).toBeGreaterThan(0)
  })

  it('tells once why there is none', async () => {
    const { heard, probed } = watched(broken, new Error('broken again'))
    await probed(5)
    expect(heard).toEqual(['broken'])
  })
})

describe('when it fails', () => {
  const LONG_MS = 60_000
  const inUse = async () => {
    const way = watched(true)
    await way.taken()
    await vi.advanceTimersByTimeAsync(LONG_MS)
    way.heard.length = 0
    return way
  }

  it('is left at once, and told once until it was taken again', async () => {
    const { availability, heard, taken } = await inUse()
    availability.failed(broken)
    expect(availability.isAvailable).toBe(false)
    availability.failed(new Error('what was under way'))
    expect(heard).toEqual(['broken', false])
    await taken()
    availability.failed(new Error('the next outage'))
    expect(heard).toEqual(['broken', false, true, 'the next outage', false])
  })

  it('is taken again after two good answers in a row', async () => {
    const { availability, answers, probed, taken } = await inUse()
    answers(false)
    availability.failed(broken)
    await probed(3)
    answers(true)
    await probed(1)
    answers('slow')
    await probed(1)
    expect(availability.isAvailable).toBe(false)
    answers(true)
    expect(await taken()).toBe(2)
  })

  it('has to answer twice as often each time that this is soon afterwards, up to 32 times', async () => {
    const { availability, taken } = await inUse()
    const needed: number[] = []
    for (let n = 0; n < 7; n++) {
      availability.failed(broken)
      needed.push(await taken())
    }
    expect(needed).toEqual([2, 4, 8, 16, 32, 32, 32])
    await vi.advanceTimersByTimeAsync(LONG_MS)
    availability.failed(broken)
    expect(await taken()).toBe(2)
  })

  it('is left without a word when nothing is heard over it any more: whoever listens says why', async () => {
    const { availability, heard } = await inUse()
    availability.heard(false)
    availability.heard(false)
    expect(heard).toEqual([false])
  })
})

it('once it is closed nothing is asked, told or changed', async () => {
  const { availability, heard, taken } = watched(true)
  await taken()
  availability[Symbol.dispose]()
  availability.failed(broken)
  availability.heard(false)
  expect(vi.getTimerCount()).toBe(0)
  expect(heard).toEqual([true])
})
