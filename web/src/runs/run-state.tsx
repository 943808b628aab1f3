/** The state of a run: a sign and a word, so that it is not told by colour alone. */
import {
  IconAlertCircleFilled,
  IconCircleCheck,
  IconClock,
  IconHandStop,
  IconPlayerStop,
  IconProgress,
} from '@tabler/icons-react'
import type { RunDetails } from 'outlast/client'
import { useTranslation } from 'react-i18next'
import classes from './run-state.module.css'

const SIGNS = {
  pending: IconClock,
  running: IconProgress,
  waiting: IconHandStop,
  succeeded: IconCircleCheck,
  failed: IconAlertCircleFilled,
  aborted: IconPlayerStop,
} as const

export const isActive = ({ status }: Pick<RunDetails, 'status'>): boolean =>
  status === 'pending' || status === 'running' || status === 'waiting'

type Props = { readonly run: Pick<RunDetails, 'status' | 'stopRequestedAt'> }

export const RunState = ({ run }: Props) => {
  const { t } = useTranslation()
  const { status } = run
  const isStopping = isActive(run) && run.stopRequestedAt !== null
  const Sign = isStopping ? IconPlayerStop : SIGNS[status]
  return (
    <span className={classes.state} data-state={status}>
      <Sign size={16} aria-hidden />
      {isStopping ? t('runs.stopping') : t(`runs.states.${status}`)}
    </span>
  )
}
