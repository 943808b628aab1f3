/** What was written and not sent, by chat: kept in this browser until it is sent or its owner signs out. */
import type { FileUIPart } from 'ai'

/** A file that the server has, ready to be a part of a message. */
export type DraftFile = FileUIPart & { readonly size: number }

export type Draft = {
  readonly text: string
  readonly files: readonly DraftFile[]
  /** Of a message that was sent and may have arrived: sent again as it is, it counts once. */
  readonly id?: string
}

export const EMPTY_DRAFT: Draft = { text: '', files: [] }

export const isEmpty = ({ text, files }: Draft): boolean => text.trim() === '' && files.length === 0

/** What begins with `outlast.` is forgotten when its owner signs out. */
const PREFIX = 'outlast.draft.'
const SENT_PREFIX = 'outlast.sent.'
/** The server removes a file that no message has used for a day. */
const FILES_LAST_MS = 20 * 3_600_000

type Kept = { readonly draft: Draft; readonly at: number }

export const readDraft = (chatId: string): Draft => readKept(PREFIX + chatId)

export const keepDraft = (chatId: string, draft: Draft): void => keep(PREFIX + chatId, draft)

/** What was sent and is not known to have arrived: the page may be left before that. */
export const readSent = (chatId: string): Draft => readKept(SENT_PREFIX + chatId)

export const keepSent = (chatId: string, draft: Draft): void => keep(SENT_PREFIX + chatId, draft)

const readKept = (key: string): Draft => {
  const kept = read(key)
  if (!kept) return EMPTY_DRAFT
  return Date.now() - kept.at < FILES_LAST_MS ? kept.draft : { ...kept.draft, files: [] }
}

const keep = (key: string, draft: Draft): void => {
  try {
    if (isEmpty(draft)) localStorage.removeItem(key)
    else localStorage.setItem(key, JSON.stringify({ draft, at: Date.now() }))
  } catch {
    // Storage may be full or switched off: the draft then lasts as long as the page.
  }
}

const read = (key: string): Kept | undefined => {
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? 'null') as Kept | null
    return typeof kept?.draft.text === 'string' && Array.isArray(kept.draft.files)
      ? kept
      : undefined
  } catch {
    // Written by something else, or storage is switched off.
    return undefined
  }
}
