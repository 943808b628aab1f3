/** The results as tables of ratios, in Markdown: absolute times do not travel, the one column of them says where we were. */
import type { CpuResult } from './measures/cpu.ts'
import type { FanoutResult } from './measures/fanout.ts'
import type { Results } from './measures/all.ts'
import type { MemoryResult } from './measures/memory.ts'
import type { ReconnectResult } from './measures/reconnect.ts'

export const reportOf = (results: Results): string =>
  [
    `Measured on ${results.machine}.`,
    ...section('Server CPU per run and first words', results.cpu, cpuTable),
    ...section('Memory', results.memory, memoryTable),
    ...section('Coming back late in a long answer', results.reconnect, reconnectTable),
    ...section('Many readers of one run', results.fanout, fanoutTable),
  ].join('\n\n')

const section = <T>(
  title: string,
  results: readonly T[],
  tableOf: (results: readonly T[]) => string,
): string[] => (results.length === 0 ? [] : [`### ${title}`, tableOf(results)])

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
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

const fanoutTable = (fanout: readonly FanoutResult[]): string =>
  table(
    ['server', 'readers', 'delay p50', 'p99', 'CPU per word and reader'],
    fanout.map((one) => [
      one.contender,
      String(one.readers),
      `${fixed(one.delayMs.p50)} ms`,
      `${fixed(one.delayMs.p99)} ms`,
      `${fixed(one.cpuMicrosPerWord)} µs`,
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
