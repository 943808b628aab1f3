/** A value as JSON, to be read and to be copied. */
import { Button } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { LongText } from './long-text.tsx'
import classes from './json.module.css'

const MOST = 20_000

type Props = { readonly value: unknown; readonly label: string }

export const RawJson = ({ value, label }: Props) => {
  const { t } = useTranslation()
  const text = useMemo(() => JSON.stringify(value, null, 2), [value])
  const { copy, copied, error } = useClipboard({ timeout: 2000 })
  return (
    <section className={classes.raw} aria-label={label}>
      <div className={classes.tools}>
        <Button
          variant="default"
          size="compact-sm"
          leftSection={copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
          onClick={() => copy(text)}
        >
          {copied ? t('inspector.json.copied') : t('inspector.json.copy')}
        </Button>
        <span role="status">{error ? t('inspector.json.copyFailed') : ''}</span>
      </div>
      <LongText text={text} most={MOST} />
    </section>
  )
}
