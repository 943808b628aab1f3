/** The timeline in words: everything that happened, in order, for whoever reads or listens. */
import { Button } from '@mantine/core'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatClock, formatDuration } from '../../lib/format.ts'
import { useBarText } from './bar-text.ts'
import type { Bar, Chart, Mark } from './chart.ts'
import classes from './timeline.module.css'

type Props = { readonly chart: Chart; readonly onSelect: (bar: Bar) => void }

export const TimelineTable = ({ chart, onSelect }: Props) => {
  const { t } = useTranslation()
  const [isOpen, setIsOpen] = useState(false)
  const id = useId()
  return (
    <div>
      <Button
        variant="subtle"
        size="compact-sm"
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setIsOpen(!isOpen)}
      >
        {isOpen ? t('inspector.table.close') : t('inspector.table.open')}
      </Button>
      <div id={id}>{isOpen && <Table chart={chart} onSelect={onSelect} />}</div>
    </div>
  )
}

const Table = ({ chart, onSelect }: Props) => {
  const { t } = useTranslation()
  const rows = [
    ...[...chart.run, ...chart.model, ...chart.calls].map((bar) => ({ at: bar.from, bar })),
    ...chart.marks.map((mark) => ({ at: mark.at, mark })),
  ].toSorted((one, other) => one.at - other.at)
  return (
    <div
      className={classes.tableScroll}
      tabIndex={0}
      role="region"
      aria-label={t('inspector.table.title')}
    >
      <table className={classes.table}>
        <thead>
          <tr>
            <th>{t('inspector.table.what')}</th>
            <th>{t('inspector.table.state')}</th>
            <th>{t('inspector.table.clock')}</th>
            <th>{t('inspector.table.begin')}</th>
            <th>{t('inspector.table.duration')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) =>
            'bar' in row ? (
              <BarRow key={row.bar.key} bar={row.bar} begin={chart.from} onSelect={onSelect} />
            ) : (
              <MarkRow key={`${row.mark.kind} ${row.at}`} mark={row.mark} begin={chart.from} />
            ),
          )}
        </tbody>
      </table>
    </div>
  )
}

type BarRowProps = {
  readonly bar: Bar
  readonly begin: number
  readonly onSelect: (bar: Bar) => void
}

const BarRow = ({ bar, begin, onSelect }: BarRowProps) => {
  const { name, state, took } = useBarText()
  return (
    <tr>
      <th scope="row">
        {bar.kind === 'run' ? (
          name(bar)
        ) : (
          <button type="button" className={classes.choose} onClick={() => onSelect(bar)}>
            {name(bar)}
          </button>
        )}
      </th>
      <td>{state(bar)}</td>
      <td>{formatClock(bar.from)}</td>
      <td>{formatDuration(Math.max(0, bar.from - begin))}</td>
      <td>{took(bar)}</td>
    </tr>
  )
}

const MarkRow = ({ mark, begin }: { readonly mark: Mark; readonly begin: number }) => {
  const { t } = useTranslation()
  return (
    <tr>
      <th scope="row" colSpan={2}>
        {t(`inspector.timeline.marks.${mark.kind}`, { time: formatClock(mark.at) })}
      </th>
      <td>{formatClock(mark.at)}</td>
      <td>{formatDuration(Math.max(0, mark.at - begin))}</td>
      <td />
    </tr>
  )
}
