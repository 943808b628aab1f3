/** Where one writes what is to be found in a chat. */
import { ActionIcon, CloseButton, Loader, TextInput } from '@mantine/core'
import { IconChevronDown, IconChevronUp } from '@tabler/icons-react'
import type { KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { Find } from './use-find.ts'
import classes from './thread.module.css'

type Props = {
  readonly find: Find
  readonly onClose: () => void
}

export const FindBar = ({ find, onClose }: Props) => {
  const { t } = useTranslation()
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.stopPropagation()
      onClose()
    } else if (event.key === 'Enter') {
      event.preventDefault()
      if (event.shiftKey) find.newer()
      else find.older()
    }
  }
  const { count, place, isAsked, isSearching } = find
  const isNowhere = isAsked && !isSearching && count === 0
  return (
    <search className={classes.find}>
      <TextInput
        size="xs"
        autoFocus
        aria-label={t('chat.finding.label')}
        placeholder={t('chat.finding.label')}
        value={find.query}
        onChange={({ currentTarget }) => find.ask(currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <span className={classes.place} role="status">
        {count > 0 && t('chat.finding.place', { place: place + 1, count })}
        {isNowhere && t('chat.finding.none')}
        {isSearching && <Loader size={12} aria-label={t('chat.finding.searching')} />}
      </span>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={t('chat.finding.older')}
        disabled={count < 2}
        onClick={find.older}
      >
        <IconChevronUp size={16} />
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={t('chat.finding.newer')}
        disabled={count < 2}
        onClick={find.newer}
      >
        <IconChevronDown size={16} />
      </ActionIcon>
      <CloseButton size="sm" aria-label={t('chat.finding.close')} onClick={onClose} />
    </search>
  )
}
