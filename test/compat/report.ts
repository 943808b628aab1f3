/** The results as the tables of docs/compatibility.md, and back. */
import { rowsBelow } from '../support/tables.ts'
import type { Result } from './matrix.ts'
import { verdictOf } from './matrix.ts'
import type { Verdict } from './outcome.ts'
import type { Client } from './page.ts'
import { AROUND, SERVER, WITHIN } from './plan.ts'

/** What a cell says of the worst that was seen. */
const CELLS: Readonly<Record<Verdict, string>> = {
  same: 'yes',
  left: 'leaves',
  error: 'error',
  differs: 'differs',
  doubles: '**doubles**',
}

type Table = { readonly heading: string; readonly columns: readonly string[] }

export const TABLES: readonly Table[] = [
  {
    heading: 'What happens around an answer',
    columns: [...Object.keys(AROUND), ...Object.keys(SERVER)],
  },
  { heading: 'What is in an answer', columns: Object.keys(WITHIN) },
]

/** @returns the page with the tables below their headings made anew */
export const withTables = (
  page: string,
  clients: readonly Client[],
  results: readonly Result[],
): string =>
  TABLES.reduce((text, { heading, columns }) => {
    const rows = clients.map((client) => [
      ...headOf(client),
      ...columns.map((happening) => CELLS[verdictOf(results, client, happening)!]),
    ])
    return withTable(text, heading, [['client', '`ai`', ...columns], ...rows])
  }, page)

const headOf = ({ name, version = '' }: Client): string[] => [name, version]

const withTable = (page: string, heading: string, [head, ...rows]: string[][]): string => {
  const lines = [head!, head!.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
  const table = new RegExp(`(\\n## ${heading}\\n[^|]*)(\\|[^\\n]*\\n)+`)
  if (!table.test(page)) throw new RangeError(`The page has no table below "${heading}".`)
  return page.replace(table, `$1${lines.join('\n')}\n`)
}

/** What the page says of a client, by happening. */
export const documented = (page: string, client: Client): ReadonlyMap<string, Verdict> => {
  const said = new Map<string, Verdict>()
  for (const { heading, columns } of TABLES) {
    const rows = rowsBelow(page, heading)
    const row = rows.find(([name, version]) => isSame([name, version], headOf(client))) ?? []
    for (const [index, happening] of columns.entries()) {
      const verdict = Object.entries(CELLS).find(([, cell]) => cell === row[index + 2])?.[0]
      if (verdict) said.set(happening, verdict as Verdict)
    }
  }
  return said
}

const isSame = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.every((value, index) => value === b[index])
