/** A message of the user while it is edited, in its place. */
import { Button, Group, Text, Textarea } from '@mantine/core'
import type { KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { isSendKey } from './send-key.ts'
import type { Edit } from './use-turns.ts'
import classes from './message-row.module.css'

type Props = {
  readonly edit: Edit
  readonly isLast: boolean
  readonly isBusy: boolean
  readonly onChange: (text: string) => void
  readonly onSave: (edit: Edit) => void
  readonly onClose: () => void
}

export const EditMessage = ({ edit, isLast, isBusy, onChange, onSave, onClose }: Props) => {
  const { t } = useTranslation()
  const { text } = edit
  const hasFiles = edit.files.length > 0
  const canSave = !isBusy && (hasFiles || text.trim() !== '')
  const save = () => {
    if (canSave) onSave(edit)
  }
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === 'Escape') {
      // It leaves the edit and nothing else.
      event.stopPropagation()
      onClose()
    } else if (isSendKey(event)) {
      event.preventDefault()
      save()
    }
  }
  return (
    <form
      className={classes.edit}
      onSubmit={(event) => {
        event.preventDefault()
        save()
      }}
    >
      <Textarea
        label={t('chat.editing.label')}
        autoFocus
        autosize
        minRows={1}
        maxRows={14}
        value={text}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
        onFocus={({ currentTarget }) => currentTarget.setSelectionRange(text.length, text.length)}
        onKeyDown={onKeyDown}
      />
      <Group justify="space-between" mt="xs" mb="xs">
        <Text size="xs" c="dimmed">
          {t(isLast ? 'chat.editing.last' : 'chat.editing.earlier')}
          {hasFiles && ` ${t('chat.editing.files')}`}
        </Text>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={onClose}>
            {t('chat.editing.cancel')}
          </Button>
          <Button size="xs" type="submit" disabled={!canSave}>
            {t('chat.editing.save')}
          </Button>
        </Group>
      </Group>
    </form>
  )
}
