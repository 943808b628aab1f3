/** Who used how many tokens, and what that cost: by model and by agent, the most used first. */
import { Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Overview } from 'outlast/client'
import { useId, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { formatCost, formatCount, formatDuration, formatShort } from '../lib/format.ts'
import type { Period } from '../runs/runs-search.ts'
import { formatShare } from './format-bucket.ts'
import { DataTable } from './data-table.tsx'
import classes from './overview.module.css'

type Spent = Pick<Overview['totals'], 'inputTokens' | 'outputTokens' | 'costMicros'>

type Row = {
  readonly key: string
  readonly name: ReactNode
  readonly counts: readonly string[]
  readonly spent: Spent
}

type TableProps = {
  readonly title: string
  /** What names a row, and what is counted of it. */
  readonly columns: readonly string[]
  readonly rows: readonly Row[]
  readonly totals: Spent
}

const tokensOf = ({ inputTokens, outputTokens }: Spent): number => inputTokens + outputTokens

const SpendingTable = ({ title, columns, rows, totals }: TableProps) => {
  const { t } = useTranslation()
  const id = useId()
  const hasCosts = totals.costMicros !== null && totals.costMicros > 0
  const shareOf = (spent: Spent): readonly [number, number] =>
    hasCosts ? [spent.costMicros ?? 0, totals.costMicros ?? 0] : [tokensOf(spent), tokensOf(totals)]
  const heads = [
    ...columns,
    t('overview.spent.input'),
    t('overview.spent.output'),
    t('overview.spent.cost'),
    t(hasCosts ? 'overview.spent.shareOfCost' : 'overview.spent.shareOfTokens'),
  ]
  return (
    <section className={classes.card} aria-labelledby={id}>
      <Title order={2} size="h5" id={id}>
        {title}
      </Title>
      <DataTable
        labelledBy={id}
        columns={heads}
        rows={rows.map(({ key, name, counts, spent }) => ({
          key,
          cells: [
            name,
            ...counts,
            formatShort(spent.inputTokens),
            formatShort(spent.outputTokens),
            spent.costMicros === null ? '–' : formatCost(spent.costMicros),
            <Share key="share" of={shareOf(spent)} />,
          ],
        }))}
      />
    </section>
  )
}

const Share = ({ of: [part, whole] }: { readonly of: readonly [number, number] }) => (
  <span className={classes.share}>
    <span className={classes.track} aria-hidden>
      <span
        className={classes.fill}
        style={{ width: `${whole === 0 ? 0 : (100 * part) / whole}%` }}
      />
    </span>
    {formatShare(part, whole)}
  </span>
)

export const ModelTable = ({ overview }: { readonly overview: Overview }) => {
  const { t } = useTranslation()
  const { byModel, totals } = overview
  if (byModel.length === 0) return <Text c="dimmed">{t('overview.models.none')}</Text>
  return (
    <SpendingTable
      title={t('overview.models.title')}
      columns={[t('overview.models.model'), t('overview.models.steps')]}
      totals={totals}
      rows={byModel.map(({ provider, modelId, steps, ...spent }) => ({
        key: `${provider}/${modelId}`,
        name: [provider, modelId].filter(Boolean).join('/'),
        counts: [formatCount(steps)],
        spent,
      }))}
    />
  )
}

type AgentProps = { readonly overview: Overview; readonly last: Period }

export const AgentTable = ({ overview, last }: AgentProps) => {
  const { t } = useTranslation()
  const { byAgent, totals } = overview
  return (
    <SpendingTable
      title={t('overview.agents.title')}
      columns={[
        t('overview.agents.agent'),
        t('overview.agents.runs'),
        t('overview.agents.success'),
        t('overview.agents.median'),
      ]}
      totals={totals}
      rows={byAgent.map(({ agent, runs, succeeded, durationMs, ...spent }) => ({
        key: agent ?? '',
        name:
          agent === null ? (
            t('overview.agents.none')
          ) : (
            <Link className={classes.link} to="/runs" search={{ agent, last }}>
              {agent}
            </Link>
          ),
        counts: [
          formatCount(runs),
          formatShare(succeeded, runs),
          durationMs ? formatDuration(durationMs.p50) : '–',
        ],
        spent,
      }))}
    />
  )
}
