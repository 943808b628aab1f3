/** How long runs took, as percentiles over time. */
import { LineChart } from '@mantine/charts'
import { Text } from '@mantine/core'
import type { Overview } from 'outlast/client'
import { useTranslation } from 'react-i18next'
import { formatDuration } from '../lib/format.ts'
import { ChartCard } from './chart-card.tsx'
import { durationTick, formatBucket, formatSpan, tickFormat } from './format-bucket.ts'

/** Told apart by their dashes as well as by their colours. */
const LINES = [
  { name: 'p99', dashes: '2 4' },
  { name: 'p90', dashes: '7 4' },
  { name: 'p50', dashes: '1 0' },
] as const

const STILL = { isAnimationActive: false }

export const DurationsChart = ({ overview }: { readonly overview: Overview }) => {
  const { t } = useTranslation()
  const { buckets, bucketMs, totals } = overview
  const written = (durations: Overview['totals']['durationMs']) =>
    LINES.map(({ name }) => (durations ? formatDuration(durations[name]) : '–'))
  const names = LINES.map(({ name }) => t(`overview.durations.${name}`))
  const summary = written(totals.durationMs).map((time, index) => `${names[index]} ${time}`)
  return (
    <ChartCard
      title={t('overview.durations.title')}
      about={t('overview.durations.about', {
        bucket: formatSpan(bucketMs),
        summary: summary.join(', '),
      })}
      columns={[t('overview.time'), ...names]}
      rows={buckets.map(({ at, durationMs }) => [
        formatBucket(at, bucketMs),
        ...written(durationMs),
      ])}
    >
      {totals.durationMs === null ? (
        <Text c="dimmed">{t('overview.durations.none')}</Text>
      ) : (
        <LineChart
          h={240}
          data={buckets.map(({ at, durationMs }) => ({ at, ...durationMs }))}
          dataKey="at"
          series={LINES.map(({ name, dashes }) => ({
            name,
            label: t(`overview.durations.${name}`),
            color: `var(--chart-${name})`,
            strokeDasharray: dashes,
          }))}
          connectNulls={false}
          curveType="linear"
          withLegend
          legendProps={{ verticalAlign: 'bottom', itemSorter: null }}
          tickLine="none"
          lineProps={STILL}
          dotProps={{ r: 2 }}
          accessibilityLayer={false}
          xAxisProps={{ tickFormatter: tickFormat(overview), minTickGap: 24 }}
          yAxisProps={{ width: 56, tickFormatter: durationTick }}
          tooltipProps={{
            labelFormatter: (at) => (typeof at === 'string' ? formatBucket(at, bucketMs) : at),
          }}
          valueFormatter={formatDuration}
        />
      )}
    </ChartCard>
  )
}
