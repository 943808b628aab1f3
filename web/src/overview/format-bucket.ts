/** The times of an overview and its shares, as people read them. */
import { formatDuration } from '../lib/format.ts'

const LOCALE = 'en'
const DAY_MS = 86_400_000

const clock = new Intl.DateTimeFormat(LOCALE, {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
})
const day = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'short' })
const moment = new Intl.DateTimeFormat(LOCALE, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
})
const percent = new Intl.NumberFormat(LOCALE, { style: 'percent', maximumFractionDigits: 1 })

type Bucketed = { readonly from: string; readonly to: string; readonly bucketMs: number }

/** What stands at the axis: as much of the time as tells it from its neighbours. */
export const tickFormat =
  ({ from, to, bucketMs }: Bucketed) =>
  (at: string): string => {
    if (bucketMs >= DAY_MS) return day.format(new Date(at))
    const isLong = Date.parse(to) - Date.parse(from) > 1.5 * DAY_MS
    return (isLong ? moment : clock).format(new Date(at))
  }

/** Ticks are round. */
export const durationTick = (ms: number): string => formatDuration(ms).replace(/ 0 (s|min)$/, '')

/** What a table and a tooltip say. */
export const formatBucket = (at: string, bucketMs: number): string =>
  (bucketMs >= DAY_MS ? day : moment).format(new Date(at))

const UNITS = [
  [DAY_MS, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
] as const

/** @example formatSpan(1_800_000) // '30 minutes' */
export const formatSpan = (ms: number): string => {
  const [size, unit] = UNITS.find(([one]) => ms % one === 0) ?? [60_000, 'minute']
  return new Intl.NumberFormat(LOCALE, { style: 'unit', unit, unitDisplay: 'long' }).format(
    ms / size,
  )
}

/** @example formatShare(1, 3) // '33.3%' */
export const formatShare = (part: number, whole: number): string =>
  whole === 0 ? '–' : percent.format(part / whole)
