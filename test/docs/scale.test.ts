/** The page about many runs says what follows from what was measured. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { withReport } from '../../bench/report.ts'
import { scaleReport } from '../../bench/scale.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

it('docs/scale.md is made from bench/fleet.json', () => {
  const page = read('docs/scale.md')
  expect(page).toBe(withReport(page, scaleReport(read('bench/fleet.json'))))
})
