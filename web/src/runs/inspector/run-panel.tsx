/** The run as a whole: its steps, who had it in hand, and all of it as JSON. */
import { Tabs } from '@mantine/core'
import type { Step } from 'outlast/client'
import { useTranslation } from 'react-i18next'
import { formatClock, formatCost, formatCount, formatDuration } from '../../lib/format.ts'
import { RawJson } from '../json/raw-json.tsx'
import { shortWorker } from '../timeline/bar-text.ts'
import type { Known } from '../timeline/chart.ts'
import { Facts } from './facts.tsx'
import type { InspectorSearch } from './inspector-search.ts'
import { WideTable } from './wide-table.tsx'
import classes from './inspector.module.css'

type Props = Known & { readonly onSelect: (chosen: InspectorSearch) => void }

export const RunPanel = ({ run, holds, steps, onSelect }: Props) => {
  const { t } = useTranslation()
  return (
    <div className={classes.panel}>
      <Facts run={run} holds={holds} steps={steps} />
      <Tabs defaultValue="steps" keepMounted={false}>
        <Tabs.List aria-label={t('inspector.tabs.label')}>
          <Tabs.Tab value="steps">{t('inspector.steps.title')}</Tabs.Tab>
          <Tabs.Tab value="holds">{t('inspector.tabs.holds')}</Tabs.Tab>
          <Tabs.Tab value="json">{t('inspector.tabs.json')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="steps">
          <StepsTable steps={steps} onSelect={onSelect} />
        </Tabs.Panel>
        <Tabs.Panel value="holds">
          <HoldsTable holds={holds} />
        </Tabs.Panel>
        <Tabs.Panel value="json">
          <RawJson value={{ run, holds }} label={t('inspector.json.run')} />
        </Tabs.Panel>
      </Tabs>
    </div>
  )
}

const StepsTable = ({ steps, onSelect }: Pick<Props, 'steps' | 'onSelect'>) => {
  const { t } = useTranslation()
  if (steps.length === 0) return <p className={classes.quiet}>{t('inspector.steps.none')}</p>
  return (
    <WideTable
      label={t('inspector.steps.title')}
      columns={[
        { name: t('inspector.steps.step') },
        { name: t('inspector.steps.model') },
        { name: t('inspector.steps.finish') },
        { name: t('inspector.steps.tools') },
        { name: t('inspector.steps.duration'), isNumber: true },
        { name: t('inspector.steps.input'), isNumber: true },
        { name: t('inspector.steps.output'), isNumber: true },
        { name: t('inspector.steps.cost'), isNumber: true },
      ]}
    >
      {steps.map((step) => (
        <StepRow key={step.stepIndex} step={step} onSelect={onSelect} />
      ))}
    </WideTable>
  )
}

const StepRow = ({ step, onSelect }: { readonly step: Step } & Pick<Props, 'onSelect'>) => {
  const { t } = useTranslation()
  const { stepIndex, startedAt, finishedAt, usage, costMicros } = step
  const none = t('inspector.facts.none')
  const count = (number: number | undefined) => (number === undefined ? none : formatCount(number))
  return (
    <tr>
      <th scope="row">
        <button
          type="button"
          className={classes.choose}
          onClick={() => onSelect({ step: stepIndex })}
        >
          {t('inspector.step', { number: stepIndex + 1 })}
        </button>
      </th>
      <td>{step.modelId ?? step.request?.modelId ?? none}</td>
      <td>{step.finishReason}</td>
      <td>{toolsOf(step) || none}</td>
      <td data-number>
        {startedAt && finishedAt
          ? formatDuration(Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt)))
          : none}
      </td>
      <td data-number>{count(usage?.inputTokens)}</td>
      <td data-number>{count(usage?.outputTokens)}</td>
      <td data-number>{costMicros == null ? none : formatCost(costMicros)}</td>
    </tr>
  )
}

/** @example 'readFile × 3, wait' */
const toolsOf = ({ calls }: Step): string => {
  const counts = new Map<string, number>()
  for (const { toolName } of calls) counts.set(toolName, (counts.get(toolName) ?? 0) + 1)
  return [...counts].map(([name, times]) => (times > 1 ? `${name} × ${times}` : name)).join(', ')
}

const HoldsTable = ({ holds }: Pick<Props, 'holds'>) => {
  const { t } = useTranslation()
  if (holds.length === 0) return <p className={classes.quiet}>{t('inspector.holds.none')}</p>
  return (
    <WideTable
      label={t('inspector.tabs.holds')}
      columns={[
        { name: t('inspector.holds.worker') },
        { name: t('inspector.holds.begun') },
        { name: t('inspector.holds.duration'), isNumber: true },
        { name: t('inspector.holds.end') },
      ]}
    >
      {holds.map(({ epoch, worker, beganAt, endedAt, end }) => (
        <tr key={epoch}>
          <th scope="row" title={worker}>
            {shortWorker(worker)}
          </th>
          <td>{formatClock(Date.parse(beganAt))}</td>
          <td data-number>
            {endedAt === null
              ? t('inspector.facts.none')
              : formatDuration(Math.max(0, Date.parse(endedAt) - Date.parse(beganAt)))}
          </td>
          <td>{end === null ? t('inspector.holds.holding') : t(`inspector.holds.ends.${end}`)}</td>
        </tr>
      ))}
    </WideTable>
  )
}
