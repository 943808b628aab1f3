/** Says calmly that the connection is away, and that it is back; lies over the page, so that nothing moves. */
import { Loader } from '@mantine/core'
import { IconCheck, IconWifiOff } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { useConnectionPhase, type Phase } from './use-connection-phase.ts'
import classes from './connection-note.module.css'

export const ConnectionNote = () => {
  const { t } = useTranslation()
  const phase = useConnectionPhase()
  return (
    <div className={classes.place} role="status" aria-live="polite">
      {phase !== 'fine' && (
        <div className={classes.note} data-phase={phase}>
          <Sign phase={phase} />
          {t(`presence.connection.${phase}`)}
        </div>
      )}
    </div>
  )
}

const Sign = ({ phase }: { readonly phase: Phase }) => {
  if (phase === 'offline') return <IconWifiOff size={16} aria-hidden />
  if (phase === 'back') return <IconCheck size={16} aria-hidden />
  return <Loader size={14} color="var(--page-wait)" aria-hidden />
}
