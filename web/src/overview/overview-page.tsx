/** What runs came to: how many there were, how they ended, how long they took, what they cost, and who executes them. */
import { Button, SegmentedControl, Text, Title } from '@mantine/core'
import '@mantine/charts/styles.layer.css'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import type { Overview } from 'outlast/client'
import { useTranslation } from 'react-i18next'
import { newChatId } from '../chats/new-chat.tsx'
import { formatAgo } from '../lib/format.ts'
import { useNow } from '../lib/use-now.ts'
import { Page } from '../layout/page.tsx'
import { PERIODS, type Period } from '../runs/runs-search.ts'
import { AgentTable, ModelTable } from './spending.tsx'
import { DurationsChart } from './durations-chart.tsx'
import { ErrorList } from './error-list.tsx'
import { overviewSearch } from './overview-search.ts'
import { RunsChart } from './runs-chart.tsx'
import { Tiles } from './tiles.tsx'
import { useOverview } from './use-overview.ts'
import { Workers } from './workers.tsx'
import classes from './overview.module.css'

const route = getRouteApi('/overview')

const AGO_MS = 5000

export const OverviewPage = () => {
  const { t } = useTranslation()
  // The router hands on what the route has left out.
  const { last = 'day' } = overviewSearch(route.useSearch())
  const { data, error, isPending, isFetching, dataUpdatedAt, refetch } = useOverview(last)
  const now = useNow(AGO_MS)
  const reason = error?.message ?? ''
  return (
    <Page className={classes.colors}>
      <div className={classes.head}>
        <Title order={1} size="h2">
          {t('overview.title')}
        </Title>
        <RangePicker last={last} />
      </div>
      {/* What is here stays, and is looked at again by itself. */}
      <Text size="sm" c="dimmed" role="status" className={classes.status}>
        {error && data
          ? t('overview.stale', {
              ago: formatAgo(new Date(dataUpdatedAt).toISOString(), now),
              reason,
            })
          : ''}
      </Text>
      {error && !data && (
        <div role="alert">
          <Text>{t('overview.failed', { reason })}</Text>
          <Button variant="default" mt="xs" loading={isFetching} onClick={() => void refetch()}>
            {t('common.retry')}
          </Button>
        </div>
      )}
      {isPending && <Text c="dimmed">{t('common.loading')}</Text>}
      {data && (data.totals.runs === 0 ? <Nothing /> : <Numbers overview={data} last={last} />)}
      {data && <Workers workers={data.workers} />}
    </Page>
  )
}

const RangePicker = ({ last }: { readonly last: Period }) => {
  const { t } = useTranslation()
  const navigate = useNavigate()
  return (
    <SegmentedControl
      aria-label={t('overview.range')}
      value={last}
      data={PERIODS.map((value) => ({ value, label: t(`overview.last.${value}`) }))}
      onChange={(period) =>
        void navigate({ to: '/overview', search: { last: period as Period }, replace: true })
      }
    />
  )
}

const Nothing = () => {
  const { t } = useTranslation()
  const navigate = useNavigate()
  return (
    <section className={classes.nothing}>
      <Title order={2} size="h4">
        {t('overview.empty.title')}
      </Title>
      <Text c="dimmed">{t('overview.empty.text')}</Text>
      <Button
        variant="default"
        onClick={() => void navigate({ to: '/chats/$chatId', params: { chatId: newChatId() } })}
      >
        {t('overview.empty.action')}
      </Button>
    </section>
  )
}

type NumbersProps = { readonly overview: Overview; readonly last: Period }

const Numbers = ({ overview, last }: NumbersProps) => (
  <>
    <Tiles totals={overview.totals} />
    <div className={classes.charts}>
      <RunsChart overview={overview} />
      <DurationsChart overview={overview} />
    </div>
    <div className={classes.tables}>
      <ModelTable overview={overview} />
      <AgentTable overview={overview} last={last} />
      <ErrorList errors={overview.byError} last={last} />
    </div>
  </>
)
