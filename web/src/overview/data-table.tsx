/** A table that becomes cards where there is no room for its columns. Its first column names the rows. */
import type { ReactNode } from 'react'
import classes from './overview.module.css'

export type DataRow = { readonly key: string; readonly cells: readonly ReactNode[] }

type Props = {
  /** The id of the heading, or the name itself. */
  readonly labelledBy: string
  readonly columns: readonly string[]
  readonly rows: readonly DataRow[]
  /** Texts begin at the left, numbers end at the right. */
  readonly hasTexts?: boolean
}

// A table that is not displayed as one is none for screen readers, unless its roles say so.
export const DataTable = ({ labelledBy, columns, rows, hasTexts }: Props) => (
  <div className={classes.scroll} role="group" aria-labelledby={labelledBy} tabIndex={0}>
    <table
      className={classes.table}
      role="table"
      aria-labelledby={labelledBy}
      data-texts={hasTexts || undefined}
    >
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <th key={column} role="columnheader" scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map(({ key, cells: [name, ...values] }) => (
          <tr key={key} role="row">
            <th role="rowheader" scope="row">
              {name}
            </th>
            {values.map((value, index) => (
              <td key={columns[index + 1]} role="cell" data-label={columns[index + 1]}>
                {value}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </div>
)
