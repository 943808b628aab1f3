/** The numbers of a run. */
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { formatCost, formatCount, formatMoment } from '../../lib/format.ts'
import { RunDuration } from '../run-duration.tsx'
import type { Known } from '../timeline/chart.ts'
import { totalsOf } from './totals.ts'
import classes from './inspector.module.css'

export const Facts = ({ run, holds, steps }: Known) => {
  const { t } = useTranslation()
  const totals = totalsOf(run, holds, steps)
  const none = t('inspector.facts.none')
  const count = (number: number | undefined) => (number === undefined ? none : formatCount(number))
  const facts: readonly (readonly [string, ReactNode])[] = [
    [t('inspector.facts.begun'), formatMoment(run.createdAt)],
    [t('inspector.facts.duration'), <RunDuration key="duration" run={run} />],
    [t('inspector.facts.trigger'), t(`runs.triggers.${run.trigger}`)],
    [t('inspector.facts.agent'), run.agent ?? none],
    [t('inspector.facts.models'), totals.models.join(', ') || none],
    [t('inspector.facts.steps'), count(Math.max(run.stepCount, steps.length))],
    [t('inspector.facts.calls'), count(totals.calls)],
    [t('inspector.facts.workers'), totals.workers > 0 ? count(totals.workers) : none],
    ...optional(t('inspector.facts.broken'), totals.broken),
    [t('inspector.facts.input'), count(totals.inputTokens)],
    ...optional(t('inspector.facts.cached'), totals.cachedInputTokens),
    [t('inspector.facts.output'), count(totals.outputTokens)],
    ...optional(t('inspector.facts.reasoning'), totals.reasoningTokens),
    [
      t('inspector.facts.cost'),
      totals.costMicros === undefined ? none : formatCost(totals.costMicros),
    ],
  ]
  return (
    <dl className={classes.facts} aria-label={t('inspector.facts.title')}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** Nothing that is nought. */
const optional = (name: string, number: number | undefined) =>
  number ? ([[name, formatCount(number)]] as const) : []
