/** The bench itself, on loads so small that its numbers mean nothing. */
import { expect, inject, it } from 'vitest'
import { startContenders } from '../../bench/contenders.ts'
import { startFleets } from '../../bench/fleets.ts'
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
  const plan = {
    cpu: { workloads: small, concurrencies: [3], rounds: 1, warmUp: 2 },
    memory: { few: 2, many: 6 },
    reconnect: { deltas: 100, rounds: 2 },
    late: { steps: 3, deltas: 500, rounds: 2 },
    crowd: { readers: [3], deltas: 5, everyMs: 5 },
    idle: { connections: 3, ms: 200 },
    fleet: {
      sizes: [2],
      deltas: 10,
      everyMs: 20,
      windows: 1,
      windowMs: 500,
      shortRuns: 4,
      stops: 2,
    },
  }
  const results = await measureAll(contenders, plan, () => startFleets(inject('postgresUrl')))
  const numbers = numbersIn(results)
  expect(numbers.length).toBeGreaterThan(80)
  expect(numbers.filter((number) => !Number.isFinite(number))).toEqual([])
  for (const { name } of small) {
    const own = results.cpu.filter(({ workload }) => workload === name)
    expect(own.map(({ contender }) => contender)).toEqual(['bare', 'PGlite', 'PostgreSQL'])
    expect(new Set(own.map(({ text }) => text)).size).toBe(1)
    expect(own.every(({ cpuMsPerRun }) => cpuMsPerRun > 0)).toBe(true)
  }
  const ways = [
    'bare stream',
    'PGlite stream',
    'PGlite feed',
    'PostgreSQL stream',
    'PostgreSQL feed',
  ]
  for (const kind of ['one run', 'a run each'] as const) {
    const own = results.crowd.filter((one) => one.of === kind)
    expect(own.map(({ contender, by }) => `${contender} ${by}`)).toEqual(ways)
    expect(own.every(({ delayMs }) => delayMs.p50 > 0)).toBe(true)
  }
  const [replay, ...late] = results.late
  expect(late.map(({ contender, how }) => `${contender} ${how}`)).toEqual(ways.slice(1))
  for (const { bytes } of late) expect(bytes).toBeLessThan(replay!.bytes)
  expect(results.idle.map(({ contender }) => contender)).toEqual(['bare', 'PGlite', 'PostgreSQL'])
  const names = ['embedded', 'PostgreSQL, one process', 'PostgreSQL', 'PostgreSQL and Redis']
  expect(results.shortRuns.map(({ fleet }) => fleet)).toEqual(names)
  for (const own of [results.fleet, results.stops]) {
    expect(own.map(({ fleet }) => fleet)).toEqual(names)
    expect(own.every(({ delayMs }) => delayMs.p50 > 0)).toBe(true)
  }
  const page = withReport('a\n<!-- bench -->old<!-- /bench -->\nb', reportOf(results))
  expect(page).toMatch(/^a\n<!-- bench -->[^]*\| chat \| 3 \|[^]*<!-- \/bench -->\nb$/)
  expect(page).not.toContain('old')
}, 300_000)
