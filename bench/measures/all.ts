/** Everything that the bench measures, in the order in which it is reported. */
import { availableParallelism, cpus, loadavg, platform, totalmem } from 'node:os'
import type { Contenders } from '../contenders.ts'
import type { Fleets } from '../fleets.ts'
import { measureCpu, type CpuOptions, type CpuResult } from './cpu.ts'
import { measureCrowd, type CrowdOptions, type CrowdResult } from './crowd.ts'
import {
  measureFleets,
  measureShortRuns,
  measureStops,
  type FleetOptions,
  type FleetResult,
  type ShortRunResult,
  type StopResult,
} from './fleet.ts'
import { measureIdle, type IdleOptions, type IdleResult } from './idle.ts'
import { measureLate, type LateOptions, type LateResult } from './late.ts'
import { measureMemory, type MemoryOptions, type MemoryResult } from './memory.ts'
import { measureReconnect, type ReconnectOptions, type ReconnectResult } from './reconnect.ts'

/** What is left out is not measured. */
export type Plan = {
  readonly cpu?: CpuOptions
  readonly memory?: MemoryOptions
  readonly reconnect?: ReconnectOptions
  readonly late?: LateOptions
  readonly crowd?: CrowdOptions
  readonly idle?: IdleOptions
  readonly fleet?: FleetOptions
}

export type Results = {
  readonly machine: string
  readonly cpu: readonly CpuResult[]
  readonly memory: readonly MemoryResult[]
  readonly reconnect: readonly ReconnectResult[]
  readonly late: readonly LateResult[]
  readonly crowd: readonly CrowdResult[]
  readonly idle: readonly IdleResult[]
  readonly fleet: readonly FleetResult[]
  readonly shortRuns: readonly ShortRunResult[]
  readonly stops: readonly StopResult[]
}

/** Words as a model says them, as fast as a server takes them, and three model calls with tools between them. */
export const WORKLOADS: CpuOptions['workloads'] = [
  { name: 'chat', script: { steps: 1, deltas: 500, everyMs: 10 } },
  { name: 'burst', script: { steps: 1, deltas: 500, everyMs: 0 } },
  { name: 'tools', script: { steps: 3, deltas: 100, everyMs: 10 } },
]

export const FULL: Required<Plan> = {
  cpu: { workloads: WORKLOADS, concurrencies: [1, 50, 200, 1000], rounds: 3, warmUp: 100 },
  memory: { few: 100, many: 600 },
  reconnect: { deltas: 20_000, rounds: 20 },
  late: { steps: 30, deltas: 5000, rounds: 11 },
  crowd: { readers: [1000], deltas: 60, everyMs: 200 },
  idle: { connections: 1000, ms: 20_000 },
  fleet: {
    sizes: [50, 100, 200, 400, 800],
    deltas: 240,
    everyMs: 50,
    windows: 5,
    windowMs: 4000,
    shortRuns: 400,
    stops: 50,
  },
}

export const QUICK: Required<Plan> = {
  cpu: { workloads: WORKLOADS, concurrencies: [50], rounds: 1, warmUp: 50 },
  memory: { few: 20, many: 120 },
  reconnect: { deltas: 5000, rounds: 5 },
  late: { steps: 30, deltas: 1000, rounds: 3 },
  crowd: { readers: [100], deltas: 40, everyMs: 100 },
  idle: { connections: 100, ms: 5000 },
  fleet: {
    sizes: [50, 200],
    deltas: 60,
    everyMs: 50,
    windows: 1,
    windowMs: 3000,
    shortRuns: 100,
    stops: 10,
  },
}

/** @param startFleets - called when fleets are measured: they take processes of their own */
export const measureAll = async (
  contenders: Contenders,
  plan: Plan,
  startFleets: () => Promise<Fleets>,
): Promise<Results> => ({
  machine: machineOf(contenders),
  cpu: plan.cpu ? await measureCpu(contenders, plan.cpu) : [],
  memory: plan.memory ? await measureMemory(contenders, plan.memory) : [],
  reconnect: plan.reconnect ? await measureReconnect(contenders, plan.reconnect) : [],
  late: plan.late ? await measureLate(contenders, plan.late) : [],
  crowd: plan.crowd ? await measureCrowd(contenders, plan.crowd) : [],
  idle: plan.idle ? await measureIdle(contenders, plan.idle) : [],
  ...(plan.fleet
    ? await measureFleet(plan.fleet, startFleets)
    : { fleet: [], shortRuns: [], stops: [] }),
})

const measureFleet = async (options: FleetOptions, startFleets: () => Promise<Fleets>) => {
  await using fleets = await startFleets()
  return {
    // First: it also warms everything up.
    shortRuns: await measureShortRuns(fleets, options),
    fleet: await measureFleets(fleets, options),
    stops: await measureStops(fleets, options),
  }
}

const machineOf = ({ postgres }: Contenders): string =>
  [
    `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'})`,
    `${Math.round(totalmem() / 2 ** 30)} GB`,
    platform(),
    `Node ${process.versions.node}`,
    `PostgreSQL ${postgres.split(' ')[0]}`,
    `load ${loadavg()[0]!.toFixed(1)} before`,
  ].join(', ')
