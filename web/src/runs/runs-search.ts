/** Which runs are listed, as the address says it. */
import type { RunFilter, RunStatus, RunTrigger } from 'outlast/client'

export const STATUSES = [
  'active',
  'pending',
  'running',
  'waiting',
  'settled',
  'succeeded',
  'failed',
  'aborted',
] as const satisfies (RunStatus | 'active' | 'settled')[]

export const TRIGGERS = [
  'user',
  'api',
  'schedule',
  'webhook',
  'continuation',
] as const satisfies RunTrigger[]

const HOUR_MS = 3_600_000

const PERIODS_MS = {
  hour: HOUR_MS,
  day: 24 * HOUR_MS,
  week: 7 * 24 * HOUR_MS,
  month: 30 * 24 * HOUR_MS,
} as const

export type Period = keyof typeof PERIODS_MS
export const PERIODS = Object.keys(PERIODS_MS) as Period[]

export type RunsSearch = Omit<RunFilter, 'status'> & {
  readonly status?: (typeof STATUSES)[number]
  /** Instead of `from` and `to`. */
  readonly last?: Period
}

/** What an address says that is no filter is left out. */
export const runsSearch = (given: Readonly<Record<string, unknown>>): RunsSearch => {
  const minCost = Math.round(typeof given['minCost'] === 'number' ? given['minCost'] : 0)
  return {
    ...oneOf('status', STATUSES, given),
    ...oneOf('trigger', TRIGGERS, given),
    ...oneOf('last', PERIODS, given),
    ...word('agent', given),
    ...word('chat', given),
    ...word('error', given),
    ...time('from', given),
    ...time('to', given),
    ...(minCost > 0 && Number.isSafeInteger(minCost) ? { minCost } : {}),
  }
}

/** @param now - what the last hour is counted from */
export const filterOf = ({ status, last, ...rest }: RunsSearch, now: number): RunFilter => ({
  ...rest,
  ...(status ? { status: [status] } : {}),
  ...(last ? { from: new Date(now - PERIODS_MS[last]).toISOString() } : {}),
})

const oneOf = <Key extends string, T extends string>(
  key: Key,
  values: readonly T[],
  given: Readonly<Record<string, unknown>>,
) => {
  const value = values.find((one) => one === given[key])
  return value === undefined ? {} : ({ [key]: value } as { [key in Key]: T })
}

/** A name may look like a number. */
const word = <Key extends string>(key: Key, given: Readonly<Record<string, unknown>>) => {
  const value = given[key]
  const isWord = typeof value === 'number' || (typeof value === 'string' && value !== '')
  return isWord ? ({ [key]: String(value) } as { [key in Key]: string }) : {}
}

const time = <Key extends string>(key: Key, given: Readonly<Record<string, unknown>>) => {
  const value = given[key]
  const isTime = typeof value === 'string' && !Number.isNaN(Date.parse(value))
  return isTime ? ({ [key]: new Date(value).toISOString() } as { [key in Key]: string }) : {}
}
