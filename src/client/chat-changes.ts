/** What becomes of a list of chats by what the feed tells of them: most of it needs no look at the server. */
import { isSettled } from '../domain/run.ts'
import type { UIMessage } from 'ai'
import type { OutlastClient } from './client.ts'
import type { StateNews } from './feed/feed.ts'
import type { ListChange, ListState } from './live-list.ts'
import type { ChatSummary } from './types.ts'

type Chats = readonly ChatSummary[]

/**
 * @param query - the words that the list is of
 * @returns a function that ends it
 */
export const watchChats = (
  { feed, connection }: Pick<OutlastClient<UIMessage>, 'feed' | 'connection'>,
  query: string | undefined,
  listener: (change: ListChange<ChatSummary>) => void,
): (() => void) => {
  let isMissing = false
  const forget = connection.subscribe(() => {
    isMissing ||= connection.get() === 'reconnecting' || connection.get() === 'offline'
  })
  const unlisten = feed.states((news) => {
    const isSnapshot = news.type === 'states'
    listener(isSnapshot && isMissing ? () => undefined : (list) => afterNews(list, news, query))
    if (isSnapshot) isMissing = false
  })
  return () => {
    forget()
    unlisten()
  }
}

/** The same array where nothing changes; undefined where only the server knows. */
export const afterNews = (
  { items, hasMore }: Pick<ListState<ChatSummary>, 'items' | 'hasMore'>,
  news: StateNews,
  query: string | undefined,
): Chats | undefined => {
  switch (news.type) {
    case 'state':
      return placed(items, news.chat, { hasMore, query })
    case 'removed':
      return items.some(({ id }) => id === news.chatId)
        ? items.filter(({ id }) => id !== news.chatId)
        : items
    case 'states': {
      const told = new Set(news.chats.map(({ id }) => id))
      // Whatever is active or unread would have been told.
      if (items.slice(0, TOLD).some((chat) => isOfNote(chat) && !told.has(chat.id)))
        return undefined
      return news.chats.reduce<Chats | undefined>(
        (chats, chat) => chats && placed(chats, chat, { hasMore, query }),
        items,
      )
    }
    default:
      return news satisfies never
  }
}

/** Of how many chats a feed tells at its beginning. */
const TOLD = 100

type ListOf = { readonly hasMore: boolean; readonly query: string | undefined }

const placed = (items: Chats, chat: ChatSummary, { hasMore, query }: ListOf): Chats | undefined => {
  const known = items.find(({ id }) => id === chat.id)
  // Which titles have the words is for the server to say.
  if (query && known?.title !== chat.title) return undefined
  if (known?.updatedAt === chat.updatedAt)
    return isEqual(known, chat) ? items : items.map((one) => (one === known ? chat : one))
  const others = items.filter((one) => one !== known)
  const place = others.findIndex(({ updatedAt }) => updatedAt < chat.updatedAt)
  if (place >= 0) return [...others.slice(0, place), chat, ...others.slice(place)]
  // Behind all that is here: on a page that nobody has asked for.
  return hasMore ? others : [...others, chat]
}

const isOfNote = ({ latestRun, unread }: ChatSummary): boolean =>
  unread || (latestRun !== null && !isSettled(latestRun.status))

const isEqual = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other)
