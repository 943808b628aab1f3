/** Which chat the page shows, and the chats that this browser has asked something in. */

export type RecentChat = { readonly id: string; readonly title: string }

const KEY = 'outlast.chats'
const MOST = 20

export const chatUrl = (id: string): string => `?chat=${encodeURIComponent(id)}`

export const newChatId = (): string => crypto.randomUUID()

/** The chat that the address names; without one, the last chat of this browser. The address then names it. */
export const openChat = (): string => {
  const named = new URLSearchParams(location.search).get('chat')
  if (named) return named
  const id = recentChats()[0]?.id ?? newChatId()
  history.replaceState(null, '', chatUrl(id))
  return id
}

/** Newest first. */
export const recentChats = (): RecentChat[] => {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]')
    return Array.isArray(stored) ? stored.filter(isRecentChat) : []
  } catch {
    // Storage may be switched off; the list is a convenience only.
    return []
  }
}

/** Puts the chat first; its title is what was asked first. */
export const rememberChat = (id: string, question: string): void => {
  const chats = recentChats()
  const known = chats.find((chat) => chat.id === id)
  const chat = known ?? { id, title: question.trim().replaceAll(/\s+/g, ' ').slice(0, 80) }
  const list = [chat, ...chats.filter((other) => other !== known)].slice(0, MOST)
  try {
    localStorage.setItem(KEY, JSON.stringify(list))
  } catch {
    // As above.
  }
}

const isRecentChat = (value: unknown): value is RecentChat =>
  typeof value === 'object' &&
  value !== null &&
  'id' in value &&
  typeof value.id === 'string' &&
  'title' in value &&
  typeof value.title === 'string'
