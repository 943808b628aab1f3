/** Everything by keyboard: one box that finds chats and pages. */
import { useHotkeys } from '@mantine/hooks'
import { Spotlight, spotlight } from '@mantine/spotlight'
import { IconChartBar, IconMessage, IconPlus, IconTimelineEvent } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { newChatId } from '../chats/new-chat.tsx'
import { useNewestChats } from '../chats/newest-chats.tsx'

export const Commands = () => {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const [query, setQuery] = useState('')
  const items = useNewestChats()
  const begin = () => navigate({ to: '/chats/$chatId', params: { chatId: newChatId() } })
  useHotkeys([['alt+N', () => void begin()]], [])
  return (
    <Spotlight
      query={query}
      onQueryChange={setQuery}
      shortcut={['mod + K']}
      highlightQuery
      limit={12}
      scrollable
      maxHeight={420}
      searchProps={{ placeholder: t('common.keys.commands'), 'aria-label': t('common.commands') }}
      actions={[
        {
          id: 'new',
          label: t('chats.new'),
          leftSection: <IconPlus size={18} />,
          onClick: () => void begin(),
        },
        {
          id: 'runs',
          label: t('common.runs'),
          leftSection: <IconTimelineEvent size={18} />,
          onClick: () => void navigate({ to: '/runs' }),
        },
        {
          id: 'overview',
          label: t('common.overview'),
          leftSection: <IconChartBar size={18} />,
          onClick: () => void navigate({ to: '/overview' }),
        },
        ...items.map(({ id, title }) => ({
          id,
          label: title ?? t('chats.untitled'),
          leftSection: <IconMessage size={18} />,
          onClick: () => void navigate({ to: '/chats/$chatId', params: { chatId: id } }),
        })),
      ]}
    />
  )
}

export { spotlight as commands }
