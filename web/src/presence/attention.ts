/** Which chats ask for a person: their run waits for somebody, or has ended and nobody has seen it. */
import type { ChatSummary, StateNews } from 'outlast/client'

/** By id: chats that are active or unread, as they are now; undefined until the server has told of them. */
export type KnownChats = ReadonlyMap<string, ChatSummary> | undefined

export const needsPerson = ({ latestRun, unread }: ChatSummary): boolean =>
  latestRun?.status === 'waiting' ||
  (unread && (latestRun?.status === 'succeeded' || latestRun?.status === 'failed'))

/** `arisen`: those that ask for a person since these news. What was so when the page was opened is none. */
export const afterNews = (
  known: KnownChats,
  news: StateNews,
): { readonly known: KnownChats; readonly arisen: readonly ChatSummary[] } => {
  switch (news.type) {
    case 'states': {
      const chats = new Map(news.chats.map((chat) => [chat.id, chat]))
      const arisen = known ? news.chats.filter((chat) => isNew(known, chat)) : []
      return { known: chats, arisen }
    }
    case 'state': {
      const arisen = isNew(known ?? new Map(), news.chat) ? [news.chat] : []
      return { known: new Map(known).set(news.chat.id, news.chat), arisen }
    }
    case 'removed': {
      const chats = new Map(known)
      return { known: chats.delete(news.chatId) ? chats : known, arisen: [] }
    }
    default:
      return news satisfies never
  }
}

const isNew = (known: NonNullable<KnownChats>, chat: ChatSummary): boolean => {
  if (!needsPerson(chat)) return false
  const before = known.get(chat.id)
  if (!before || !needsPerson(before)) return true
  const { latestRun } = before
  return latestRun?.id !== chat.latestRun?.id || latestRun?.status !== chat.latestRun?.status
}
