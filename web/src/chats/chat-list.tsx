/** The chats of the person, each with its state as it is now. */
import { Button, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconPlus, IconSearch } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useChats } from 'outlast/react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ChatItem } from './chat-item.tsx'
import classes from './chat-list.module.css'

const SEARCH_DELAY_MS = 200

export const ChatList = () => {
  const { t } = useTranslation()
  const [words, setWords] = useState('')
  const [query] = useDebouncedValue(words.trim(), SEARCH_DELAY_MS)
  const { items, isLoading, error, hasMore, loadMore, reload } = useChats({ query })
  // Another search is another list: until it is there, the former one is shown.
  const [former, setFormer] = useState(items)
  if (!isLoading && former !== items) setFormer(items)
  const shown = isLoading && items.length === 0 ? former : items
  return (
    <>
      <div className={classes.head}>
        <Button component={Link} to="/" leftSection={<IconPlus size={16} />} fullWidth>
          {t('chats.new')}
        </Button>
        <TextInput
          type="search"
          size="sm"
          leftSection={<IconSearch size={15} />}
          placeholder={t('chats.search')}
          aria-label={t('chats.search')}
          value={words}
          onChange={({ currentTarget }) => setWords(currentTarget.value)}
        />
      </div>
      <ul className={classes.list} aria-label={t('chats.title')} aria-busy={isLoading}>
        {shown.map((chat) => (
          <ChatItem key={chat.id} chat={chat} onChange={reload} />
        ))}
        {shown.length === 0 && !isLoading && !error && (
          <li>
            <Text size="sm" c="dimmed" p="xs">
              {query ? t('chats.noneFound') : t('chats.none')}
            </Text>
          </li>
        )}
        {error && (
          <li>
            <Text size="sm" p="xs">
              {t('chats.failed', { reason: error.message })}
            </Text>
            <Button variant="subtle" size="xs" onClick={reload}>
              {t('common.retry')}
            </Button>
          </li>
        )}
        {hasMore && (
          <li>
            <Button variant="subtle" size="xs" fullWidth onClick={loadMore}>
              {t('chats.more')}
            </Button>
          </li>
        )}
      </ul>
    </>
  )
}
