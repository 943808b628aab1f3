/** Runs that stream at the same time, through each set-up: how late their words come, how soon a stop acts, and what it takes. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fleet, FleetName, Fleets, FleetWork } from '../fleets.ts'
import { cpuTimes, stolenBetween } from '../machine.ts'
import { wallClock, type Script } from '../script.ts'
import { median, quantile, sum } from '../statistics.ts'

export type FleetOptions = {
  /** Runs at a time, in rising order; the first size that is too much for a set-up is its last one. */
  readonly sizes: readonly number[]
  readonly deltas: number
  readonly everyMs: number
  /** The quietest one of so many windows counts: on a shared machine the others say what its neighbours do. */
  readonly windows: number
  readonly windowMs: number
  /** Runs of one word, for what a run costs without its words. */
  readonly shortRuns: number
  readonly stops: number
  readonly onFleet?: (said: string) => void
}

export type FleetResult = {
  readonly fleet: FleetName
  readonly runs: number
  /** From the moment in which the model says a word until its reader has it. */
  readonly delayMs: { readonly p50: number; readonly p99: number }
  readonly wordsPerSecond: number
  /** Share of the words that so many models would have said: less where runs wait to begin, and delays are of fewer then. */
  readonly keptUp: number
  /** What a word took, with its share of what its run took. */
  readonly perWord: FleetWork
  /** Of the process that executes, while it executes so many. */
  readonly rssBytes: number
  /** Share of the machine's time that other machines took meanwhile. */
  readonly stolen: number | undefined
}

/** What a run takes that says one word. */
export type ShortRunResult = { readonly fleet: FleetName; readonly perRun: FleetWork }

export type StopResult = {
  readonly fleet: FleetName
  /** From the request to stop until the model call is aborted. */
  readonly delayMs: { readonly p50: number; readonly p99: number }
}

/** Words that come later than this are noticed. */
export const LATE_MS = 250

/** Whether nobody noticed that there are so many. */
export const isFine = ({ delayMs, keptUp }: FleetResult): boolean =>
  delayMs.p99 <= LATE_MS && keptUp > 0.95

export const measureFleets = async (
  { all, clients }: Fleets,
  options: FleetOptions,
): Promise<FleetResult[]> => {
  const { sizes, deltas, everyMs, onFleet = () => {} } = options
  const script: Script = { steps: 1, deltas, everyMs, stamped: true }
  const results: FleetResult[] = []
  for (const fleet of all) {
    let running = 0
    for (const runs of sizes) {
      // New ones begin over the time that a run takes, so that runs end at all times, as they do in life.
      await clients.addLoops(fleet.url, script, runs - running, deltas * everyMs)
      running = runs
      const result = await oneSize(clients, fleet, runs, options)
      results.push(result)
      onFleet(`${fleet.name}, ${runs} runs: ${saidOf(result)}`)
      const errors = await fleet.takeErrors()
      if (!isFine(result)) {
        // Too much for it, so that it says so is no mistake.
        for (const error of errors) onFleet(`${fleet.name} reported: ${error}`)
        break
      }
      if (errors[0] !== undefined) throw new Error(`"${fleet.name}" reported: ${errors[0]}`)
    }
    await clients.endLoops()
    await fleet.takeErrors()
  }
  return results
}

const saidOf = ({ delayMs: { p50, p99 }, wordsPerSecond, stolen = 0 }: FleetResult): string =>
  `${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, ${wordsPerSecond.toFixed(0)} words/s, ${(stolen * 100).toFixed(0)} % stolen`

const oneSize = async (
  clients: Fleets['clients'],
  fleet: Fleet,
  runs: number,
  { windows, windowMs, everyMs }: FleetOptions,
): Promise<FleetResult> => {
  const [before, times, startedAt] = [await fleet.work(), await cpuTimes(), wallClock()]
  await clients.loopDelays()
  const delays: (readonly number[])[] = []
  for (let window = 0; window < windows; window++) {
    await sleep(windowMs)
    delays.push(await clients.loopDelays())
  }
  const ms = wallClock() - startedAt
  // Words go on while the database is asked; they are counted with what they took.
  const work = difference(await fleet.work(), before)
  const words = sum([...delays, await clients.loopDelays()].map(({ length }) => length))
  const stolen = stolenBetween(times, await cpuTimes())
  const wordsPerSecond = (sum(delays.map(({ length }) => length)) * 1000) / ms
  const [quietest = []] = delays.toSorted((a, b) => quantile(a, 0.99) - quantile(b, 0.99))
  return {
    fleet: fleet.name,
    runs,
    delayMs: { p50: median(quietest), p99: quantile(quietest, 0.99) },
    wordsPerSecond,
    keptUp: (wordsPerSecond * everyMs) / 1000 / runs,
    perWord: scaled(work, 1 / words),
    rssBytes: (await fleet.worker.memory()).rssBytes,
    stolen,
  }
}

export const measureShortRuns = async (
  { all, clients }: Fleets,
  { shortRuns: runs }: Pick<FleetOptions, 'shortRuns'>,
): Promise<ShortRunResult[]> => {
  const results: ShortRunResult[] = []
  const script: Script = { steps: 1, deltas: 1, everyMs: 0 }
  for (const fleet of all) {
    const load = { url: fleet.url, script, concurrency: Math.min(runs, 20), spreadMs: 0 }
    // What is compiled, connected and planned the first time is not what is measured.
    await clients.load({ ...load, runs: Math.ceil(runs / 4) })
    const before = await fleet.work()
    await clients.load({ ...load, runs })
    results.push({
      fleet: fleet.name,
      perRun: scaled(difference(await fleet.work(), before), 1 / runs),
    })
  }
  return results
}

export const measureStops = async (
  fleets: Fleets,
  { stops }: Pick<FleetOptions, 'stops'>,
): Promise<StopResult[]> => {
  const results: StopResult[] = []
  for (const fleet of fleets.all) {
    const script: Script = { steps: 1, deltas: 10, everyMs: 20, holdAfter: 2 }
    const delays: number[] = []
    for (let stop = 0; stop < stops; stop++) {
      const [held] = await fleets.clients.hold(fleet.url, script, 1)
      await fleet.worker.takeAborts()
      const askedAt = wallClock()
      await fetch(`${fleet.url}/ai-chat/stop`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ runId: held!.runId }),
      })
      delays.push((await abortOf(fleet)) - askedAt)
      await fleets.clients.endedDelays()
    }
    results.push({
      fleet: fleet.name,
      delayMs: { p50: median(delays), p99: quantile(delays, 0.99) },
    })
  }
  return results
}

const abortOf = async ({ worker }: Fleet): Promise<number> => {
  for (;;) {
    const [at] = await worker.takeAborts()
    if (at !== undefined) return at
    await sleep(5)
  }
}

type Numbers = { readonly [name: string]: number | Numbers | undefined }

/** Of each number in it. */
const combine = (one: Numbers, other: Numbers, of: (a: number, b: number) => number): Numbers =>
  Object.fromEntries(
    Object.entries(one).map(([name, value]) => {
      const second = other[name]
      if (typeof value === 'number' && typeof second === 'number') return [name, of(value, second)]
      if (typeof value === 'object' && typeof second === 'object')
        return [name, combine(value, second, of)]
      return [name, undefined]
    }),
  )

const difference = (after: FleetWork, before: FleetWork): FleetWork =>
  combine(after, before, (a, b) => a - b) as FleetWork

const scaled = (work: FleetWork, factor: number): FleetWork =>
  combine(work, work, (a) => a * factor) as FleetWork
