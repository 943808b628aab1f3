/** An address that leads nowhere. */
import { Button, Stack, Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

export const NotFoundPage = () => {
  const { t } = useTranslation()
  return (
    <Stack align="flex-start" p="xl">
      <Title order={1} size="h2">
        {t('common.notFound.title')}
      </Title>
      <Text>{t('common.notFound.text')}</Text>
      <Button component={Link} to="/">
        {t('common.notFound.action')}
      </Button>
    </Stack>
  )
}
