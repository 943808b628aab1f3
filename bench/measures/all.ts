/** Everything that the bench measures, in the order in which it is reported. */
import { availableParallelism, cpus, platform, totalmem } from 'node:os'
import type { Contenders } from '../contenders.ts'
import { measureCpu, type CpuOptions, type CpuResult } from './cpu.ts'
import { measureFanout, type FanoutOptions, type FanoutResult } from './fanout.ts'
import { measureMemory, type MemoryOptions, type MemoryResult } from './memory.ts'
import { measureReconnect, type ReconnectOptions, type ReconnectResult } from './reconnect.ts'

/** What is left out is not measured. */
export type Plan = {
  readonly cpu?: CpuOptions
  readonly memory?: MemoryOptions
  readonly reconnect?: ReconnectOptions
  readonly fanout?: FanoutOptions
}

export type Results = {
  readonly machine: string
  readonly cpu: readonly CpuResult[]
  readonly memory: readonly MemoryResult[]
  readonly reconnect: readonly ReconnectResult[]
  readonly fanout: readonly FanoutResult[]
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
  fanout: { readers: [100, 1000], deltas: 100 },
}

export const QUICK: Required<Plan> = {
  cpu: { workloads: WORKLOADS, concurrencies: [50], rounds: 1, warmUp: 50 },
  memory: { few: 20, many: 120 },
  reconnect: { deltas: 5000, rounds: 5 },
  fanout: { readers: [100], deltas: 40 },
}

export const measureAll = async (contenders: Contenders, plan: Plan): Promise<Results> => ({
  machine: machineOf(contenders),
  cpu: plan.cpu ? await measureCpu(contenders, plan.cpu) : [],
  memory: plan.memory ? await measureMemory(contenders, plan.memory) : [],
  reconnect: plan.reconnect ? await measureReconnect(contenders, plan.reconnect) : [],
  fanout: plan.fanout ? await measureFanout(contenders, plan.fanout) : [],
})

const machineOf = ({ postgres }: Contenders): string =>
  [
    `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'})`,
    `${Math.round(totalmem() / 2 ** 30)} GB`,
    platform(),
    `Node ${process.versions.node}`,
    `PostgreSQL ${postgres.split(' ')[0]}`,
  ].join(', ')
