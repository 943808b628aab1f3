/** A chart with its name, and the same as a table for whoever prefers one or sees no chart. */
import { Button, Title } from '@mantine/core'
import { useId, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { DataTable } from './data-table.tsx'
import classes from './overview.module.css'

type Props = {
  readonly title: string
  /** What the chart shows, in a sentence. */
  readonly about: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly children: ReactNode
}

export const ChartCard = ({ title, about, columns, rows, children }: Props) => {
  const { t } = useTranslation()
  const [isTable, setIsTable] = useState(false)
  const id = useId()
  return (
    <section className={classes.card} aria-labelledby={id}>
      <div className={classes.cardHead}>
        <Title order={2} size="h5" id={id}>
          {title}
        </Title>
        <Button
          variant={isTable ? 'light' : 'subtle'}
          size="compact-sm"
          aria-pressed={isTable}
          onClick={() => setIsTable(!isTable)}
        >
          {t('overview.asTable')}
        </Button>
      </div>
      {isTable ? (
        <DataTable
          labelledBy={id}
          columns={columns}
          rows={rows.map((cells) => ({ key: cells[0] ?? '', cells }))}
        />
      ) : (
        <div role="img" aria-label={about} className={classes.chart}>
          {children}
        </div>
      )}
    </section>
  )
}
