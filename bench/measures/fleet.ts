/** Runs that stream at the same time, through each set-up: how late their words come, how soon a stop acts, and what it takes. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fleet, FleetName, Fleets, FleetWork } from '../fleets.ts'
import { wallClock, type Script } from '../script.ts'
import { median, quantile } from '../statistics.ts'

export type FleetOptions = {
  /** Runs at a time, in rising order; the first size that is too much for a set-up is its last one. */
  readonly sizes: readonly number[]
  readonly deltas: number
  readonly everyMs: number
  readonly stops: number
  readonly onFleet?: (said: string) => void
}

export type FleetResult = {
  readonly fleet: FleetName
  readonly runs: number
  /** From the moment in which the model says a word until its reader has it. */
  readonly delayMs: { readonly p50: number; readonly p99: number }
  /** What a run took, from its request to its end. */
  readonly perRun: FleetWork
}

export type StopResult = {
  readonly fleet: FleetName
  /** From the request to stop until the model call is aborted. */
  readonly delayMs: { readonly p50: number; readonly p99: number }
}

/** Words that come later than this are noticed. */
export const LATE_MS = 250

export const measureFleets = async (
  fleets: Fleets,
  { sizes, deltas, everyMs, onFleet = () => {} }: FleetOptions,
): Promise<FleetResult[]> => {
  const script: Script = { steps: 1, deltas, everyMs, stamped: true }
  const results: FleetResult[] = []
  for (const fleet of fleets.all) {
    // What is compiled, connected and planned the first time is not what is measured.
    await oneSize(fleets, fleet, script, sizes[0]!)
    for (const runs of sizes) {
      const result = await oneSize(fleets, fleet, script, runs)
      results.push(result)
      const { p50, p99 } = result.delayMs
      onFleet(`${fleet.name}, ${runs} runs: ${p50.toFixed(0)} ms, ${p99.toFixed(0)} ms`)
      if (p99 > LATE_MS) break
    }
    await fleet.check()
  }
  return results
}

const oneSize = async (
  { clients }: Fleets,
  fleet: Fleet,
  script: Script,
  runs: number,
): Promise<FleetResult> => {
  const before = await fleet.work()
  await clients.hold(fleet.url, { ...script, holdAfter: 1 }, runs)
  await fleet.worker.release()
  const delays = await clients.endedDelays()
  const work = difference(await fleet.work(), before)
  return {
    fleet: fleet.name,
    runs,
    delayMs: { p50: median(delays), p99: quantile(delays, 0.99) },
    perRun: scaled(work, 1 / runs),
  }
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
