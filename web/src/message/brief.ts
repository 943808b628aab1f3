/** The input of a tool on one line. */
import { plainName } from './names.ts'

const MOST_KEYS = 4
const MOST_CHARS = 60

/** @example briefOf({ path: 'README.md', lines: 3 }) // 'path: README.md, lines: 3' */
export const briefOf = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return shorten(value)
  if (Array.isArray(value)) return `[${value.length}]`
  const keys = Object.keys(value)
  const [first] = keys
  const read = (key: string) => shorten((value as Record<string, unknown>)[key])
  if (keys.length === 1) return read(first!)
  const shown = keys.slice(0, MOST_KEYS).map((key) => `${plainName(key)}: ${read(key)}`)
  return [...shown, ...(keys.length > MOST_KEYS ? ['…'] : [])].join(', ')
}

/** Only what a line can hold is looked at: an input may be large, and a card is drawn often. */
const shorten = (value: unknown): string => {
  if (value === undefined) return ''
  if (Array.isArray(value)) return `[${value.length}]`
  if (typeof value === 'object' && value !== null) return '{…}'
  const text = plainName(value)
  return text.length > MOST_CHARS ? `${text.slice(0, MOST_CHARS)}…` : text
}
