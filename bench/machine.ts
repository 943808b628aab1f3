/** What others did to this machine while something was measured on it. */
import { readFile } from 'node:fs/promises'

export type CpuTimes = { readonly all: number; readonly stolen: number }

/** Of all cores together, so far; undefined where the system does not say. */
export const cpuTimes = async (): Promise<CpuTimes | undefined> => {
  const stat = await readFile('/proc/stat', 'utf8').catch(() => undefined)
  const times = /^cpu +(.*)$/m
    .exec(stat ?? '')?.[1]
    ?.split(' ')
    .map(Number)
  // user, nice, system, idle, iowait, irq, softirq, steal; guests are part of user.
  return times && { all: times.slice(0, 8).reduce((a, b) => a + b, 0), stolen: times[7] ?? 0 }
}

/** Share of the time between in which a core was wanted and given to another machine. */
export const stolenBetween = (before?: CpuTimes, after?: CpuTimes): number | undefined =>
  before && after && (after.stolen - before.stolen) / Math.max(1, after.all - before.all)
