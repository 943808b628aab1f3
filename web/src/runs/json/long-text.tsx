/** Text as it is; what is long is cut until somebody wants all of it. */
import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './json.module.css'

const MOST = 4000

type Props = { readonly text: string; readonly most?: number }

export const LongText = ({ text, most = MOST }: Props) => {
  const { t } = useTranslation()
  const [isAll, setIsAll] = useState(false)
  const isCut = !isAll && text.length > most
  return (
    <>
      <pre className={classes.text}>{isCut ? `${text.slice(0, most)}…` : text}</pre>
      {isCut && (
        <Button variant="subtle" size="compact-xs" onClick={() => setIsAll(true)}>
          {t('inspector.json.showAll', { count: text.length })}
        </Button>
      )}
    </>
  )
}
