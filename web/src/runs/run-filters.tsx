/** Chooses which runs are listed. The choice is the address, so it can be kept and sent. */
import { Button, CloseButton, NumberInput, Select } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useNavigate } from '@tanstack/react-router'
import type { RunDetails } from 'outlast/client'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoment } from '../lib/format.ts'
import { useAgents } from './use-agents.ts'
import { PERIODS, runsSearch, STATUSES, TRIGGERS, type RunsSearch } from './runs-search.ts'
import classes from './run-filters.module.css'

type Props = { readonly search: RunsSearch; readonly items: readonly RunDetails[] }

export const RunFilters = ({ search, items }: Props) => {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const agents = useAgents(items, search.agent)
  const set = (change: Readonly<Record<string, unknown>>) =>
    void navigate({ to: '/runs', search: runsSearch({ ...search, ...change }), replace: true })
  const choice = {
    placeholder: t('runs.filters.any'),
    size: 'sm',
    clearable: true,
    clearButtonProps: { 'aria-label': t('runs.filters.any') },
  } as const
  return (
    <div role="group" aria-label={t('runs.filters.title')}>
      <div className={classes.filters}>
        <Select
          {...choice}
          label={t('runs.filters.status')}
          data={STATUSES.map((value) => ({ value, label: t(`runs.states.${value}`) }))}
          value={search.status ?? null}
          onChange={(status) => set({ status })}
        />
        <Select
          {...choice}
          label={t('runs.filters.time')}
          data={PERIODS.map((value) => ({ value, label: t(`runs.filters.last.${value}`) }))}
          value={search.last ?? null}
          onChange={(last) => set({ last, from: undefined, to: undefined })}
        />
        <Select
          {...choice}
          label={t('runs.filters.agent')}
          data={agents}
          value={search.agent ?? null}
          onChange={(agent) => set({ agent })}
        />
        <Select
          {...choice}
          label={t('runs.filters.trigger')}
          data={TRIGGERS.map((value) => ({ value, label: t(`runs.triggers.${value}`) }))}
          value={search.trigger ?? null}
          onChange={(trigger) => set({ trigger })}
        />
        {/* Another one when the address says something else than was typed. */}
        <CostInput key={search.minCost ?? 0} micros={search.minCost} onChange={set} />
      </div>
      <Chips search={search} items={items} onChange={set} />
    </div>
  )
}

const MICROS = 1_000_000
const TYPING_MS = 400

const CostInput = ({
  micros,
  onChange,
}: {
  readonly micros: number | undefined
  readonly onChange: (change: { readonly minCost: number }) => void
}) => {
  const { t } = useTranslation()
  const [value, setValue] = useState<number | string>(micros === undefined ? '' : micros / MICROS)
  const tell = useDebouncedCallback(
    (cost: number | string) => onChange({ minCost: Number(cost) * MICROS }),
    TYPING_MS,
  )
  return (
    <NumberInput
      size="sm"
      label={t('runs.filters.cost')}
      placeholder={t('runs.filters.any')}
      min={0}
      decimalScale={6}
      hideControls
      value={value}
      onChange={(cost) => {
        setValue(cost)
        tell(cost)
      }}
    />
  )
}

type ChipsProps = Props & {
  readonly onChange: (change: Readonly<Record<string, undefined>>) => void
}

/** What no field shows, and the way back to all runs. */
const Chips = ({ search, items, onChange }: ChipsProps) => {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const { chat, error } = search
  const name = items.find(({ chatId }) => chatId === chat)?.chatTitle
  const chips = [
    ...(chat ? [{ text: t('runs.filters.chat', { chat: name ?? chat }), drop: ['chat'] }] : []),
    ...(error ? [{ text: t('runs.filters.error', { error }), drop: ['error'] }] : []),
    ...timeChip(search, t),
  ]
  if (Object.keys(search).length === 0) return null
  return (
    <div className={classes.chips}>
      {chips.map(({ text, drop }) => (
        <span key={text} className={classes.chip}>
          {text}
          <CloseButton
            size="xs"
            aria-label={t('runs.filters.drop', { filter: text })}
            onClick={() => onChange(Object.fromEntries(drop.map((key) => [key, undefined])))}
          />
        </span>
      ))}
      <Button
        variant="subtle"
        size="compact-sm"
        onClick={() => void navigate({ to: '/runs', search: {}, replace: true })}
      >
        {t('runs.filters.clear')}
      </Button>
    </div>
  )
}

const timeChip = (
  { from, to }: RunsSearch,
  t: ReturnType<typeof useTranslation>['t'],
): { readonly text: string; readonly drop: string[] }[] => {
  const drop = ['from', 'to']
  const [begin, end] = [from, to].map((time) => (time ? formatMoment(time) : undefined))
  if (begin && end) return [{ text: t('runs.filters.between', { from: begin, to: end }), drop }]
  if (begin) return [{ text: t('runs.filters.since', { from: begin }), drop }]
  return end ? [{ text: t('runs.filters.before', { to: end }), drop }] : []
}
