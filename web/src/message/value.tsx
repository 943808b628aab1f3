/** A value of a tool as text or as pretty JSON, cut where it is very long. */
import { Button } from '@mantine/core'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatCount } from '../lib/format.ts'
import { CopyText } from './copy-text.tsx'
import classes from './message.module.css'

const MOST_SHOWN = 4000

export const asText = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? '')

type Props = { readonly title: string; readonly value: unknown; readonly isWrong?: boolean }

export const Value = ({ title, value, isWrong = false }: Props) => {
  const { t } = useTranslation()
  const [isWhole, setIsWhole] = useState(false)
  const text = useMemo(() => asText(value), [value])
  const isCut = !isWhole && text.length > MOST_SHOWN
  return (
    <div className={classes.value}>
      <div className={classes.valueHead}>
        <span>{title}</span>
        <CopyText label={t('message.value.copy', { what: title })} text={() => text} />
      </div>
      <pre data-wrong={isWrong || undefined} tabIndex={0} role="group" aria-label={title}>
        {isCut ? text.slice(0, MOST_SHOWN) : text || t('message.value.none')}
      </pre>
      {isCut && (
        <Button variant="subtle" size="compact-sm" onClick={() => setIsWhole(true)}>
          {t('message.value.all', { size: formatCount(text.length) })}
        </Button>
      )}
    </div>
  )
}
