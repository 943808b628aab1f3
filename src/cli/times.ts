/** Times as people write them. */
import { UsageError } from './errors.ts'

/** Local, to the minute. */
export const localTime = (iso: string | null): string => {
  if (iso === null) return '-'
  const time = new Date(iso)
  const date = [time.getFullYear(), time.getMonth() + 1, time.getDate()].map(twoDigits).join('-')
  return `${date} ${[time.getHours(), time.getMinutes()].map(twoDigits).join(':')}`
}

const twoDigits = (value: number): string => String(value).padStart(2, '0')

const MS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** `90d`, `12h`, or a date. @throws UsageError */
export const expiryOf = (text: string, now: number): string => {
  const [, count, unit] = /^(\d{1,6})([mhdw])$/.exec(text) ?? []
  const dated = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  const time = unit === undefined ? dated : now + Number(count) * MS[unit as keyof typeof MS]
  if (time > now) return new Date(time).toISOString()
  throw new UsageError(
    `--expires is ${text}: write how long it is valid, as in 12h, 90d or 4w, or a date to come, as in 2031-12-31.`,
  )
}
