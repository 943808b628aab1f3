/** Before the server has said who asks, and while it cannot. */
import { Button, Loader, Stack, Text, Title } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { sessionQuery } from './session.ts'
import classes from './session.module.css'

export const UnknownPage = ({ error }: { readonly error: Error | null }) => {
  const { t } = useTranslation()
  const queries = useQueryClient()
  // While it is asked for again, which happens by itself, too, the reason stays, and the button with it.
  const [reason, setReason] = useState(error?.message)
  if (error && error.message !== reason) setReason(error.message)
  if (reason === undefined)
    return (
      <div className={classes.waiting}>
        <Loader aria-label={t('common.loading')} />
      </div>
    )
  return (
    <main className={classes.page}>
      <Stack align="flex-start" className={classes.card} role="alert">
        <Title order={1} size="h2">
          {t('session.unknown.title')}
        </Title>
        <Text>{t('session.unknown.text', { reason })}</Text>
        <Button onClick={() => void queries.refetchQueries({ queryKey: sessionQuery.queryKey })}>
          {t('common.retry')}
        </Button>
      </Stack>
    </main>
  )
}
