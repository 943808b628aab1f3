/** Columns that fit a terminal. */
import { plainLine } from './plain.ts'

export type Column<Row> = {
  readonly head: string
  readonly of: (row: Row) => string
  /** Gives up its room first. */
  readonly flexible?: true
}

const GAP = '  '
const LEAST_WIDTH = 8

/** @param width - of the terminal; undefined where nothing limits it */
export const table = <Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number | undefined,
): string[] => {
  const lines = [
    columns.map(({ head }) => head),
    ...rows.map((row) => columns.map(({ of }) => plainLine(of(row)))),
  ]
  const natural = columns.map((_, index) =>
    Math.max(...lines.map((cells) => displayWidth(cells[index]!))),
  )
  const widths = width === undefined ? natural : fitted(columns, natural, width)
  return lines.map((cells) =>
    cells
      .map((cell, index) => padded(shortened(cell, widths[index]!), widths[index]!))
      .join(GAP)
      .trimEnd(),
  )
}

const fitted = <Row>(
  columns: readonly Column<Row>[],
  natural: readonly number[],
  width: number,
): number[] => {
  const widths = [...natural]
  let excess = widths.reduce((sum, one) => sum + one, GAP.length * (widths.length - 1)) - width
  for (const flexible of [true, undefined]) {
    for (const [index, column] of columns.entries()) {
      if (column.flexible !== flexible || excess <= 0) continue
      const given = Math.max(0, Math.min(excess, widths[index]! - LEAST_WIDTH))
      widths[index]! -= given
      excess -= given
    }
  }
  return widths
}

const padded = (cell: string, width: number): string =>
  cell + ' '.repeat(Math.max(0, width - displayWidth(cell)))

/** To a width, with an ellipsis where something is missing. */
export const shortened = (text: string, width: number): string => {
  if (displayWidth(text) <= width) return text
  let short = ''
  for (const { segment } of GRAPHEMES.segment(text)) {
    if (displayWidth(short + segment) > width - 1) break
    short += segment
  }
  return `${short}…`
}

const GRAPHEMES = new Intl.Segmenter()
const NO_WIDTH = /^[\p{M}\p{Cf}]+$/u
const DOUBLE_WIDTH =
  /[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u

/** Columns that a terminal needs for a text. */
export const displayWidth = (text: string): number => {
  let width = 0
  for (const { segment } of GRAPHEMES.segment(text))
    width += NO_WIDTH.test(segment) ? 0 : DOUBLE_WIDTH.test(segment) ? 2 : 1
  return width
}
