/** The name that a chat has until somebody gives it one: what its first message says, without the markup around it. */
import { textOf, type MessagePart } from './message.ts'
import { cleanText } from './text.ts'

export const MAX_TITLE_LENGTH = 200
const AUTOMATIC_LENGTH = 80

/** @returns null when the message has neither words nor the name of a file */
export const titleOf = (parts: readonly MessagePart[]): string | null => {
  const text = textOf(parts)
  return shorten(oneLine(plainText(text))) || shorten(oneLine(text)) || fileName(parts)
}

/** One line without what a terminal or a page would take for an instruction, such as to write from right to left. */
export const oneLine = (text: string): string =>
  cleanText(text)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replace(/[\u200E\u200F\u202A-\u202E\u2066-\u2069]/g, '')
    .trim()

const plainText = (text: string): string =>
  text
    // A long message says what it is about at its beginning.
    .slice(0, 10_000)
    .replace(/(```|~~~)[^]*?(\1|$)/g, ' ')
    .replace(/!?\[([^\][]*)\]\([^()]*\)/g, '$1')
    .replace(/<\/?[a-z][^<>]*>/gi, ' ')
    .replace(/^[ \t]*(#{1,6}|>+|[-*+]|\d{1,9}[.)])[ \t]+/gm, '')
    .replace(/^[ \t]*([-*_][ \t]*){3,}$/gm, '')
    .replace(/(\*\*|__|~~|`+)([^]*?)\1/g, '$2')
    .replace(/(^|\W)[*_](\S[^*_\n]*)[*_](?=\W|$)/g, '$1$2')

/** Ends between words where there are any. */
const shorten = (line: string): string => {
  const letters = Array.from(line)
  if (letters.length <= AUTOMATIC_LENGTH) return line
  const head = letters.slice(0, AUTOMATIC_LENGTH - 1).join('')
  const cut = letters[AUTOMATIC_LENGTH - 1] === ' ' ? head.length : head.lastIndexOf(' ')
  return `${(cut > head.length / 2 ? head.slice(0, cut) : head).replace(/[\s,;:.\-–—]+$/, '')}…`
}

const fileName = (parts: readonly MessagePart[]): string | null => {
  const named = parts.find(({ type, filename }) => type === 'file' && typeof filename === 'string')
  return (named && shorten(oneLine(String(named['filename'])))) || null
}
