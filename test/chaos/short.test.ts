/** A short chaos run on three real processes, all of its invariants, and the report. */
import { expect, inject, it } from 'vitest'
import type { Role } from '../../chaos/fleet.ts'
import { startOutlast } from '../../chaos/outlast.ts'
import { reportOf } from '../../chaos/report.ts'
import { runChaos } from '../../chaos/run-chaos.ts'

const RUNS = 24

it('a fleet under random faults loses nothing, doubles nothing and tells everybody the same', async () => {
  const leaseMs = 3000
  const roles: Role[] = ['both', 'both', 'both']
  await using server = await startOutlast({
    roles,
    leaseMs,
    adminUrl: inject('postgresUrl'),
  })
  const history = await runChaos({
    server,
    profile: {
      seed: 7,
      runs: RUNS,
      roles,
      redis: false,
      inFlight: 10,
      leaseMs,
      faultMs: 800,
      attempts: 3,
      settleMs: 60_000,
    },
  })
  const { text, violations } = reportOf(history)
  expect(violations, text).toEqual([])
  expect(history.states).toHaveLength(RUNS)
  // Else nothing of this was a test.
  expect(new Set(history.faults.map(({ kind }) => kind)).size).toBeGreaterThan(2)
}, 180_000)
