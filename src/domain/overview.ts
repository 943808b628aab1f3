/** What an owner's runs came to in a stretch of time, and which workers there are. */
import type { RunErrorCode } from './run.ts'

/** From this time on, and before that one. */
export type TimeRange = { readonly from: Date; readonly to: Date }

export type Durations = { readonly p50: number; readonly p90: number; readonly p99: number }

/** Costs are millionths of the currency of the agents' prices; null where no step has a price. */
export type Spent = {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly costMicros: number | null
}

export type RunTotals = Spent & {
  readonly runs: number
  readonly succeeded: number
  readonly failed: number
  readonly aborted: number
  readonly active: number
  /** Milliseconds from start to end of those that have settled; null when none has. */
  readonly durationMs: Durations | null
}

export const NO_RUNS: RunTotals = {
  runs: 0,
  succeeded: 0,
  failed: 0,
  aborted: 0,
  active: 0,
  inputTokens: 0,
  outputTokens: 0,
  costMicros: null,
  durationMs: null,
}

export type RunStatistics = {
  readonly totals: RunTotals
  /** By the time at which runs began; stretches without a run are not there. */
  readonly buckets: readonly (RunTotals & { readonly at: Date })[]
  readonly byAgent: readonly (RunTotals & { readonly agent: string | null })[]
  readonly byModel: readonly (Spent & {
    readonly provider: string
    readonly modelId: string
    readonly steps: number
  })[]
  /** Of runs that failed. */
  readonly byError: readonly { readonly errorCode: RunErrorCode; readonly runs: number }[]
}

/** A run in the hands of a worker. */
export type WorkerLease = {
  readonly holder: string
  readonly runId: string
  /** As the client knows it. */
  readonly chatPublicId: string
  readonly epoch: number
  readonly expiresAt: Date | null
}

/** A process that executes runs. */
export type WorkerRecord = {
  readonly id: string
  readonly version: string
  /** Runs that it executes at a time; null: no limit. */
  readonly concurrency: number | null
  readonly startedAt: Date
  readonly seenAt: Date
  /** By the database's clock, at the time of reading. */
  readonly silentMs: number
}

/** What all workers that are alive can execute at a time. */
export type Capacity = {
  readonly workers: number
  /** Infinity where one of them has no limit. */
  readonly concurrency: number
}

/** A process that says nothing for so long is taken for dead; each says something three times as often. */
export const WORKER_SILENT_MS = 30_000

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const BUCKETS = [1, 2, 5, 10, 15, 30]
  .map((minutes) => minutes * MINUTE)
  .concat([1, 2, 3, 6, 12].map((hours) => hours * HOUR))
  .concat([1, 2, 7].map((days) => days * DAY))

const MAX_BUCKETS = 60

/** The smallest round size of which few enough cover the range, each beginning at a multiple of it. */
export const bucketMsOf = (range: TimeRange): number =>
  BUCKETS.find((ms) => spanOf(range, ms).length <= MAX_BUCKETS) ?? 7 * DAY

/** When each of them begins; the first one begins before the range where that begins in its middle. */
export const bucketsOf = (range: TimeRange, bucketMs: number): Date[] => {
  const { first, length } = spanOf(range, bucketMs)
  return Array.from({ length }, (_, index) => new Date((first + index) * bucketMs))
}

/** Of the buckets that cover a range: the number of the first one, and how many there are. */
const spanOf = ({ from, to }: TimeRange, bucketMs: number) => {
  const first = Math.floor(from.getTime() / bucketMs)
  return { first, length: Math.ceil(to.getTime() / bucketMs) - first }
}
