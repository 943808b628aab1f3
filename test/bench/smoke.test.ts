/** The bench itself, on loads so small that its numbers mean nothing. */
import { expect, inject, it } from 'vitest'
import { startContenders } from '../../bench/contenders.ts'
import { measureAll, WORKLOADS } from '../../bench/measures/all.ts'
import { reportOf, withReport } from '../../bench/report.ts'

const small = WORKLOADS.map(({ name, script }) => ({
  name,
  script: { ...script, deltas: 20, everyMs: script.everyMs > 0 ? 1 : 0 },
}))

/** Everything that is measured. */
const numbersIn = (value: unknown): number[] => {
  if (typeof value === 'number') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : []
}

it('the bench measures each server with the same answers', async () => {
  await using contenders = await startContenders(inject('postgresUrl'))
  const results = await measureAll(contenders, {
    cpu: { workloads: small, concurrencies: [3], rounds: 1, warmUp: 2 },
    memory: { few: 2, many: 6 },
    reconnect: { deltas: 100, rounds: 2 },
    fanout: { readers: [3], deltas: 5 },
  })
  const numbers = numbersIn(results)
  expect(numbers.length).toBeGreaterThan(80)
  expect(numbers.filter((number) => !Number.isFinite(number))).toEqual([])
  for (const { name } of small) {
    const own = results.cpu.filter(({ workload }) => workload === name)
    expect(own.map(({ contender }) => contender)).toEqual(['bare', 'PGlite', 'PostgreSQL'])
    expect(new Set(own.map(({ text }) => text)).size).toBe(1)
    expect(own.every(({ cpuMsPerRun }) => cpuMsPerRun > 0)).toBe(true)
  }
  const page = withReport('a\n<!-- bench -->old<!-- /bench -->\nb', reportOf(results))
  expect(page).toMatch(/^a\n<!-- bench -->[^]*\| chat \| 3 \|[^]*<!-- \/bench -->\nb$/)
  expect(page).not.toContain('old')
}, 180_000)
