/** The tab as one sees it among others: how many other chats ask for a person, and what the open one is doing. */
import { useDocumentVisibility } from '@mantine/hooks'
import { useParams, useRouterState } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { stateOf } from '../chats/chat-state.tsx'
import { useNewestChats } from '../chats/newest-chats.tsx'
import icon from '../icon.svg'
import { needsPerson, type KnownChats } from './attention.ts'
import badge from './icon-badge.svg'

export const TabSign = ({ known }: { readonly known: KnownChats }) => {
  const { chatId } = useParams({ strict: false })
  const isLookedAt = useDocumentVisibility() === 'visible'
  const title = useTitle(known, chatId)
  const count = countOf(known, isLookedAt ? chatId : undefined)
  const isAsking = count > 0
  useEffect(() => {
    const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
    if (!link || !isAsking) return undefined
    link.href = badge
    return () => void (link.href = icon)
  }, [isAsking])
  useEffect(() => {
    document.title = count > 0 ? `(${count}) ${title}` : title
  }, [count, title])
  return null
}

const countOf = (known: KnownChats, lookedAt: string | undefined): number =>
  [...(known?.values() ?? [])].filter((chat) => needsPerson(chat) && chat.id !== lookedAt).length

const useTitle = (known: KnownChats, chatId: string | undefined): string => {
  const { t } = useTranslation()
  const [, page] = useRouterState({ select: ({ location }) => location.pathname }).split('/')
  const newest = useNewestChats()
  const chat = newest.find(({ id }) => id === chatId)
  const product = t('common.product')
  if (page === 'runs' || page === 'overview') return `${t(`common.${page}`)} – ${product}`
  if (chatId === undefined || !chat?.title) return product
  const state = stateOf(known?.get(chatId) ?? chat)
  const sign = state === undefined ? '' : `${t(`presence.signs.${state}`)} `
  return `${sign}${chat.title} – ${product}`
}
