/** A page of its own beside the chats: it scrolls, and its content is as wide as one reads. */
import type { ReactNode } from 'react'
import classes from './page.module.css'

type PageProps = { readonly className?: string | undefined; readonly children: ReactNode }

export const Page = ({ className = '', children }: PageProps) => (
  <div className={`${classes.page} ${className}`}>
    <div className={classes.inner}>{children}</div>
  </div>
)
