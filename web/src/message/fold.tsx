/** Something that unfolds; what is in it is made only while it is open. */
import { IconChevronRight } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import classes from './message.module.css'

type Props = {
  readonly summary: ReactNode
  /** As long as the person has not chosen. */
  readonly isOpen?: boolean
  readonly className?: string | undefined
  readonly children: () => ReactNode
}

export const Fold = ({ summary, isOpen = false, className, children }: Props) => {
  const [chosen, setChosen] = useState<boolean>()
  const open = chosen ?? isOpen
  return (
    <details open={open} className={className}>
      <summary
        className={classes.summary}
        onClick={(event) => {
          event.preventDefault()
          setChosen(!open)
        }}
      >
        <IconChevronRight size={14} className={classes.chevron} aria-hidden />
        {summary}
      </summary>
      {open && children()}
    </details>
  )
}
