/** A button that copies a text and says so. */
import { ActionIcon } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

type Props = { readonly label: string; readonly text: () => string }

export const CopyText = ({ label, text }: Props) => {
  const { t } = useTranslation()
  const clipboard = useClipboard({ timeout: 2000 })
  const failed = clipboard.error ? t('message.value.notCopied') : label
  const said = clipboard.copied ? t('message.value.copied') : failed
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="sm"
      aria-label={said}
      title={said}
      onClick={() => clipboard.copy(text())}
    >
      {clipboard.copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
    </ActionIcon>
  )
}
