/** Names that others chose, as one line that cannot look like another one. */

/** Directions and invisible characters: they make `gpj.exe` look like `exe.jpg`. */
const UNSEEN = /[\p{Cc}\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/gu
const MOST = 200

/** @example plainName('photo\u202Egpj.exe') // 'photo�gpj.exe' */
export const plainName = (name: unknown): string => {
  const text = String(name).slice(0, MOST + 1)
  return (text.length > MOST ? `${text.slice(0, MOST)}…` : text).replaceAll(UNSEEN, '\uFFFD')
}
