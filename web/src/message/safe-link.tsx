/** A link of a message: it leads where it says, in a new tab that is told nothing of this one; or it is plain text. */
import { useTranslation } from 'react-i18next'
import type { ReactNode } from 'react'
import { destinationOf } from './addresses.ts'
import classes from './markdown.module.css'

type Props = { readonly href?: string | undefined; readonly children?: ReactNode }

export const SafeLink = ({ href, children }: Props) => {
  const { t } = useTranslation()
  const to = destinationOf(href)
  if (!to) return <span>{children}</span>
  const { host } = to
  const isSaid = host !== undefined && typeof children === 'string' && saysHost(children, host)
  return (
    <a
      href={to.href}
      title={to.href}
      target="_blank"
      rel="noreferrer noopener"
      className={classes.link}
    >
      {children}
      {host !== undefined && !isSaid && (
        <span className={classes.host}> {t('message.host', { host })}</span>
      )}
    </a>
  )
}

/** The text is the address itself; a host somewhere in a longer text may be there to mislead. */
const saysHost = (text: string, host: string): boolean => {
  const rest = text.trim().replace(/^(?:https?:\/\/|mailto:)/i, '')
  return rest === host || rest.startsWith(`${host}/`)
}
