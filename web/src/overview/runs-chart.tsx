/** Runs over time, stacked by how they ended. */
import { BarChart } from '@mantine/charts'
import type { Overview } from 'outlast/client'
import { useTranslation } from 'react-i18next'
import { formatCount } from '../lib/format.ts'
import { ChartCard } from './chart-card.tsx'
import { formatBucket, formatSpan, tickFormat } from './format-bucket.ts'

/** From the bottom up. */
const OUTCOMES = ['succeeded', 'failed', 'aborted', 'active'] as const

/** What is drawn anew every few seconds does not move. */
const STILL = { isAnimationActive: false, stroke: 'var(--page-raised)', strokeWidth: 1 }

export const RunsChart = ({ overview }: { readonly overview: Overview }) => {
  const { t } = useTranslation()
  const { buckets, bucketMs, totals } = overview
  const summary = OUTCOMES.map(
    (outcome) => `${t(`overview.outcomes.${outcome}`)} ${formatCount(totals[outcome])}`,
  )
  return (
    <ChartCard
      title={t('overview.runs.title')}
      about={t('overview.runs.about', {
        bucket: formatSpan(bucketMs),
        summary: summary.join(', '),
      })}
      columns={[t('overview.time'), ...OUTCOMES.map((one) => t(`overview.outcomes.${one}`))]}
      rows={buckets.map((bucket) => [
        formatBucket(bucket.at, bucketMs),
        ...OUTCOMES.map((outcome) => formatCount(bucket[outcome])),
      ])}
    >
      <BarChart
        h={240}
        data={[...buckets]}
        dataKey="at"
        type="stacked"
        series={OUTCOMES.map((name) => ({
          name,
          label: t(`overview.outcomes.${name}`),
          color: `var(--chart-${name})`,
        }))}
        withLegend
        legendProps={{ verticalAlign: 'bottom', itemSorter: null }}
        tickLine="none"
        barProps={STILL}
        accessibilityLayer={false}
        xAxisProps={{ tickFormatter: tickFormat(overview), minTickGap: 24 }}
        yAxisProps={{ allowDecimals: false, width: 40 }}
        tooltipProps={{
          labelFormatter: (at) => (typeof at === 'string' ? formatBucket(at, bucketMs) : at),
        }}
        valueFormatter={formatCount}
      />
    </ChartCard>
  )
}
