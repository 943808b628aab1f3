/** Makes `N passed, N failed, N skipped` the very last line of a run, and fails a run in which no test ran. */
import { writeSync } from 'node:fs'
import type { Reporter, SerializedError, TestModule, Vitest } from 'vitest/node'

type Totals = { passed: number; failed: number; skipped: number }

export default class TotalsReporter implements Reporter {
  #totals: Totals | undefined

  onInit(vitest: Vitest): void {
    if (vitest.config.watch) return
    // Global teardown and Vitest's own closing words come after onTestRunEnd; only the exit is last.
    process.once('exit', () => this.#print())
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    this.#totals = countTests(modules, unhandled)
  }

  #print(): void {
    // No totals: the run died before its tests, for example in the global setup.
    const { passed, failed, skipped } = this.#totals ?? { passed: 0, failed: 1, skipped: 0 }
    if (failed > 0 || passed === 0) process.exitCode ||= 1
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
