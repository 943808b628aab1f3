/** Times, durations, counts and costs as people read them. */

const LOCALE = 'en'

const relative = new Intl.RelativeTimeFormat(LOCALE, { numeric: 'auto', style: 'short' })
const moment = new Intl.DateTimeFormat(LOCALE, {
  dateStyle: 'medium',
  timeStyle: 'medium',
  hourCycle: 'h23',
})
const count = new Intl.NumberFormat(LOCALE)
const short = new Intl.NumberFormat(LOCALE, { notation: 'compact', maximumFractionDigits: 1 })

const UNITS = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

/** @example formatAgo('2026-01-01T00:00:00Z', now) // '5 min. ago' */
export const formatAgo = (time: string, now: number): string => {
  const seconds = (Date.parse(time) - now) / 1000
  const unit = UNITS.find(([, size]) => Math.abs(seconds) >= size)
  return unit
    ? relative.format(Math.trunc(seconds / unit[1]), unit[0])
    : relative.format(Math.min(0, Math.trunc(seconds)), 'second')
}

export const formatMoment = (time: string): string => moment.format(new Date(time))

/** @example formatDuration(63_400) // '1 min 3 s' */
export const formatDuration = (ms: number): string => {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
  const seconds = Math.round(ms / 1000)
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor(seconds / 60) % 60
  return unitsOf(hours > 0 ? { h: hours, min: minutes } : { min: minutes, s: seconds % 60 })
}

/** Without those that are nought. */
const unitsOf = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .flatMap(([unit, n]) => (n > 0 ? `${n} ${unit}` : []))
    .join(' ')

const clock = new Intl.DateTimeFormat(LOCALE, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
})

/** @example formatClock(time) // '14:03:07.250' */
export const formatClock = (time: number): string => clock.format(time)

/** A round time after the beginning. @example formatElapsed(90_500) // '1 min 30.5 s' */
export const formatElapsed = (ms: number): string => {
  if (ms < 1000) return ms === 0 ? '0' : `${ms} ms`
  const minutes = Math.floor(ms / 60_000)
  return unitsOf({ h: Math.floor(minutes / 60), min: minutes % 60, s: (ms % 60_000) / 1000 })
}

export const formatCount = (number: number): string => count.format(number)

/** @example formatShort(12_345) // '12.3K' */
export const formatShort = (number: number): string => short.format(number)

/** @param micros - millionths of the currency of the prices, which the server does not know */
export const formatCost = (micros: number): string => {
  const whole = micros / 1_000_000
  return whole === 0 ? '0' : whole.toFixed(whole < 0.01 ? 6 : whole < 1 ? 4 : 2)
}
