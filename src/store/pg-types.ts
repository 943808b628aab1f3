/** Numbers come back from SQL as numbers where they fit; the parsers belong to a pool and change no global of `pg`. */
import pg from 'pg'

/** count(*) and bigint: a number, or the digits where a number would lose some of them. */
function parseInt8(text: string): number | string {
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : text
}

/** sum(bigint) and numeric: whole numbers as above, a fraction as the nearest double. */
function parseNumeric(text: string): number | string {
  const value = Number(text)
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? text : value
}

const PARSERS = new Map<number, (text: string) => unknown>([
  [pg.types.builtins.INT8, parseInt8],
  [pg.types.builtins.NUMERIC, parseNumeric],
])

export const pgTypes: pg.CustomTypesConfig = {
  getTypeParser: (id, format) =>
    (format === 'binary' ? undefined : PARSERS.get(id)) ?? pg.types.getTypeParser(id, format),
}
