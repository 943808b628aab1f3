/** Files of chats: small ones stand in their part, large ones are kept once and named by a url. */

/** A file of more bytes is kept beside the messages. */
export const INLINE_FILE_BYTES = 65_536

/** Where a client fetches a kept file, and how every part that holds one names it. */
const FILES_PATH = '/ai-chat/files/'

export type NewFile = {
  readonly mediaType: string
  readonly filename?: string | undefined
  /** Bytes, or base64. */
  readonly content: Uint8Array | string
}

export type FileRecord = {
  readonly id: string
  readonly mediaType: string
  readonly filename: string | null
  readonly size: number
  /** Hexadecimal. */
  readonly sha256: string
}

export const fileUrl = (id: string): string => FILES_PATH + id

const FILE_URL = /^\/ai-chat\/files\/([0-9a-f-]{36})$/

/** The id of the kept file that a url names; undefined for every other url. */
export const fileIdOf = (url: string): string | undefined => FILE_URL.exec(url)?.[1]

/** How many bytes a base64 text stands for. */
export const base64Bytes = (base64: string): number => {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0
  return Math.floor((base64.length * 3) / 4) - padding
}

/** The base64 content of a `data:` URL. */
export const dataUrlContent = (url: string): string => url.slice(url.indexOf(',') + 1)
