/** One step: the model call, what it was told, what it said. */
import { Tabs } from '@mantine/core'
import type { RunDetails, Step } from 'outlast/client'
import { useTranslation } from 'react-i18next'
import {
  formatClock,
  formatCost,
  formatCount,
  formatDuration,
  formatMoment,
} from '../../lib/format.ts'
import { JsonTree } from '../json/json-tree.tsx'
import { RawJson } from '../json/raw-json.tsx'
import { Field, Fields } from './fields.tsx'
import type { InspectorSearch } from './inspector-search.ts'
import { Journal } from './journal.tsx'
import { PanelHead } from './panel-head.tsx'
import { Prompt } from './prompt.tsx'
import classes from './inspector.module.css'

export type StepProps = {
  readonly run: RunDetails
  readonly steps: readonly Step[]
  /** Undefined where the journal has none. */
  readonly step: Step | undefined
  readonly stepIndex: number
  readonly onSelect: (chosen: InspectorSearch) => void
}

const TABS = ['summary', 'journal', 'prompt', 'request', 'json'] as const

export const StepPanel = ({ run, steps, step, stepIndex, onSelect }: StepProps) => {
  const { t } = useTranslation()
  const title = t('inspector.step', { number: stepIndex + 1 })
  return (
    <section className={classes.panel} aria-label={title}>
      <PanelHead title={title} steps={steps} stepIndex={stepIndex} onSelect={onSelect} />
      {step ? (
        <Tabs defaultValue="summary" keepMounted={false}>
          <Tabs.List aria-label={t('inspector.tabs.label')}>
            {TABS.map((tab) => (
              <Tabs.Tab key={tab} value={tab}>
                {t(`inspector.tabs.${tab}`)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value="summary">
            <Summary step={step} />
          </Tabs.Panel>
          <Tabs.Panel value="journal">
            <Journal step={step} onSelect={onSelect} />
          </Tabs.Panel>
          <Tabs.Panel value="prompt">
            <Prompt runId={run.id} stepIndex={stepIndex} />
          </Tabs.Panel>
          <Tabs.Panel value="request">
            {step.request ? (
              <JsonTree value={step.request} label={t('inspector.tabs.request')} />
            ) : (
              <p className={classes.quiet}>{t('inspector.request.none')}</p>
            )}
          </Tabs.Panel>
          <Tabs.Panel value="json">
            <RawJson value={step} label={t('inspector.json.step')} />
          </Tabs.Panel>
        </Tabs>
      ) : (
        <p className={classes.quiet}>{t('inspector.panel.missing')}</p>
      )}
    </section>
  )
}

const Summary = ({ step }: { readonly step: Step }) => {
  const { t } = useTranslation()
  const { request, warnings = [], brokenAttempts = [] } = step
  const model = nameOf(step.provider, step.modelId)
  const asked = nameOf(request?.provider, request?.modelId)
  const { rawFinishReason } = step
  return (
    <Fields>
      <Field name={t('inspector.fields.model')}>{model ?? asked}</Field>
      <Field name={t('inspector.fields.asked')}>{asked !== model && asked}</Field>
      <Field name={t('inspector.fields.finish')}>{step.finishReason}</Field>
      <Field name={t('inspector.fields.rawFinish')}>
        {rawFinishReason !== step.finishReason && rawFinishReason}
      </Field>
      <Times step={step} />
      <Field name={t('inspector.fields.tokens')}>{tokensOf(step, t)}</Field>
      <Field name={t('inspector.fields.cost')}>
        {step.costMicros != null && formatCost(step.costMicros)}
      </Field>
      <Field name={t('inspector.fields.response')}>{step.responseId}</Field>
      <Field name={t('inspector.fields.broken')}>
        {brokenAttempts.length > 0 && <Broken attempts={brokenAttempts} />}
      </Field>
      <Field name={t('inspector.fields.warnings')}>
        {warnings.length > 0 && (
          <JsonTree value={warnings} label={t('inspector.fields.warnings')} />
        )}
      </Field>
    </Fields>
  )
}

type Translate = ReturnType<typeof useTranslation>['t']

const nameOf = (provider: string | undefined, modelId: string | undefined) =>
  modelId === undefined ? undefined : [provider, modelId].filter(Boolean).join('/')

const Times = ({ step }: { readonly step: Step }) => {
  const { t } = useTranslation()
  const { startedAt, firstChunkAt, finishedAt } = step
  if (startedAt === null) return null
  const since = (time: string) =>
    formatDuration(Math.max(0, Date.parse(time) - Date.parse(startedAt)))
  return (
    <>
      <Field name={t('inspector.fields.begun')}>{formatMoment(startedAt)}</Field>
      <Field name={t('inspector.fields.first')}>{firstChunkAt && since(firstChunkAt)}</Field>
      <Field name={t('inspector.fields.duration')}>{finishedAt && since(finishedAt)}</Field>
    </>
  )
}

const tokensOf = ({ usage }: Step, t: Translate): string | undefined => {
  if (!usage) return undefined
  const { inputTokens, outputTokens, cachedInputTokens, reasoningTokens } = usage
  const count = (number: number | undefined) =>
    number === undefined ? t('inspector.facts.none') : formatCount(number)
  return [
    t('inspector.fields.tokensOf', { input: count(inputTokens), output: count(outputTokens) }),
    ...(cachedInputTokens ? [t('inspector.fields.cached', { count: cachedInputTokens })] : []),
    ...(reasoningTokens ? [t('inspector.fields.reasoning', { count: reasoningTokens })] : []),
  ].join(', ')
}

const Broken = ({ attempts }: { readonly attempts: NonNullable<Step['brokenAttempts']> }) => {
  const { t } = useTranslation()
  return (
    <ul className={classes.list}>
      {attempts.map(({ startedAt, endedAt, error }) => (
        <li key={startedAt}>
          {t('inspector.fields.brokenAt', {
            time: formatClock(Date.parse(startedAt)),
            duration: formatDuration(Date.parse(endedAt) - Date.parse(startedAt)),
            error,
          })}
        </li>
      ))}
    </ul>
  )
}
