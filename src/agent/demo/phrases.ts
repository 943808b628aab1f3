/** Finds fixed phrases at a place in a list of tokens; the longest one wins. */
import type { Token } from './tokens.ts'

export type PhraseTable<T> = ReadonlyMap<string, readonly { words: readonly string[]; value: T }[]>

export type PhraseMatch<T> = { value: T; phrase: string; next: number }

/** Groups phrases, given as lists with commas, by their first word; the longest come first. */
export const phraseTable = <T extends string>(
  entries: Readonly<Record<T, string>>,
): PhraseTable<T> => {
  const table = new Map<string, { words: readonly string[]; value: T }[]>()
  for (const [value, phrases] of Object.entries<string>(entries)) {
    for (const phrase of phrases.split(',')) {
      const words = phrase.trim().split(/\s+/)
      const sameStart = table.get(words[0]!) ?? []
      table.set(words[0]!, [...sameStart, { words, value: value as T }])
    }
  }
  for (const group of table.values()) group.sort((a, b) => b.words.length - a.words.length)
  return table
}

/** The phrase that begins at a token. Quoted text is never part of one. */
export const phraseAt = <T>(
  table: PhraseTable<T>,
  tokens: readonly Token[],
  at: number,
): PhraseMatch<T> | undefined => {
  const first = tokens[at]
  if (first?.kind !== 'word') return undefined
  const found = table
    .get(first.lower)
    ?.find(({ words }) =>
      words.every((word, n) => tokens[at + n]?.kind === 'word' && tokens[at + n]?.lower === word),
    )
  return (
    found && { value: found.value, phrase: found.words.join(' '), next: at + found.words.length }
  )
}
