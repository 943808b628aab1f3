/** Splits a message into words, quoted texts and marks; never throws, and keeps where each token stood. */

export type Token = {
  /** `mark` is punctuation around words; `break` is a new line or the bullet of a list. */
  kind: 'word' | 'quoted' | 'mark' | 'break'
  /** The word, the mark, or what stands between the quotes. */
  text: string
  /** In lower case with plain apostrophes; empty for quoted text, which is never part of the language. */
  lower: string
  start: number
  end: number
}

/** All tokens of a text, in order, without overlap. */
export const tokenize = (source: string): Token[] => {
  const tokens: Token[] = []
  let at = 0
  while (at < source.length) {
    const found = isSpace(source[at]!) ? readSpace(source, at) : readVisible(source, at)
    tokens.push(...found.tokens)
    at = found.end
  }
  return tokens
}

/** The source text from the first to the last of these tokens, quotes included. */
export const rawText = (source: string, tokens: readonly Token[]): string =>
  tokens.length === 0 ? '' : source.slice(tokens[0]!.start, tokens.at(-1)!.end)

type Found = { tokens: Token[]; end: number }

const isSpace = (character: string): boolean => /\s/.test(character)

const token = (kind: Token['kind'], text: string, start: number, end: number): Token => ({
  kind,
  text,
  lower: kind === 'quoted' ? '' : text.toLowerCase().replaceAll('’', "'"),
  start,
  end,
})

const readSpace = (source: string, start: number): Found => {
  let end = start
  while (end < source.length && isSpace(source[end]!)) end += 1
  const isLine = source.slice(start, end).includes('\n')
  return { tokens: isLine ? [token('break', '\n', start, end)] : [], end }
}

const readVisible = (source: string, start: number): Found => {
  const bullet = readBullet(source, start)
  if (bullet) return bullet
  const quoted = readQuoted(source, start)
  return quoted ? { tokens: [quoted], end: quoted.end } : readWord(source, start)
}

const isLineStart = (source: string, at: number): boolean =>
  source.slice(source.lastIndexOf('\n', at - 1) + 1, at).trim() === ''

/** `- `, `* `, `1. ` and `2) ` at the start of a line. */
const readBullet = (source: string, start: number): Found | undefined => {
  const bullet = /^(?:[-*•]|\d{1,3}[.)])(?=[ \t])/.exec(source.slice(start, start + 6))
  if (!bullet || !isLineStart(source, start)) return undefined
  const end = start + bullet[0].length
  return { tokens: [token('break', bullet[0], start, end)], end }
}

const closing = new Map([
  ['"', '"'],
  ['`', '`'],
  ['“', '”'],
  ['„', '“'],
  ['«', '»'],
  ['‘', '’'],
  ["'", "'"],
])

const MAX_QUOTED = 2_000

const readQuoted = (source: string, start: number): Token | undefined => {
  const open = source[start]!
  const close = closing.get(open)
  if (close === undefined) return undefined
  const end =
    close === "'" || close === '’'
      ? closeOfSingle(source, start, close)
      : source.indexOf(close, start + 1)
  if (end < 0 || end - start > MAX_QUOTED) return undefined
  return token('quoted', source.slice(start + 1, end), start, end + 1)
}

/** A single quote is also an apostrophe: it opens only before a word and closes only behind one. */
const closeOfSingle = (source: string, start: number, close: string): number => {
  if (start > 0 && !/[\s([{:,=]/.test(source[start - 1]!)) return -1
  const limit = Math.min(source.length, start + MAX_QUOTED)
  for (let at = start + 1; at < limit; at += 1) {
    if (source[at] === '\n') return -1
    if (source[at] === close && /^[\s.,;:!?)\]}]?$/.test(source[at + 1] ?? '')) return at
  }
  return -1
}

const pairs = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
  ['<', '>'],
])
const openings = new Map([...pairs].map(([open, close]) => [close, open]))
const trailing = '.,;:!?…)]}>'

const readWord = (source: string, start: number): Found => {
  let end = start + 1
  while (end < source.length && !isSpace(source[end]!) && !isQuoteInside(source, end)) end += 1
  let first = start
  let last = end
  while (first < last && isOpening(source.slice(first, end))) first += 1
  // Right behind a quote, `.` is a full stop and never the folder.
  const isAlone = start === 0 || isSpace(source[start - 1]!)
  while (last > first && isTrailing(source.slice(first, last), isAlone)) last -= 1
  const marks = (from: number, to: number): Token[] =>
    Array.from({ length: to - from }, (_, n) =>
      token('mark', source[from + n]!, from + n, from + n + 1),
    )
  const word = last > first ? [token('word', source.slice(first, last), first, last)] : []
  return { tokens: [...marks(start, first), ...word, ...marks(last, end)], end }
}

/** `for:"this"` is a word and a quoted text; an inch sign without its partner stays in its word. */
const isQuoteInside = (source: string, at: number): boolean =>
  '"`“«'.includes(source[at]!) && readQuoted(source, at) !== undefined

/** A bracket around words, not one of a name such as `[id].ts`. */
const isOpening = (word: string): boolean => {
  const close = pairs.get(word[0]!)
  if (close === undefined) return false
  const inside = word.indexOf(close)
  return inside < 0 || [...word.slice(inside)].every((character) => trailing.includes(character))
}

/** Punctuation that ends a sentence, not a name: `.` and `..` are folders, `a_(b)` keeps its bracket. */
const isTrailing = (word: string, isAlone: boolean): boolean => {
  const last = word.at(-1)!
  if (!trailing.includes(last)) return false
  if (/^\.{1,2}$/.test(word)) return !isAlone
  const pair = openings.get(last)
  if (pair !== undefined) return count(word, pair) < count(word, last)
  // `../..` ends in a folder; `docs..`, `docs/.` and `https://a.test/..` end in full stops.
  return !(word.endsWith('/..') || word.endsWith('\\..')) || word.includes('://')
}

const count = (word: string, character: string): number => {
  let found = 0
  for (let at = 0; at < word.length; at += 1) if (word[at] === character) found += 1
  return found
}
