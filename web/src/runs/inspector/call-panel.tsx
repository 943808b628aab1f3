/** One tool call: why, with what, how it ended. */
import { Tabs } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { formatDuration, formatMoment } from '../../lib/format.ts'
import { JsonTree } from '../json/json-tree.tsx'
import { LongText } from '../json/long-text.tsx'
import { RawJson } from '../json/raw-json.tsx'
import type { Call } from '../timeline/chart.ts'
import { Field, Fields } from './fields.tsx'
import { PanelHead } from './panel-head.tsx'
import type { StepProps } from './step-panel.tsx'
import classes from './inspector.module.css'

export const CallPanel = ({
  run,
  steps,
  step,
  stepIndex,
  toolCallId,
  onSelect,
}: StepProps & { readonly toolCallId: string }) => {
  const { t } = useTranslation()
  const call = step?.calls.find((one) => one.toolCallId === toolCallId)
  const title = call
    ? t('inspector.panel.call', { tool: call.toolName })
    : t('inspector.step', { number: stepIndex + 1 })
  return (
    <section className={classes.panel} aria-label={title}>
      <PanelHead title={title} steps={steps} stepIndex={stepIndex} onSelect={onSelect} />
      {call ? (
        <Tabs defaultValue="input" keepMounted={false}>
          <Tabs.List aria-label={t('inspector.tabs.label')}>
            <Tabs.Tab value="input">{t('inspector.tabs.input')}</Tabs.Tab>
            <Tabs.Tab value="json">{t('inspector.tabs.json')}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="input">
            <About
              call={call}
              idempotencyKey={`${run.id}:${stepIndex}:${toolCallId}`}
              step={
                <button
                  type="button"
                  className={classes.choose}
                  onClick={() => onSelect({ step: stepIndex })}
                >
                  {t('inspector.step', { number: stepIndex + 1 })}
                </button>
              }
            />
            <InputAndOutput call={call} />
          </Tabs.Panel>
          <Tabs.Panel value="json">
            <RawJson value={call} label={t('inspector.json.call')} />
          </Tabs.Panel>
        </Tabs>
      ) : (
        <p className={classes.quiet}>{t('inspector.panel.missingCall')}</p>
      )}
    </section>
  )
}

type AboutProps = {
  readonly call: Call
  readonly idempotencyKey: string
  readonly step: ReactNode
}

const About = ({ call, idempotencyKey, step }: AboutProps) => {
  const { t } = useTranslation()
  const { startedAt, finishedAt, approval } = call
  return (
    <Fields>
      <Field name={t('inspector.fields.state')}>
        {t(`inspector.calls.${call.status}`)}
        {call.status === 'unknown' && (
          <div className={classes.quiet}>{t('inspector.fields.unknown')}</div>
        )}
      </Field>
      <Field name={t('inspector.fields.step')}>{step}</Field>
      <Field name={t('inspector.fields.begun')}>{formatMoment(startedAt)}</Field>
      <Field name={t('inspector.fields.duration')}>
        {finishedAt && formatDuration(Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt)))}
      </Field>
      <Field name={t('inspector.fields.attempt')}>{call.attempt > 0 && call.attempt}</Field>
      <Field name={t('inspector.fields.question')}>{approval?.requestReason}</Field>
      <Field name={t('inspector.fields.approval')}>
        {approval && <Approved approval={approval} />}
      </Field>
      <Field name={t('inspector.fields.key')}>
        <code>{idempotencyKey}</code>
      </Field>
    </Fields>
  )
}

const Approved = ({ approval }: { readonly approval: NonNullable<Call['approval']> }) => {
  const { t } = useTranslation()
  const { approved, automatic, reason } = approval
  const words = [
    approved === undefined
      ? t('inspector.fields.approvalOpen')
      : approved
        ? t('inspector.fields.approvalYes')
        : t('inspector.fields.approvalNo'),
    ...(automatic ? [t('inspector.fields.automatic')] : []),
    ...(reason === undefined ? [] : [t('inspector.fields.reason', { reason })]),
  ]
  return words.join(' ')
}

const InputAndOutput = ({ call }: { readonly call: Call }) => {
  const { t } = useTranslation()
  return (
    <>
      <h3 className={classes.small}>{t('inspector.fields.input')}</h3>
      <JsonTree value={call.input} label={t('inspector.fields.input')} />
      {call.error !== undefined && (
        <>
          <h3 className={classes.small}>{t('inspector.fields.error')}</h3>
          <LongText text={call.error} />
        </>
      )}
      {(call.output !== undefined || call.error === undefined) && (
        <>
          <h3 className={classes.small}>{t('inspector.fields.output')}</h3>
          {call.output === undefined ? (
            <p className={classes.quiet}>{t('inspector.fields.noOutput')}</p>
          ) : (
            <JsonTree value={call.output} label={t('inspector.fields.output')} />
          )}
        </>
      )}
    </>
  )
}
