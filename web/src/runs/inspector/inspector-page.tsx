/** One run: its timeline, and what lies behind each bar of it. */
import { Button, Text, Title } from '@mantine/core'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { RunNotFoundError } from 'outlast/client'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Page } from '../../layout/page.tsx'
import { CallPanel } from './call-panel.tsx'
import { Head } from './head.tsx'
import { inspectorSearch, type InspectorSearch } from './inspector-search.ts'
import { RunPanel } from './run-panel.tsx'
import { StepPanel } from './step-panel.tsx'
import { useInspected } from './use-inspected.ts'
import { callKey, chartOf, stepKey, type Bar, type Known } from '../timeline/chart.ts'
import { Timeline } from '../timeline/timeline.tsx'
import { TimelineTable } from '../timeline/timeline-table.tsx'

const route = getRouteApi('/runs/$runId')

export const InspectorPage = () => {
  const { t } = useTranslation()
  const { runId } = route.useParams()
  const inspected = useInspected(runId)
  const { run, holds, steps, error, stepsError, refetch, reload } = inspected
  if (run)
    return (
      <Page>
        <Head run={run} onStop={inspected.stop} />
        {stepsError && (
          <Notice
            text={t('inspector.stepsFailed', { reason: stepsError.message })}
            onRetry={() => void refetch()}
          />
        )}
        <Inspected run={run} holds={holds} steps={steps} />
      </Page>
    )
  return (
    <Page>
      {error instanceof RunNotFoundError ? (
        <NotFound />
      ) : error ? (
        <Notice text={t('inspector.failed', { reason: error.message })} onRetry={reload} />
      ) : (
        <Text c="dimmed">{t('common.loading')}</Text>
      )}
    </Page>
  )
}

const Inspected = ({ run, holds, steps }: Known) => {
  // The router hands on what else an address says.
  const search = inspectorSearch(route.useSearch())
  const navigate = useNavigate()
  const chart = useMemo(() => chartOf({ run, holds, steps }), [run, holds, steps])
  const select = (chosen: InspectorSearch) =>
    void navigate({
      to: '/runs/$runId',
      params: { runId: run.id },
      search: chosen,
      replace: true,
      resetScroll: false,
    })
  return (
    <>
      <Timeline
        chart={chart}
        selected={keyOf(search)}
        onSelect={(bar) => select(chosenBy(bar, search))}
      />
      <TimelineTable chart={chart} onSelect={(bar) => select(chosenBy(bar, {}))} />
      <Panel run={run} holds={holds} steps={steps} search={search} onSelect={select} />
    </>
  )
}

const keyOf = ({ step, call }: InspectorSearch): string | undefined => {
  if (step === undefined) return undefined
  return call === undefined ? stepKey(step) : callKey(step, call)
}

/** What is chosen again is left. */
const chosenBy = (bar: Bar, before: InspectorSearch): InspectorSearch => {
  if (bar.kind === 'run' || bar.key === keyOf(before)) return {}
  return bar.kind === 'model'
    ? { step: bar.stepIndex }
    : { step: bar.stepIndex, call: bar.toolCallId }
}

type PanelProps = Known & {
  readonly search: InspectorSearch
  readonly onSelect: (chosen: InspectorSearch) => void
}

const Panel = ({ run, holds, steps, search, onSelect }: PanelProps) => {
  const { step: stepIndex, call } = search
  if (stepIndex === undefined)
    return <RunPanel run={run} holds={holds} steps={steps} onSelect={onSelect} />
  const step = steps.find((one) => one.stepIndex === stepIndex)
  const props = { run, steps, step, stepIndex, onSelect }
  if (call === undefined) return <StepPanel key={stepIndex} {...props} />
  return <CallPanel key={`${stepIndex} ${call}`} {...props} toolCallId={call} />
}

const Notice = ({ text, onRetry }: { readonly text: string; readonly onRetry: () => void }) => {
  const { t } = useTranslation()
  return (
    <div role="alert">
      <Text>{text}</Text>
      <Button variant="default" mt="xs" onClick={onRetry}>
        {t('common.retry')}
      </Button>
    </div>
  )
}

const NotFound = () => {
  const { t } = useTranslation()
  return (
    <>
      <Title order={1} size="h2">
        {t('inspector.notFound.title')}
      </Title>
      <Text>{t('inspector.notFound.text')}</Text>
      <p>
        <Link to="/runs">{t('inspector.back')}</Link>
      </p>
    </>
  )
}
