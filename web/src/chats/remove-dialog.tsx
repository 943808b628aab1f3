/** Asks before a chat is removed for good. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useMatchRoute, useNavigate } from '@tanstack/react-router'
import type { ChatSummary } from 'outlast/client'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../client.ts'

type Props = {
  readonly chat: ChatSummary
  readonly onDone: () => void
  readonly onClose: () => void
}

export const RemoveDialog = ({ chat, onDone, onClose }: Props) => {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const isAt = useMatchRoute()
  const [isBusy, setIsBusy] = useState(false)
  const [reason, setReason] = useState<string>()
  const remove = async () => {
    setIsBusy(true)
    setReason(undefined)
    try {
      await client.chats.remove(chat.id)
    } catch (error) {
      setReason((error as Error).message)
      setIsBusy(false)
      return
    }
    if (isAt({ to: '/chats/$chatId', params: { chatId: chat.id } })) await navigate({ to: '/' })
    onDone()
    onClose()
  }
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('chats.removing.title', { title: chat.title ?? t('chats.untitled') })}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <Stack>
        <Text>{t('chats.removing.text')}</Text>
        {reason !== undefined && (
          <Text role="alert" size="sm" c="var(--page-wrong)">
            {t('chats.removeFailed', { reason })}
          </Text>
        )}
        <Group justify="flex-end">
          <Button variant="default" data-autofocus onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button color="red.8" loading={isBusy} onClick={() => void remove()}>
            {t('chats.removing.confirm')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
