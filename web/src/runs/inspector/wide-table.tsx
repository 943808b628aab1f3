/** A table that may be wider than its place: it scrolls there, also by keyboard. */
import type { ReactNode } from 'react'
import classes from './inspector.module.css'

type Column = { readonly name: string; readonly isNumber?: boolean }

type Props = {
  /** What it is called. */
  readonly label: string
  readonly columns: readonly Column[]
  /** Its rows. */
  readonly children: ReactNode
}

export const WideTable = ({ label, columns, children }: Props) => (
  <div className={classes.scroll} tabIndex={0} role="region" aria-label={label}>
    <table className={classes.table}>
      <thead>
        <tr>
          {columns.map(({ name, isNumber }) => (
            <th key={name} data-number={isNumber || undefined}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </div>
)
