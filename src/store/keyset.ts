/** Pages of lists that have the newest first; their places are exact to the microsecond, as the database's clock is. */
import { sql, type Expression } from 'kysely'
import type { ListPosition, Page } from '../domain/catalog.ts'

export const microsOf = (time: Expression<Date>) =>
  sql<number>`(extract(epoch from ${time}) * 1000000)::bigint`

/** The entries behind a place; a number of microseconds is exact below 2^53. */
export const isBehind = (time: Expression<Date>, id: Expression<string>, after: ListPosition) =>
  sql<boolean>`(${time}, ${id}) < (
    'epoch'::timestamptz + ${after.micros}::float8 * interval '1 microsecond', ${after.id}
  )`

/** @param rows - one more than the page takes, when there is one */
export const pageOf = <Row extends ListPosition, T>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => T,
): Page<T> => {
  const own = rows.slice(0, limit)
  const last = own.at(-1)
  return {
    items: own.map(toItem),
    after: last && rows.length > limit ? { micros: last.micros, id: last.id } : undefined,
  }
}
