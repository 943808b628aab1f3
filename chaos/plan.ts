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
  /** Whether its message takes the place of the one before. */
  readonly isEdit: boolean
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
      runs: Array.from({ length: turns }, (_, n) => planRun(random, `${name}.${n + 1}`, n > 0)),
    })
  }
  return chats
}

const planRun = (random: Random, run: string, mayEdit: boolean): PlannedRun => {
  const count = random.int(2, 6)
  const steps = Array.from({ length: count }, (_, n) => planStep(random, n === count - 1))
  const readers = random.int(0, 2)
  return { script: { run, steps }, readers, isEdit: mayEdit && random.chance(30) }
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

/** Of Redis itself, and of what one process has of it. */
export const REDIS_FAULTS = [
  ...(['redis-kill', 'redis-flush', 'redis-freeze'] as const),
  ...(['redis-latency', 'redis-cut'] as const),
] as const
export type RedisFault = (typeof REDIS_FAULTS)[number]

/** Somebody stops a run; readers lose their connections. */
type HarmlessFault = 'stop' | 'readers'

export type PlannedRedisFault = {
  readonly kind: RedisFault
  readonly pick: number
  readonly ms: number
  /** How late Redis is, if that is the fault. */
  readonly lateMs: number
}

export type PlannedFault =
  | { readonly kind: ProcessFault; readonly pick: number; readonly ms: number }
  | PlannedRedisFault
  | { readonly kind: HarmlessFault; readonly pick: number }

const DECK: readonly PlannedFault['kind'][] = [
  ...([
    'kill',
    'kill',
    'kill',
    'freeze',
    'freeze',
    'cut',
    'stall',
    'terminate',
    'terminate',
  ] as const),
  ...(['stop', 'readers', 'readers', 'readers'] as const),
]
const DECK_WITH_REDIS = [...DECK, ...REDIS_FAULTS, ...REDIS_FAULTS]
const HARMLESS: readonly HarmlessFault[] = ['stop', 'readers', 'readers']

export type FaultChoice = {
  readonly leaseMs: number
  /** Whether there is a Redis to break. */
  readonly redis: boolean
  /** Whether it can be broken now, or is already. What cannot be becomes a stop or readers. */
  readonly mayBreak: (kind: ProcessFault | RedisFault) => boolean
}

export const nextFault = (random: Random, choice: FaultChoice): PlannedFault => {
  // All are always drawn, so that the sequence does not depend on what was going on.
  const [any, harmless] = [
    random.pick(choice.redis ? DECK_WITH_REDIS : DECK),
    random.pick(HARMLESS),
  ]
  const pick = random.int(0, 2 ** 31 - 1)
  const part = random.int(0, 1000) / 1000
  const kind = isHarmless(any) || choice.mayBreak(any) ? any : harmless
  switch (kind) {
    case 'stop':
    case 'readers':
      return { kind, pick }
    case 'redis-kill':
    case 'redis-flush':
    case 'redis-freeze':
    case 'redis-latency':
    case 'redis-cut':
      return { kind, pick, ms: redisMs(kind, part), lateMs: 50 + (pick % 451) }
    default:
      return { kind, pick, ms: processMs(kind, part, choice.leaseMs) }
  }
}

const isHarmless = (kind: PlannedFault['kind']): kind is HarmlessFault =>
  HARMLESS.some((one) => one === kind)

const processMs = (kind: ProcessFault, part: number, leaseMs: number): number => {
  switch (kind) {
    case 'kill':
    case 'terminate':
      // Until it is started again.
      return Math.round(part * 2000)
    case 'freeze':
      return Math.round(leaseMs * (1.1 + part))
    case 'cut':
    case 'stall':
      return Math.round(1000 + part * part * 14_000)
    default:
      return kind satisfies never
  }
}

const redisMs = (kind: RedisFault, part: number): number => {
  switch (kind) {
    case 'redis-flush':
      return 0
    case 'redis-kill':
      // Until it is started again.
      return Math.round(part * 5000)
    case 'redis-freeze':
      return Math.round(1000 + part * 4000)
    case 'redis-latency':
    case 'redis-cut':
      return Math.round(1000 + part * 9000)
    default:
      return kind satisfies never
  }
}
