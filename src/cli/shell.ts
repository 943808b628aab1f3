/** What a command has of the world: where it writes, what it is asked to end by, how it shows what it found. */
import { styleText } from 'node:util'
import { plain, safeJson } from './plain.ts'
import { table, type Column } from './table.ts'

export type Shell = {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  /** Ctrl-C, or nobody reads the output any more. */
  readonly signal: AbortSignal
}

/** A line of output. */
export const say = ({ stdout }: Shell, line: string): void => void stdout.write(`${plain(line)}\n`)

/** A line for people that is no part of the output. */
export const note = ({ stderr }: Shell, line: string): void => void stderr.write(`${plain(line)}\n`)

export const sayJson = ({ stdout }: Shell, value: unknown): void =>
  void stdout.write(`${safeJson(value, 2)}\n`)

/** `NO_COLOR` and outputs that are no terminal get none. */
export const dim = (stream: NodeJS.WriteStream, text: string): string =>
  styleText('dim', text, { stream })

export const sayTable = <Row>(
  { stdout }: Shell,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): void => {
  const [head, ...lines] = table(columns, rows, stdout.isTTY ? stdout.columns : undefined)
  stdout.write(`${[dim(stdout, head!), ...lines].join('\n')}\n`)
}

/** Names and values, below each other. */
export const sayFields = (
  shell: Shell,
  fields: Readonly<Record<string, string | number | null | undefined>>,
): void => {
  const shown = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)
  const width = Math.max(...shown.map(([name]) => name.length))
  for (const [name, value] of shown) say(shell, `${name.padEnd(width)}  ${String(value)}`)
}
