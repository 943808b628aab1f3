/** A fault of the page itself; nothing is lost by it. */
import { Button, Code, Stack, Text, Title } from '@mantine/core'
import type { ErrorComponentProps } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

export const BrokenPage = ({ error }: ErrorComponentProps) => {
  const { t } = useTranslation()
  return (
    <Stack align="flex-start" p="xl" role="alert">
      <Title order={1} size="h2">
        {t('common.broken.title')}
      </Title>
      <Text>{t('common.broken.text')}</Text>
      <Code block>{error instanceof Error ? error.message : String(error)}</Code>
      <Button onClick={() => location.reload()}>{t('common.broken.action')}</Button>
    </Stack>
  )
}
