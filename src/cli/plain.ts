/** Text that others wrote, as a terminal may be given it: it can neither move, hide, colour nor reorder what stands around it. */
import { stripVTControlCharacters } from 'node:util'

/** C0 but tab and line feed, DEL, C1, line separators, and what overrides the direction of text. */
const UNSAFE =
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** Keeps its lines. */
export const plain = (text: string): string =>
  stripVTControlCharacters(text).replaceAll('\r\n', '\n').replace(UNSAFE, '')

/** On one line. */
export const plainLine = (text: string): string => plain(text).replace(/\s+/g, ' ').trim()

/** JSON without any of these characters: as escapes they harm nobody and are not lost. */
export const safeJson = (value: unknown, indent?: number): string =>
  (JSON.stringify(value, undefined, indent) ?? 'null').replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
