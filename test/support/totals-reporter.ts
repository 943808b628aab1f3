/**
 * Makes `N passed, N failed, N skipped` the very last line of a run, after a line for each reason to skip, and fails a run in which
 * no test ran.
 */
import { writeSync } from 'node:fs'
import type { Reporter, SerializedError, TestModule, Vitest } from 'vitest/node'

type Totals = { passed: number; failed: number; skipped: number }

export default class TotalsReporter implements Reporter {
  #totals: Totals | undefined
  #reasons: ReadonlyMap<string, number> = new Map()

  onInit(vitest: Vitest): void {
    if (vitest.config.watch) return
    // Global teardown and Vitest's own closing words come after onTestRunEnd; only the exit is last.
    process.once('exit', () => this.#print())
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    this.#totals = countTests(modules, unhandled)
    this.#reasons = skipReasons(modules)
  }

  #print(): void {
    // No totals: the run died before its tests, for example in the global setup.
    const { passed, failed, skipped } = this.#totals ?? { passed: 0, failed: 1, skipped: 0 }
    if (failed > 0 || passed === 0) process.exitCode ||= 1
    for (const [reason, tests] of this.#reasons) writeSync(1, `\n${tests} skipped: ${reason}`)
    writeSync(1, `\n${passed} passed, ${failed} failed, ${skipped} skipped\n`)
  }
}

/** Counts tests; a file or suite that failed outside any test, and an unhandled error, count as one failure each. */
export const countTests = (
  modules: readonly TestModule[],
  unhandled: readonly unknown[],
): Totals => {
  const totals: Totals = { passed: 0, failed: unhandled.length, skipped: 0 }
  for (const module of modules) {
    totals.failed += module.errors().length > 0 ? 1 : 0
    for (const suite of module.children.allSuites()) {
      totals.failed += suite.errors().length > 0 ? 1 : 0
    }
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') totals.passed += 1
      else if (state === 'skipped') totals.skipped += 1
      else totals.failed += 1
    }
  }
  return totals
}

/** Why tests were skipped, and how many for each reason. */
const skipReasons = (modules: readonly TestModule[]): ReadonlyMap<string, number> => {
  const reasons = new Map<string, number>()
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const result = test.result()
      if (result.state !== 'skipped') continue
      const reason = result.note ?? 'no reason was given.'
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    }
  }
  return reasons
}
