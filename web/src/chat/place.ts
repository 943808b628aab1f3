/** Where somebody was in a chat, for a reload: the message at the top of what they saw. */

export type Place = {
  readonly messageId: string
  /** Pixels of it that were above the top. */
  readonly offset: number
  /** How many messages followed it: so many have to be loaded to come back. */
  readonly following: number
}

const PREFIX = 'outlast.place.'

export const readPlace = (chatId: string): Place | undefined => {
  try {
    const place = JSON.parse(sessionStorage.getItem(PREFIX + chatId) ?? 'null') as Place | null
    return typeof place?.messageId === 'string' ? place : undefined
  } catch {
    // Storage is switched off: the chat opens at its end.
    return undefined
  }
}

/** Undefined: at the end. */
export const keepPlace = (chatId: string, place: Place | undefined): void => {
  try {
    if (place) sessionStorage.setItem(PREFIX + chatId, JSON.stringify(place))
    else sessionStorage.removeItem(PREFIX + chatId)
  } catch {
    // As above.
  }
}

const PAGE_SIZE = 60
const MOST = 1000

/** So many messages are loaded at a time that whoever comes back finds their place. */
export const pageSizeOf = (chatId: string): number =>
  Math.min(MOST, Math.max(PAGE_SIZE, (readPlace(chatId)?.following ?? 0) + PAGE_SIZE / 2))
