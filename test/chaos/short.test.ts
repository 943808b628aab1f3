/** Short chaos runs on real processes, all of their invariants, and the report. */
import { describe, expect, inject, it } from 'vitest'
import type { Role } from '../../chaos/fleet.ts'
import type { History } from '../../chaos/history.ts'
import { startOutlast } from '../../chaos/outlast.ts'
import { reportOf, type Report } from '../../chaos/report.ts'
import { runChaos } from '../../chaos/run-chaos.ts'
import { needsOwnRedis } from '../support/needs-redis.ts'

const RUNS = 16

const playShort = async (
  roles: readonly Role[],
  redis: boolean,
): Promise<{ history: History; report: Report }> => {
  const leaseMs = 3000
  const adminUrl = inject('postgresUrl')
  await using server = await startOutlast({ roles, redis, leaseMs, adminUrl })
  const profile = { seed: 7, runs: RUNS, roles, redis, inFlight: 10, leaseMs, faultMs: 800 }
  const history = await runChaos({
    server,
    profile: { ...profile, attempts: 3, settleMs: 60_000 },
  })
  return { history, report: reportOf(history) }
}

const kindsOf = (faults: readonly { readonly kind: string }[]) =>
  new Set(faults.map(({ kind }) => kind))

it('a fleet under random faults loses nothing, doubles nothing and tells everybody the same', async () => {
  const { history, report } = await playShort(['both', 'both', 'both'], false)
  expect(report.violations, report.text).toEqual([])
  expect(history.states).toHaveLength(RUNS)
  // Else nothing of this was a test.
  expect(kindsOf(history.faults).size).toBeGreaterThan(2)
}, 300_000)

describe('with Redis', () => {
  needsOwnRedis()

  it('servers and workers lose nothing, double nothing and tell everybody the same, whatever becomes of Redis', async () => {
    const roles: Role[] = ['server', 'server', 'worker', 'worker', 'worker']
    const { history, report } = await playShort(roles, true)
    expect(report.violations, report.text).toEqual([])
    expect(history.states).toHaveLength(RUNS)
    expect(kindsOf(history.faults).size).toBeGreaterThan(2)
    expect(kindsOf(history.redisFaults).size).toBeGreaterThan(1)
  }, 300_000)
})
