/** When a list of runs has to be looked at again: not for each word that the feed says of their chats. */
import type { UIMessage } from 'ai'
import { isSettled } from '../domain/run.ts'
import type { OutlastClient } from './client.ts'
import type { StateNews } from './feed/feed.ts'
import type { ListChange } from './live-list.ts'
import type { ChatSummary, RunDetails } from './types.ts'

/** @returns a function that ends it */
export const watchRuns = (
  { feed, connection }: Pick<OutlastClient<UIMessage>, 'feed' | 'connection'>,
  listener: (change: ListChange<RunDetails>) => void,
): (() => void) => {
  /** What was told last of each chat. */
  const told = new Map<string, ChatSummary>()
  // Whatever began and was seen while nobody told us is in no snapshot.
  let isMissing = false
  const forget = connection.subscribe(() => {
    isMissing ||= connection.get() === 'reconnecting' || connection.get() === 'offline'
  })
  const unlisten = feed.states((news) => {
    const change = changeOf(told, news)
    if (news.type === 'removed') told.delete(news.chatId)
    else if (news.type === 'state') told.set(news.chat.id, news.chat)
    else {
      told.clear()
      for (const chat of news.chats) told.set(chat.id, chat)
    }
    listener(news.type === 'states' && isMissing ? () => undefined : change)
    if (news.type === 'states') isMissing = false
  })
  return () => {
    forget()
    unlisten()
  }
}

const changeOf = (
  told: ReadonlyMap<string, ChatSummary>,
  news: StateNews,
): ListChange<RunDetails> => {
  if (news.type === 'removed') return () => undefined
  if (news.type === 'state') {
    const { chat } = news
    const before = told.get(chat.id)
    // What is told without any difference here is that the run was asked to stop.
    const isOfChat = before?.unread !== chat.unread || before.title !== chat.title
    return ({ items }) => (hasSameRun(before, chat) && isOfChat ? titled(items, [chat]) : undefined)
  }
  const known = new Set(news.chats.map(({ id }) => id))
  const isSilent = [...told.values()].some(({ id, latestRun }) => {
    return !known.has(id) && latestRun !== null && !isSettled(latestRun.status)
  })
  const others = news.chats.filter((chat) => !hasSameRun(told.get(chat.id), chat))
  return ({ items }) =>
    !isSilent && others.every(isIn(items)) ? titled(items, news.chats) : undefined
}

const hasSameRun = (before: ChatSummary | undefined, { latestRun }: ChatSummary): boolean =>
  before?.latestRun?.id === latestRun?.id && before?.latestRun?.status === latestRun?.status

const isIn =
  (items: readonly RunDetails[]) =>
  ({ latestRun }: ChatSummary): boolean =>
    items.some(({ id, status }) => id === latestRun?.id && status === latestRun.status)

/** With the titles that these chats have now; the same array where they have them. */
const titled = (
  items: readonly RunDetails[],
  chats: readonly ChatSummary[],
): readonly RunDetails[] => {
  const titles = new Map(chats.map(({ id, title }) => [id, title]))
  const isAsTold = ({ chatId, chatTitle }: RunDetails) =>
    !titles.has(chatId) || titles.get(chatId) === chatTitle
  if (items.every(isAsTold)) return items
  return items.map((run) =>
    isAsTold(run) ? run : { ...run, chatTitle: titles.get(run.chatId) ?? null },
  )
}
