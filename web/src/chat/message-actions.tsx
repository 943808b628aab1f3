/** What one can do with a message. */
import { ActionIcon, Button, Menu, Popover, Stack, Text } from '@mantine/core'
import {
  IconAlignLeft,
  IconCheck,
  IconCopy,
  IconDots,
  IconPencil,
  IconRefresh,
  IconTimeline,
} from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { OutlastMessage } from 'outlast/client'
import { useRef, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { copyText, shownTextOf, useCopied } from './copy.ts'
import { textOf } from './message-parts.ts'
import type { RowActions } from './message-row.tsx'
import classes from './message-row.module.css'

type Props = {
  readonly message: OutlastMessage
  readonly hasFailed: boolean
  readonly isLast: boolean
  readonly isBusy: boolean
  readonly actions: RowActions
}

export const MessageActions = ({ message, hasFailed, isLast, isBusy, actions }: Props) => {
  const { t } = useTranslation()
  const row = useRef<HTMLDivElement>(null)
  const { isCopied, copy } = useCopied()
  const isAnswer = message.role === 'assistant'
  const runId = message.metadata?.runId
  const text = textOf(message)
  return (
    <div
      ref={row}
      className={classes.actions}
      role="group"
      aria-label={t('chat.actions.group')}
      data-shown={isLast || undefined}
    >
      {isAnswer && isLast && hasFailed && (
        <Button
          size="compact-sm"
          variant="light"
          leftSection={<IconRefresh size={15} />}
          disabled={isBusy}
          onClick={() => actions.answerAgain(message.id)}
        >
          {t('chat.actions.retry')}
        </Button>
      )}
      {text !== '' && (
        <Action
          label={t(isCopied ? 'chat.actions.copied' : 'chat.actions.copy')}
          onClick={() => copy(text)}
        >
          {isCopied ? <IconCheck size={16} /> : <IconCopy size={16} />}
        </Action>
      )}
      {!isAnswer && (
        <Action
          label={t(isBusy ? 'chat.actions.busy' : 'chat.actions.edit')}
          isDisabled={isBusy}
          onClick={() => actions.beginEdit(message)}
        >
          <IconPencil size={16} />
        </Action>
      )}
      {isAnswer && !(isLast && hasFailed) && (
        <AnswerAgain
          isLast={isLast}
          isBusy={isBusy}
          onConfirm={() => actions.answerAgain(message.id)}
        />
      )}
      {isAnswer && runId !== undefined && (
        <ActionIcon
          renderRoot={(root) => <Link {...root} to="/runs/$runId" params={{ runId }} />}
          variant="subtle"
          color="gray"
          aria-label={t('chat.actions.inspect')}
          title={t('chat.actions.inspect')}
        >
          <IconTimeline size={16} />
        </ActionIcon>
      )}
      {isAnswer && text !== '' && (
        <Menu position="bottom-start">
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={t('chat.actions.more')}>
              <IconDots size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item
              leftSection={<IconAlignLeft size={16} />}
              onClick={() => copyText(shownTextOf(row.current?.closest('article')))}
            >
              {t('chat.actions.copyText')}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
    </div>
  )
}

type ActionProps = {
  readonly label: string
  readonly isDisabled?: boolean
  readonly onClick: () => void
  readonly children: ReactNode
}

const Action = ({ label, isDisabled = false, onClick, children }: ActionProps) => (
  <ActionIcon
    variant="subtle"
    color="gray"
    aria-label={label}
    title={label}
    disabled={isDisabled}
    onClick={onClick}
  >
    {children}
  </ActionIcon>
)

type AnswerAgainProps = {
  readonly isLast: boolean
  readonly isBusy: boolean
  readonly onConfirm: () => void
}

/** Asks first where more than the answer itself makes way. */
const AnswerAgain = ({ isLast, isBusy, onConfirm }: AnswerAgainProps) => {
  const { t } = useTranslation()
  const [isOpen, setIsOpen] = useState(false)
  const confirm = () => {
    setIsOpen(false)
    onConfirm()
  }
  return (
    <Popover opened={isOpen} onChange={setIsOpen} trapFocus width={260} shadow="md">
      <Popover.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={t('chat.actions.regenerate')}
          title={t(isBusy ? 'chat.actions.busy' : 'chat.actions.regenerate')}
          disabled={isBusy}
          onClick={() => (isLast ? confirm() : setIsOpen(true))}
        >
          <IconRefresh size={16} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs" align="flex-start">
          <Text size="sm">{t('chat.actions.regenerating.text')}</Text>
          <Button size="xs" data-autofocus onClick={confirm}>
            {t('chat.actions.regenerating.confirm')}
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}
