/** Gives a chat another title, or the one of its first message again. */
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import type { ChatSummary } from 'outlast/client'
import { useState, type SubmitEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../client.ts'

const MAX_TITLE_LENGTH = 200

type Props = {
  readonly chat: ChatSummary
  readonly onDone: () => void
  readonly onClose: () => void
}

export const RenameDialog = ({ chat, onDone, onClose }: Props) => {
  const { t } = useTranslation()
  const [title, setTitle] = useState(chat.title ?? '')
  const [reason, setReason] = useState<string>()
  const save = (name: string | null) => {
    setReason(undefined)
    client.chats.rename(chat.id, name).then(
      () => {
        onDone()
        onClose()
      },
      (error: Error) => setReason(error.message),
    )
  }
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    save(title.trim() || null)
  }
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('chats.renaming.title')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            data-autofocus
            label={t('chats.renaming.label')}
            value={title}
            maxLength={MAX_TITLE_LENGTH}
            onChange={({ currentTarget }) => setTitle(currentTarget.value)}
          />
          {reason !== undefined && (
            <Text role="alert" size="sm" c="var(--page-wrong)">
              {t('chats.renameFailed', { reason })}
            </Text>
          )}
          <Group justify="space-between">
            <Button variant="subtle" onClick={() => save(null)}>
              {t('chats.renaming.auto')}
            </Button>
            <Button type="submit">{t('chats.renaming.save')}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
