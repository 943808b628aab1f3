/** Names and values; what is not known is not listed. */
import type { ReactNode } from 'react'
import classes from './inspector.module.css'

export const Fields = ({ children }: { readonly children: ReactNode }) => (
  <dl className={classes.fields}>{children}</dl>
)

type Props = { readonly name: string; readonly children: ReactNode }

export const Field = ({ name, children }: Props) =>
  children === undefined || children === null || children === '' || children === false ? null : (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
