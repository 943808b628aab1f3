/** Stands where one wrote: somebody has deleted the chat. */
import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import classes from './chat.module.css'

export const RemovedNote = () => {
  const { t } = useTranslation()
  return (
    <div className={classes.trouble} role="status">
      <p>{t('chat.removed.text')}</p>
      <Button component={Link} to="/" size="xs" variant="default">
        {t('chat.removed.action')}
      </Button>
    </div>
  )
}
