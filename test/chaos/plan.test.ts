import { describe, expect, it } from 'vitest'
import { describeFleet, doorsOf } from '../../chaos/fleet.ts'
import { nextFault, REDIS_FAULTS, seeded, type FaultChoice } from '../../chaos/plan.ts'

const planned = (choice: Partial<FaultChoice> = {}, count = 500) => {
  const random = seeded(1)
  const all = { leaseMs: 3000, redis: true, mayBreak: () => true, ...choice }
  return Array.from({ length: count }, () => nextFault(random, all))
}

const kindsOf = (faults: readonly { readonly kind: string }[]) =>
  new Set(faults.map(({ kind }) => kind))

describe('the plan', () => {
  it('is the same for the same seed', () => {
    expect(planned()).toEqual(planned())
  })

  it('breaks Redis in every way where there is one', () => {
    expect([...kindsOf(planned())]).toEqual(expect.arrayContaining([...REDIS_FAULTS]))
    const without = kindsOf(planned({ redis: false }))
    expect(REDIS_FAULTS.filter((kind) => without.has(kind))).toEqual([])
  })

  it('does not depend on what may be broken at a time', () => {
    const tired = planned({ mayBreak: () => false })
    expect(kindsOf(tired)).toEqual(new Set(['stop', 'readers']))
    expect(tired.map(({ pick }) => pick)).toEqual(planned().map(({ pick }) => pick))
  })

  it('keeps faults of Redis within the times that its table says', () => {
    const within: Record<string, [from: number, to: number]> = {
      'redis-kill': [0, 5000],
      'redis-flush': [0, 0],
      'redis-freeze': [1000, 5000],
      'redis-latency': [1000, 10_000],
      'redis-cut': [1000, 10_000],
    }
    for (const fault of planned()) {
      if (!('lateMs' in fault)) continue
      const [from, to] = within[fault.kind]!
      expect(fault.ms).toBeGreaterThanOrEqual(from)
      expect(fault.ms).toBeLessThanOrEqual(to)
      expect(fault.lateMs).toBeGreaterThanOrEqual(50)
      expect(fault.lateMs).toBeLessThanOrEqual(500)
    }
  })
})

describe('a fleet', () => {
  it('takes requests where no worker is', () => {
    expect(doorsOf({ roles: ['server', 'worker', 'both'] })).toEqual([0, 2])
  })

  it('is described by its roles', () => {
    expect(describeFleet({ roles: ['server', 'server', 'worker'] })).toBe('2 servers, 1 worker')
    expect(describeFleet({ roles: ['both', 'both'] })).toBe('2 processes')
  })
})
