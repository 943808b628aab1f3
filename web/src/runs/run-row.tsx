/** One run of the list. A row of a run that does not change is not rendered again. */
import { Checkbox } from '@mantine/core'
import { IconMessage } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { RunDetails } from 'outlast/client'
import { memo } from 'react'
import { useTranslation } from 'react-i18next'
import { formatAgo, formatCost, formatMoment, formatShort } from '../lib/format.ts'
import { useNow } from '../lib/use-now.ts'
import { RunDuration } from './run-duration.tsx'
import { isActive, RunState } from './run-state.tsx'
import classes from './runs-page.module.css'

type Props = {
  readonly run: RunDetails
  readonly isSelected: boolean
  readonly onSelect: (runId: string) => void
}

/** As exact as "25 seconds ago" has to be. */
const AGO_MS = 5000

export const RunRow = memo(({ run, isSelected, onSelect }: Props) => {
  const { t } = useTranslation()
  const now = useNow(AGO_MS)
  const title = run.chatTitle ?? t('runs.untitled')
  const started = formatMoment(run.createdAt)
  const { inputTokens, outputTokens, totalTokens } = run.usage
  const tokens = totalTokens ?? (inputTokens ?? 0) + (outputTokens ?? 0)
  const about = [run.agent, t(`runs.triggers.${run.trigger}`), ...run.models]
  return (
    <tr
      role="row"
      className={classes.row}
      data-run={run.id}
      data-selected={isSelected || undefined}
    >
      <td role="cell" data-column="select">
        {isActive(run) && (
          <Checkbox
            size="sm"
            checked={isSelected}
            aria-label={t('runs.select', { title, started })}
            onChange={() => onSelect(run.id)}
          />
        )}
      </td>
      <td role="cell" data-column="state">
        <RunState run={run} />
      </td>
      <td role="cell" data-column="chat">
        <div className={classes.name}>
          <Link className={classes.link} to="/runs/$runId" params={{ runId: run.id }}>
            {title}
          </Link>
          <Link
            className={classes.chat}
            to="/chats/$chatId"
            params={{ chatId: run.chatId }}
            aria-label={t('runs.openChat', { title })}
            title={t('runs.openChat', { title })}
          >
            <IconMessage size={16} />
          </Link>
        </div>
        <div className={classes.about}>{about.filter(Boolean).join(' · ')}</div>
        {run.error !== null && (
          <div className={classes.error} title={run.error}>
            {run.error}
          </div>
        )}
      </td>
      <td role="cell" data-column="started" data-label={t('runs.columns.started')}>
        <time dateTime={run.createdAt} title={started}>
          {formatAgo(run.createdAt, Math.max(now, Date.parse(run.createdAt)))}
        </time>
      </td>
      <td role="cell" data-column="duration" data-label={t('runs.columns.duration')}>
        <RunDuration run={run} />
      </td>
      <td role="cell" data-column="steps" data-label={t('runs.columns.steps')}>
        {run.stepCount}
      </td>
      <td role="cell" data-column="tokens" data-label={t('runs.columns.tokens')}>
        {tokens > 0 ? formatShort(tokens) : '–'}
      </td>
      <td role="cell" data-column="cost" data-label={t('runs.columns.cost')}>
        {run.costMicros === null ? '–' : formatCost(run.costMicros)}
      </td>
    </tr>
  )
})
RunRow.displayName = 'RunRow'
