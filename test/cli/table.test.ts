/** Tables fit, whatever stands in them; times are read as people write them. */
import { expect, it } from 'vitest'
import { displayWidth, shortened, table } from '../../src/cli/table.ts'
import { expiryOf, localTime } from '../../src/cli/times.ts'

const COLUMNS = [
  { head: 'ID', of: ({ id }: Row) => id },
  { head: 'TITLE', of: ({ title }: Row) => title, flexible: true },
  { head: 'STATE', of: () => 'succeeded' },
] as const
type Row = { readonly id: string; readonly title: string }

const rows = [
  { id: 'a1', title: 'short' },
  { id: 'b22222', title: 'a title that is much longer than what is left for it' },
  { id: 'c3', title: '日本語の長いタイトルはとても幅が広いです' },
  { id: 'd4', title: 'two\nlines \u001b[31mred' },
]

it('a table has the width that it needs where nothing limits it', () => {
  const [head, first, second, , last] = table(COLUMNS, rows, undefined)
  expect(second).toContain('what is left for it  succeeded')
  expect(head!.indexOf('STATE')).toBe(first!.indexOf('succeeded'))
  expect(last).toMatch(/^d4 {6}two lines red +succeeded$/)
})

it.each([40, 60, 80])('a table of %i columns fits, in columns', (width) => {
  const lines = table(COLUMNS, rows, width)
  for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width)
  const starts = lines
    .slice(1)
    .map((line) => displayWidth(line.slice(0, line.lastIndexOf('succeeded'))))
  expect(new Set(starts).size).toBe(1)
})

it('text is shortened between characters as people see them', () => {
  expect(shortened('👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧', 5)).toBe('👩‍👩‍👧👩‍👩‍👧…')
  expect(shortened('e\u0301e\u0301e\u0301', 2)).toBe('e\u0301…')
  expect(displayWidth('日本e\u0301')).toBe(5)
})

it('a time to live is added to now, and a date is itself', () => {
  const now = Date.parse('2030-01-01T00:00:00Z')
  expect(expiryOf('90d', now)).toBe('2030-04-01T00:00:00.000Z')
  expect(expiryOf('12h', now)).toBe('2030-01-01T12:00:00.000Z')
  expect(expiryOf('2w', now)).toBe('2030-01-15T00:00:00.000Z')
  expect(expiryOf('2030-01-02', now)).toBe('2030-01-02T00:00:00.000Z')
  for (const text of ['soon', '90', '-1d', '0d', '2029-12-31', '2030-99-99', '1y', ''])
    expect(() => expiryOf(text, now)).toThrow(/^--expires is .* as in 12h, 90d/)
})

it('times are local', () => {
  const time = new Date(2030, 0, 2, 3, 4)
  expect(localTime(time.toISOString())).toBe('2030-01-02 03:04')
  expect(localTime(null)).toBe('-')
})
