/** A chaos run in words and numbers. */
import { findViolations, type Violation } from './checks.ts'
import { faultsWithin, sightOf, story, type SeenRun, type Sight } from './checks/sight.ts'
import { describeFleet, executesRuns } from './fleet.ts'
import type { History } from './history.ts'

/** Milliseconds, in their order. */
export type Takeovers = {
  readonly all: readonly number[]
  /** Those in whose time another process had no trouble at all: the server's own doing. */
  readonly undisturbed: readonly number[]
}

export type Report = {
  readonly violations: readonly Violation[]
  readonly faults: Readonly<Record<string, number>>
  readonly runs: Readonly<Record<string, number>>
  readonly takeovers: Takeovers
  readonly text: string
}

export const reportOf = (history: History): Report => {
  const sight = sightOf(history)
  const violations = findViolations(history)
  const faults = {
    ...countBy([...history.faults, ...history.redisFaults].map(({ kind }) => kind)),
    stop: history.runs.flatMap(({ stops }) => stops).length,
    'reader cut': history.readersCut,
  }
  const runs = countBy(
    history.states.map(({ status, errorCode }) =>
      errorCode ? `${status} (${errorCode})` : status,
    ),
  )
  const takeovers = takeoverTimes(sight)
  const parts = { violations, faults, runs, takeovers }
  return { ...parts, text: textOf(sight, parts) }
}

const textOf = (sight: Sight, report: Omit<Report, 'text'>): string => {
  const { history } = sight
  const { profile, modelCalls, effects } = history
  const unknown = history.states.flatMap(({ calls = [] }) => calls.filter(isUnknown)).length
  const repeated = sight.runs.reduce((sum, { calls }) => sum + repeats(calls), 0)
  const belated = sight.runs.reduce((sum, run) => sum + run.belated.length, 0)
  const readers = history.runs.flatMap((run) => run.readers)
  const connections = readers.reduce((sum, reader) => sum + reader.connections, 0)
  return [
    `seed ${profile.seed}, ${describeFleet(profile)}${profile.redis ? ' with Redis' : ''}, lease ${profile.leaseMs} ms, a fault every ${profile.faultMs} ms, ${profile.inFlight} chats at a time, ${Math.round((history.endedAt - history.startedAt) / 1000)} s`,
    `faults survived    ${list(report.faults)}`,
    `runs               ${list(report.runs)}`,
    `model calls        ${modelCalls.length}, of which repeated after a fault ${repeated}, belated after a freeze ${belated}`,
    `tool effects       ${effects.length}; calls with unknown outcome ${unknown}`,
    `readers            ${readers.length}, in ${connections} connections`,
    `takeover           ${percentiles(report.takeovers.all)}`,
    `  by the healthy   ${percentiles(report.takeovers.undisturbed)}`,
    `violations         ${report.violations.length}`,
    ...details(sight, report.violations),
  ].join('\n')
}

const isUnknown = ({ status }: { status: string }) => status === 'unknown'

const repeats = (calls: SeenRun['calls']): number =>
  calls.length - new Set(calls.map(({ step }) => step)).size

/** Each violation, and for each run that has one what happened to it. */
const details = (sight: Sight, violations: readonly Violation[]): string[] =>
  [...Map.groupBy(violations, ({ run }) => run)].flatMap(([name, own]) => {
    const run = sight.runs.find((one) => one.name === name)
    const lines = own.map(({ rule, detail }) => `\n! ${rule}: ${name ?? 'the fleet'}: ${detail}`)
    return run ? [...lines, story(sight, run)] : lines
  })

/** From the death of the process that executed a run to the first thing that somebody does for it. */
const takeoverTimes = (sight: Sight): Takeovers => {
  const { history, runs } = sight
  const times = history.faults
    .filter(({ kind }) => kind === 'kill')
    .flatMap(({ process, from }) =>
      runs.flatMap(({ calls, effects, state }) => {
        const acts = [...calls, ...effects].toSorted((a, b) => a.at - b.at)
        const last = acts.findLast(({ at }) => at <= from)
        const end = state?.finishedAt ?? Number.POSITIVE_INFINITY
        if (last?.process !== process || end <= from) return []
        const next = acts.find(({ at, pid }) => at > from && pid !== last.pid)?.at ?? end
        const to = Math.min(next, end)
        if (!Number.isFinite(to)) return []
        return [{ ms: to - from, undisturbed: hadHealthy(sight, { process, from, to }) }]
      }),
    )
    .toSorted((a, b) => a.ms - b.ms)
  return {
    all: times.map(({ ms }) => ms),
    undisturbed: times.filter(({ undisturbed }) => undisturbed).map(({ ms }) => ms),
  }
}

/** Whether another process had no fault then, nor for a lease before: after an outage it waits for so long. */
const hadHealthy = (
  { history }: Sight,
  { process, from, to }: { process: number; from: number; to: number },
): boolean => {
  const { roles, leaseMs } = history.profile
  return roles.some(
    (role, other) =>
      other !== process &&
      executesRuns(role) &&
      faultsWithin(history, { from: from - leaseMs, to, process: other }).length === 0,
  )
}

export const percentile = (sorted: readonly number[], part: number): number | undefined =>
  sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)]

const percentiles = (sorted: readonly number[]): string => {
  if (sorted.length === 0) return 'none'
  const [p50, p99] = [percentile(sorted, 0.5), percentile(sorted, 0.99)]
  return `${sorted.length} after a kill: p50 ${p50} ms, p99 ${p99} ms, longest ${sorted.at(-1)} ms`
}

const countBy = (names: readonly string[]): Record<string, number> =>
  Object.fromEntries(
    [...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]),
  )

const list = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ') || 'none'
