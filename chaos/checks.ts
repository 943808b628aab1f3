/** All invariants of a run server, as pure functions of what was seen: each says which of them was broken, and where. */
import { checkCalls } from './checks/calls.ts'
import { checkEffects } from './checks/effects.ts'
import { checkFleet } from './checks/fleet.ts'
import { checkJournal } from './checks/journal.ts'
import { checkReaders } from './checks/readers.ts'
import { checkRuns } from './checks/runs.ts'
import { sightOf, type Violation } from './checks/sight.ts'
import type { History } from './history.ts'

export type { Violation } from './checks/sight.ts'

const CHECKS = [checkRuns, checkCalls, checkEffects, checkJournal, checkReaders, checkFleet]

export const findViolations = (history: History): Violation[] => {
  const sight = sightOf(history)
  return CHECKS.flatMap((check) => check(sight))
}
