/** One chat of the list. */
import { ActionIcon, Menu } from '@mantine/core'
import { IconDots, IconDownload, IconPencil, IconTrash } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { ChatSummary } from 'outlast/client'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ChatState, stateOf } from './chat-state.tsx'
import { exportChat } from './export-chat.ts'
import { RemoveDialog } from './remove-dialog.tsx'
import { RenameDialog } from './rename-dialog.tsx'
import { tellFailure } from '../lib/tell-failure.ts'
import classes from './chat-list.module.css'

type Props = { readonly chat: ChatSummary; readonly onChange: () => void }

export const ChatItem = ({ chat, onChange }: Props) => {
  const { t } = useTranslation()
  const [dialog, setDialog] = useState<'rename' | 'remove'>()
  const title = chat.title ?? t('chats.untitled')
  const close = () => setDialog(undefined)
  return (
    <li className={classes.item} data-unread={chat.unread || undefined}>
      <Link className={classes.link} to="/chats/$chatId" params={{ chatId: chat.id }} title={title}>
        <ChatState state={stateOf(chat)} />
        <span className={classes.title}>{title}</span>
      </Link>
      <Menu position="bottom-end" width={210}>
        <Menu.Target>
          <ActionIcon
            className={classes.actions}
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={t('chats.actions', { title })}
          >
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => setDialog('rename')}>
            {t('chats.rename')}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconDownload size={16} />}
            onClick={() =>
              tellFailure(exportChat(chat.id, title), (reason) =>
                t('chats.exportFailed', { reason }),
              )
            }
          >
            {t('chats.export')}
          </Menu.Item>
          <Menu.Item leftSection={<IconTrash size={16} />} onClick={() => setDialog('remove')}>
            {t('chats.remove')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog === 'rename' && <RenameDialog chat={chat} onDone={onChange} onClose={close} />}
      {dialog === 'remove' && <RemoveDialog chat={chat} onDone={onChange} onClose={close} />}
    </li>
  )
}
