/** The processes that execute runs, whether they are alive, and which of one's own runs they hold. */
import { Text, Title } from '@mantine/core'
import { IconCircleCheckFilled, IconCircleDashed } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { Overview } from 'outlast/client'
import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import { formatAgo, formatDuration, formatMoment } from '../lib/format.ts'
import { useNow } from '../lib/use-now.ts'
import { DataTable } from './data-table.tsx'
import classes from './overview.module.css'

type Worker = Overview['workers'][number]

const NOW_MS = 5000
const COLUMNS = ['worker', 'state', 'started', 'version', 'room', 'leases'] as const

export const Workers = ({ workers }: { readonly workers: readonly Worker[] }) => {
  const { t } = useTranslation()
  const id = useId()
  const now = useNow(NOW_MS)
  return (
    <section className={classes.card} aria-labelledby={id}>
      <Title order={2} size="h5" id={id}>
        {t('overview.workers.title')}
      </Title>
      <Text size="sm" c="dimmed">
        {t(workers.length === 0 ? 'overview.workers.none' : 'overview.workers.about')}
      </Text>
      {workers.length > 0 && (
        <DataTable
          labelledBy={id}
          hasTexts
          columns={COLUMNS.map((column) => t(`overview.workers.${column}`))}
          rows={workers.map((worker) => ({
            key: worker.id,
            cells: [
              <code key="id">{worker.id}</code>,
              <WorkerState key="state" worker={worker} now={now} />,
              <time
                key="started"
                dateTime={worker.startedAt}
                title={formatMoment(worker.startedAt)}
              >
                {formatAgo(worker.startedAt, Math.max(now, Date.parse(worker.startedAt)))}
              </time>,
              worker.version,
              worker.concurrency ?? t('overview.workers.unlimited'),
              <Leases key="leases" leases={worker.leases} now={now} />,
            ],
          }))}
        />
      )}
    </section>
  )
}

type StateProps = { readonly worker: Worker; readonly now: number }

const WorkerState = ({ worker: { isAlive, seenAt }, now }: StateProps) => {
  const { t } = useTranslation()
  const Sign = isAlive ? IconCircleCheckFilled : IconCircleDashed
  const silence = formatDuration(Math.max(0, now - Date.parse(seenAt)))
  return (
    <span className={classes.state} data-alive={isAlive}>
      <Sign size={16} aria-hidden />
      {isAlive ? t('overview.workers.alive') : t('overview.workers.silent', { time: silence })}
    </span>
  )
}

/** As much of an id as tells it from others: the beginning is the time. */
const SHORT = -6

const Leases = ({ leases, now }: { readonly leases: Worker['leases']; readonly now: number }) => {
  const { t } = useTranslation()
  if (leases.length === 0) return t('overview.workers.free')
  return (
    <ul className={classes.leases}>
      {leases.map(({ runId, expiresAt }) => (
        <li key={runId}>
          <Link className={classes.link} to="/runs/$runId" params={{ runId }}>
            {t('overview.workers.run', { id: runId.slice(SHORT) })}
          </Link>
          {(expiresAt === null || Date.parse(expiresAt) < now) && (
            <span className={classes.lapsed}>{t('overview.workers.lapsed')}</span>
          )}
        </li>
      ))}
    </ul>
  )
}
