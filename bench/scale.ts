/**
 * From what was measured to what so many runs at a time take, in docs/scale.md:
 * `npm run bench -- --only fleet --json > bench/fleet.json && node bench/scale.ts`. The runs are those of the bench: 20 words a
 * second for 12 seconds, each read by somebody through a server.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { FULL, type Results } from './measures/all.ts'
import { isFine } from './measures/fleet.ts'
import { reportOf, table, withReport } from './report.ts'

const MEASURED = new URL('fleet.json', import.meta.url)
const PAGE = new URL('../docs/scale.md', import.meta.url)

const SIZES = [100, 1000, 10_000, 100_000, 1_000_000]
const WORDS_PER_SECOND = 1000 / FULL.fleet.everyMs
const WORDS_PER_RUN = FULL.fleet.deltas
/** Of a worker, as `outlast work` has it. */
const CONCURRENCY = 100
/** What a core costs an hour where cores are rented, in dollars. */
const CORE_HOUR = 0.05

/** @returns what stands between the marks of the page */
export const scaleReport = (json: string): string => {
  const results = JSON.parse(json) as Results
  // The largest size at which nobody noticed anything.
  const source = results.fleet.findLast(
    (one) => one.fleet === 'PostgreSQL and Redis' && isFine(one),
  )
  if (!source) throw new RangeError('Redis was not measured, or always late.')
  const { serverCpuMs, workerCpuMs, databaseCpuMs = 0, database, redis } = source.perWord
  if (!database || !redis) throw new RangeError('The work of PostgreSQL or Redis was not seen.')
  const cpuMs = serverCpuMs + workerCpuMs + databaseCpuMs + redis.cpuMs
  const rows = SIZES.map((runs) => {
    const words = runs * WORDS_PER_SECOND
    const cores = (ms: number) => said((words * ms) / 1000)
    return [
      runs.toLocaleString('en'),
      said(words / WORDS_PER_RUN),
      said(words),
      Math.ceil(runs / CONCURRENCY).toLocaleString('en'),
      cores(serverCpuMs),
      cores(workerCpuMs),
      cores(databaseCpuMs),
      said((words * database.walBytes) / 2 ** 20),
      cores(redis.cpuMs),
      said((words * redis.bytes) / 2 ** 20),
      `$${said(((words * cpuMs) / 1000) * CORE_HOUR * 24 * 30)}`,
    ]
  })
  const head = ['runs at a time', 'begin a second', 'words a second', `workers of ${CONCURRENCY}`]
  const cores = ['server cores', 'worker cores', 'PostgreSQL cores', 'WAL MB/s']
  const rest = ['Redis cores', 'MB/s to it', 'cores for a month']
  return [
    reportOf(results),
    '### So many runs at a time',
    `From the line of ${source.runs} runs with PostgreSQL and Redis; a whole run takes ${said(cpuMs * WORDS_PER_RUN)} ms of all cores together.`,
    table([...head, ...cores, ...rest], rows),
  ].join('\n\n')
}

/** Two digits that mean something. */
const said = (value: number): string =>
  Number(value.toPrecision(2)).toLocaleString('en', { maximumFractionDigits: 3 })

if (process.argv[1] === new URL(import.meta.url).pathname)
  writeFileSync(
    PAGE,
    withReport(readFileSync(PAGE, 'utf8'), scaleReport(readFileSync(MEASURED, 'utf8'))),
  )
