/** Runs across all chats, newest first, as they are now. */
import { Button, Text, Title, VisuallyHidden } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import type { RunDetails } from 'outlast/client'
import { useRuns } from 'outlast/react'
import { useCallback, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Page } from '../layout/page.tsx'
import { BulkStop } from './bulk-stop.tsx'
import { RunFilters } from './run-filters.tsx'
import { RunRow } from './run-row.tsx'
import { isActive } from './run-state.tsx'
import { runsSearch } from './runs-search.ts'
import classes from './runs-page.module.css'

const route = getRouteApi('/runs')

const COLUMNS = ['state', 'chat', 'started', 'duration', 'steps', 'tokens', 'cost'] as const

export const RunsPage = () => {
  const { t } = useTranslation()
  const given = route.useSearch()
  const search = useMemo(() => runsSearch(given), [given])
  const filter = route.useLoaderData()
  const { items, isLoading, error, hasMore, loadMore, reload } = useRuns(filter)
  const { selected, toggle, setAll } = useSelection(items)
  const isFiltered = Object.keys(search).length > 0
  return (
    <Page>
      <Title order={1} size="h2">
        {t('runs.title')}
      </Title>
      <RunFilters search={search} items={items} />
      <BulkStop items={items} selected={selected} setAll={setAll} />
      {items.length > 0 && (
        <table className={classes.table} role="table" aria-label={t('runs.title')}>
          <thead role="rowgroup">
            <tr role="row">
              <th role="columnheader">
                <VisuallyHidden>{t('runs.columns.select')}</VisuallyHidden>
              </th>
              {COLUMNS.map((column) => (
                <th key={column} role="columnheader" data-column={column}>
                  {t(`runs.columns.${column}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {items.map((run) => (
              <RunRow key={run.id} run={run} isSelected={selected.has(run.id)} onSelect={toggle} />
            ))}
          </tbody>
        </table>
      )}
      <div className={classes.end} aria-busy={isLoading}>
        {error && (
          <div role="alert">
            <Text>{t('runs.failed', { reason: error.message })}</Text>
            <Button variant="default" mt="xs" onClick={reload}>
              {t('common.retry')}
            </Button>
          </div>
        )}
        {isLoading && <Text c="dimmed">{t('common.loading')}</Text>}
        {!isLoading && !error && items.length === 0 && (
          <Text c="dimmed">{isFiltered ? t('runs.noneFound') : t('runs.none')}</Text>
        )}
        {items.length > 0 && (
          <Text size="sm" c="dimmed">
            {t('runs.shown', { count: items.length })}
          </Text>
        )}
        {hasMore && (
          <Button variant="default" onClick={loadMore}>
            {t('runs.more')}
          </Button>
        )}
      </div>
    </Page>
  )
}

/** Only what is shown and active is selected, whatever was selected before. */
const useSelection = (items: readonly RunDetails[]) => {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const selected = useMemo(
    () => new Set(items.filter((run) => isActive(run) && chosen.has(run.id)).map(({ id }) => id)),
    [items, chosen],
  )
  const toggle = useCallback((id: string) => {
    setChosen((before) => {
      const after = new Set(before)
      if (!after.delete(id)) after.add(id)
      return after
    })
  }, [])
  const setAll = useCallback((ids: readonly string[]) => setChosen(new Set(ids)), [])
  return { selected, toggle, setAll }
}
