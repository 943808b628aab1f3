/** The results as tables of ratios, in Markdown: absolute times do not travel, the one column of them says where we were. */
import type { CpuResult } from './measures/cpu.ts'
import type { CrowdResult } from './measures/crowd.ts'
import type { FleetWork } from './fleets.ts'
import type { FleetResult, ShortRunResult, StopResult } from './measures/fleet.ts'
import type { IdleResult } from './measures/idle.ts'
import type { LateResult } from './measures/late.ts'
import type { Results } from './measures/all.ts'
import type { MemoryResult } from './measures/memory.ts'
import type { ReconnectResult } from './measures/reconnect.ts'

export const reportOf = (results: Results): string =>
  [
    `Measured on ${results.machine}.`,
    ...section('Server CPU per run and first words', results.cpu, cpuTable),
    ...section('Memory', results.memory, memoryTable),
    ...section('Coming back late in a long answer', results.reconnect, reconnectTable),
    ...section('Coming when a long run is over', results.late, lateTable),
    ...section('Many readers', results.crowd, crowdTable),
    ...section('Following while nothing happens', results.idle, idleTable),
    ...section('From one process to many', results.fleet, fleetTable),
    ...section('What a word costs, with its share of its run', results.fleet, wordTable),
    ...section('What a run costs without its words', results.shortRuns, shortRunTable),
    ...section('How soon a stop acts', results.stops, stopTable),
  ].join('\n\n')

const section = <T>(
  title: string,
  results: readonly T[],
  tableOf: (results: readonly T[]) => string,
): string[] => (results.length === 0 ? [] : [`### ${title}`, tableOf(results)])

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const fixed = (value: number, digits = 1): string => value.toFixed(digits)
const times = (value: number): string => `${value.toFixed(2)}×`
const later = (value: number): string => `${value >= 0 ? '+' : '−'}${Math.abs(value).toFixed(1)}`
const kilobytes = (bytes: number): string => `${fixed(bytes / 1024)} KB`

const cpuTable = (results: readonly CpuResult[]): string => {
  const head = ['run', 'at a time', 'bare SDK', 'on PGlite', 'on PostgreSQL', 'and its database']
  const first = ['first words p50, ms later: PGlite', 'PostgreSQL']
  const rows = results
    .filter(({ contender }) => contender === 'bare')
    .map((bare) => {
      const of = (contender: CpuResult['contender']) =>
        results.find(
          (one) =>
            one.contender === contender &&
            one.workload === bare.workload &&
            one.concurrency === bare.concurrency,
        )!
      const [pglite, postgres] = [of('PGlite'), of('PostgreSQL')]
      const { databaseMsPerRun } = postgres
      return [
        bare.workload,
        String(bare.concurrency),
        `${fixed(bare.cpuMsPerRun)} ms`,
        times(pglite.cpuMsPerRun / bare.cpuMsPerRun),
        times(postgres.cpuMsPerRun / bare.cpuMsPerRun),
        databaseMsPerRun === undefined ? 'not visible' : `+${fixed(databaseMsPerRun)} ms`,
        later(pglite.firstChunkMs.p50 - bare.firstChunkMs.p50),
        later(postgres.firstChunkMs.p50 - bare.firstChunkMs.p50),
      ]
    })
  return table([...head, ...first], rows)
}

const memoryTable = (memory: readonly MemoryResult[]): string =>
  table(
    ['server', 'of', 'heap', 'resident'],
    memory.map((one) => [one.contender, one.of, kilobytes(one.heapBytes), kilobytes(one.rssBytes)]),
  )

const reconnectTable = (reconnect: readonly ReconnectResult[]): string => {
  const replay = reconnect.find(({ how }) => how === 'replay')!
  return table(
    ['server', 'how', 'bytes', 'of a replay', 'ms', 'of a replay'],
    reconnect.map((one) => [
      one.contender,
      one.how,
      String(one.bytes),
      times(one.bytes / replay.bytes),
      fixed(one.ms),
      times(one.ms / replay.ms),
    ]),
  )
}

const lateTable = (late: readonly LateResult[]): string => {
  const replay = late.find(({ how }) => how === 'replay')!
  return table(
    ['server', 'how', 'bytes', 'of a replay', 'first word', 'all of it', 'of a replay'],
    late.map((one) => [
      one.contender,
      one.how,
      String(one.bytes),
      times(one.bytes / replay.bytes),
      `${fixed(one.firstWordMs)} ms`,
      `${fixed(one.ms)} ms`,
      times(one.ms / replay.ms),
    ]),
  )
}

const crowdTable = (crowd: readonly CrowdResult[]): string => {
  const head = ['server', 'readers', 'of', 'by', 'delay p50', 'of bare', 'p99', 'of bare']
  const rows = crowd.map((one) => {
    const bare = crowd.find(
      ({ contender, of, readers }) =>
        contender === 'bare' && of === one.of && readers === one.readers,
    )!
    return [
      one.contender,
      String(one.readers),
      one.of,
      one.by,
      `${fixed(one.delayMs.p50)} ms`,
      times(one.delayMs.p50 / bare.delayMs.p50),
      `${fixed(one.delayMs.p99)} ms`,
      times(one.delayMs.p99 / bare.delayMs.p99),
      `${fixed(one.cpuMicrosPerWord)} µs`,
      times(one.cpuMicrosPerWord / bare.cpuMicrosPerWord),
      kilobytes(one.heapBytes),
      times(one.heapBytes / bare.heapBytes),
    ]
  })
  return table([...head, 'CPU a word', 'of bare', 'heap a reader', 'of bare'], rows)
}

const idleTable = (idle: readonly IdleResult[]): string =>
  table(
    ['server', 'connections', 'heap each', 'resident each', 'CPU without', 'with all', 'database'],
    idle.map((one) => [
      one.contender,
      String(one.connections),
      kilobytes(one.heapBytes),
      kilobytes(one.rssBytes),
      `${fixed(one.cpuMs.none)} ms/s`,
      `${fixed(one.cpuMs.all)} ms/s`,
      one.databaseMs === undefined ? 'not visible' : `${fixed(one.databaseMs)} ms/s`,
    ]),
  )

const microseconds = (ms: number): string => `${fixed(ms * 1000, 0)} µs`
const milliseconds = (ms: number): string => `${fixed(ms)} ms`

const WORK = [
  'server',
  'worker',
  'database',
  'Redis',
  'transactions',
  'WAL',
  'commands',
  'to Redis',
]

const workCells = (
  { serverCpuMs, workerCpuMs, databaseCpuMs, database, redis }: FleetWork,
  time: (ms: number) => string,
): string[] => {
  const or = (value: number | undefined, say: (value: number) => string) =>
    value === undefined ? '' : say(value)
  return [
    time(serverCpuMs),
    workerCpuMs === 0 ? '' : time(workerCpuMs),
    or(databaseCpuMs, time),
    or(redis?.cpuMs, time),
    or(database?.transactions, (value) => fixed(value, 2)),
    or(database?.walBytes, (value) => `${fixed(value, 0)} B`),
    or(redis?.commands, (value) => fixed(value, 2)),
    or(redis?.bytes, (value) => `${fixed(value, 0)} B`),
  ]
}

const fleetTable = (fleet: readonly FleetResult[]): string =>
  table(
    ['set-up', 'runs at a time', 'words/s', 'kept up', 'delay p50', 'p99', 'memory', 'stolen'],
    fleet.map((one) => [
      one.fleet,
      String(one.runs),
      fixed(one.wordsPerSecond, 0),
      `${fixed(one.keptUp * 100, 0)} %`,
      milliseconds(one.delayMs.p50),
      milliseconds(one.delayMs.p99),
      `${fixed(one.rssBytes / 2 ** 20, 0)} MB`,
      one.stolen === undefined ? '' : `${fixed(one.stolen * 100, 0)} %`,
    ]),
  )

const wordTable = (fleet: readonly FleetResult[]): string =>
  table(
    ['set-up', 'runs at a time', ...of('a word')],
    fleet.map(({ fleet: name, runs, perWord }) => [
      name,
      String(runs),
      ...workCells(perWord, microseconds),
    ]),
  )

const shortRunTable = (runs: readonly ShortRunResult[]): string =>
  table(
    ['set-up', ...of('a run')],
    runs.map(({ fleet, perRun }) => [fleet, ...workCells(perRun, milliseconds)]),
  )

/** The heads of the work, of which the first one says of what. */
const of = (unit: string): string[] =>
  WORK.map((head, index) => (index === 0 ? `${unit}: ${head}` : head))

const stopTable = (stops: readonly StopResult[]): string =>
  table(
    ['set-up', 'p50', 'p99'],
    stops.map(({ fleet, delayMs }) => [
      fleet,
      `${fixed(delayMs.p50)} ms`,
      `${fixed(delayMs.p99)} ms`,
    ]),
  )

const BEGIN = '<!-- bench -->'
const END = '<!-- /bench -->'

/** @returns the page with the report between its two marks */
export const withReport = (page: string, report: string): string => {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (from < 0 || to < from) throw new RangeError(`The page has no ${BEGIN} ... ${END}.`)
  return `${page.slice(0, from + BEGIN.length)}\n\n${report}\n\n${page.slice(to)}`
}
