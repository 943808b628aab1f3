/** The plan of a chaos run, all of it from one seed: who asks what, and which fault comes next. */
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { TOOLS, type RunScript, type ScriptedStep } from './script.ts'

export type Random = {
  /** A whole number from `from` to `to`, both included. */
  int(from: number, to: number): number
  pick<T>(list: readonly T[]): T
  /** True in so many of a hundred cases. */
  chance(percent: number): boolean
}

export const seeded = (seed: number): Random => {
  const generator = xoroshiro128plus(seed)
  const int = (from: number, to: number) => uniformInt(generator, from, to)
  return {
    int,
    pick: (list) => list[int(0, list.length - 1)]!,
    chance: (percent) => int(1, 100) <= percent,
  }
}

export type PlannedRun = {
  readonly script: RunScript
  /** Beside the one that asks. */
  readonly readers: number
}

/** One conversation: its runs follow each other. */
export type PlannedChat = {
  readonly name: string
  /** Of everything that is not in the script: who is asked, when readers come. */
  readonly seed: number
  readonly runs: readonly PlannedRun[]
}

export const planChats = (random: Random, runs: number): PlannedChat[] => {
  const chats: PlannedChat[] = []
  for (let left = runs; left > 0;) {
    const turns = Math.min(left, random.int(1, 3))
    left -= turns
    const name = `chat${chats.length + 1}`
    chats.push({
      name,
      seed: random.int(0, 2 ** 31 - 1),
      runs: Array.from({ length: turns }, (_, n) => planRun(random, `${name}.${n + 1}`)),
    })
  }
  return chats
}

const planRun = (random: Random, run: string): PlannedRun => {
  const count = random.int(2, 6)
  const steps = Array.from({ length: count }, (_, n) => planStep(random, n === count - 1))
  return { script: { run, steps }, readers: random.int(0, 2) }
}

const planStep = (random: Random, last: boolean): ScriptedStep => ({
  ms: random.int(100, 900),
  words: random.int(3, 12),
  calls: Array.from({ length: last ? 0 : random.int(1, 3) }, () => {
    const tool = random.pick(TOOLS)
    const ms = tool === 'slow' ? random.int(200, 800) : random.int(0, 60)
    return tool === 'guarded' ? { tool, ms, agreed: random.chance(70) } : { tool, ms }
  }),
})

/** Faults of one process, for `ms`. Process faults never overlap on one process. */
export const PROCESS_FAULTS = ['kill', 'freeze', 'cut', 'stall', 'terminate'] as const
export type ProcessFault = (typeof PROCESS_FAULTS)[number]

export type PlannedFault =
  | { readonly kind: ProcessFault; readonly pick: number; readonly ms: number }
  /** Somebody stops a run; readers lose their connections. */
  | { readonly kind: 'stop' | 'readers'; readonly pick: number }

const DECK = [
  ...['kill', 'kill', 'kill', 'freeze', 'freeze', 'cut', 'stall', 'terminate', 'terminate'],
  ...['stop', 'readers', 'readers', 'readers'],
] as readonly PlannedFault['kind'][]

/** @param mayBreak - false while no process may be troubled: then it is a stop or readers */
export const nextFault = (random: Random, leaseMs: number, mayBreak: boolean): PlannedFault => {
  // Both are always drawn, so that the sequence does not depend on what was going on.
  const [any, harmless] = [random.pick(DECK), random.pick(['stop', 'readers', 'readers'] as const)]
  const pick = random.int(0, 2 ** 31 - 1)
  const part = random.int(0, 1000) / 1000
  const kind = mayBreak ? any : harmless
  switch (kind) {
    case 'kill':
    case 'terminate':
      // Until it is started again.
      return { kind, pick, ms: Math.round(part * 2000) }
    case 'freeze':
      return { kind, pick, ms: Math.round(leaseMs * (1.1 + part)) }
    case 'cut':
    case 'stall':
      return { kind, pick, ms: Math.round(1000 + part * part * 14_000) }
    case 'stop':
    case 'readers':
      return { kind, pick }
    default:
      return kind satisfies never
  }
}
