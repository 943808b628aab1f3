/** Reads what is to be searched for and where, with the text in quotes or not, before or behind the place. */
import type { Command } from './command.ts'
import { ignoredWords, unknownIt } from './reading.ts'
import type { Clause, Reading } from './reading.ts'
import { findTargets, isFilling, isLocator, isPathLike } from './targets.ts'
import { rawText } from './tokens.ts'
import type { Token } from './tokens.ts'
import { asUrl } from './urls.ts'

type Parts = { queries: string[]; where: readonly Token[] }

export const readSearch = (clause: Clause): Reading => {
  const { mentioned, phrase } = clause
  const tokens = clause.tokens.filter((token) => !isFlag(token))
  if (phrase.startsWith('find') && isAboutFiles(tokens)) return listBelow(tokens, clause)
  const { queries, where } = quotedParts(tokens) ?? plainParts(tokens, clause)
  const wanted = queries.map((query) => query.trim()).filter((query) => query !== '')
  if (wanted.length === 0) {
    return {
      commands: [],
      problems: ['What should I search for? Say for example: search for "text" in docs.'],
    }
  }
  const targets = findTargets(where, mentioned)
  if (targets.isUnclear) return undefined
  if (targets.isUnknownIt) return unknownIt
  const paths = targets.paths.length === 0 ? ['.'] : targets.paths
  const url = paths.find((path) => asUrl(path) !== undefined)
  if (url !== undefined) {
    return { commands: [], problems: [`I can search in files and folders only, not in ${url}.`] }
  }
  return {
    commands: wanted.flatMap((query) =>
      paths.map((path): Command => ({
        verb: 'search',
        query: query.slice(0, 500).toWellFormed(),
        path,
      })),
    ),
    problems: ignoredWords(targets.ignored),
  }
}

const isFlag = (token: Token): boolean =>
  token.kind === 'word' && /^-{1,2}[a-z]+$/i.test(token.text)

/** `find all files in src` asks for names, not for a text. */
const isAboutFiles = (tokens: readonly Token[]): boolean => {
  const [first, second] = tokens.filter((token) => !/^(?:all|the|every|any|me)$/.test(token.lower))
  return first?.lower === 'files' && (second === undefined || isLocator(second))
}

const listBelow = (tokens: readonly Token[], { mentioned }: Clause): Reading => {
  const { paths, ignored, isUnclear } = findTargets(tokens, mentioned)
  if (isUnclear) return undefined
  const wanted = paths.length === 0 ? ['.'] : paths
  return {
    commands: wanted.map((path) => ({ verb: 'list', path, recursive: true })),
    problems: ignoredWords(ignored),
  }
}

/** Quoted texts are what is searched for, unless they stand where a place stands. */
const quotedParts = (tokens: readonly Token[]): Parts | undefined => {
  const first = tokens.findIndex((token, at) => token.kind === 'quoted' && !isPlace(tokens, at))
  if (first < 0) return undefined
  let next = first
  while (next < tokens.length && (tokens[next]!.kind === 'quoted' || isBetween(tokens, next)))
    next += 1
  const queries = tokens.slice(first, next).filter((token) => token.kind === 'quoted')
  return {
    queries: queries.map((token) => token.text),
    where: [
      ...tokens.slice(0, first).filter((token) => !isSearchFilling(token)),
      ...tokens.slice(next),
    ],
  }
}

const isBetween = (tokens: readonly Token[], at: number): boolean =>
  /^(?:and|or|&|,)$/.test(tokens[at]!.lower) &&
  (tokens[at + 1]?.kind === 'quoted' || /^(?:and|or|&|,)$/.test(tokens[at + 1]?.lower ?? ''))

/** True behind `in` and its like, with only filling between. */
const isPlace = (tokens: readonly Token[], at: number): boolean => {
  for (let before = at - 1; before >= 0; before -= 1) {
    const token = tokens[before]!
    if (isLocator(token) && !/^(?:of|on)$/.test(token.lower)) return true
    if (token.lower === 'for' || token.kind === 'quoted' || !isFilling(token)) return false
  }
  return false
}

/** Without quotes: `for X in Y`, `in Y for X`, `Y for X`, `X in Y`, and `grep X Y`. */
const plainParts = (tokens: readonly Token[], { phrase, source }: Clause): Parts => {
  const query = (part: readonly Token[]): string[] => [rawText(source, trimmed(part))]
  const forAt = tokens.findIndex((token) => token.lower === 'for')
  const isForLater = forAt > 0 && !phrase.endsWith(' for')
  if (isForLater) return { queries: query(tokens.slice(forAt + 1)), where: tokens.slice(0, forAt) }
  const inAt = placeStart(tokens)
  if (inAt > 0) return { queries: query(tokens.slice(0, inAt)), where: tokens.slice(inAt + 1) }
  const [first, second, ...more] = tokens.filter((token) => token.kind === 'word')
  const isShell = phrase === 'grep' || phrase === 'rg'
  if (
    isShell &&
    first &&
    second &&
    [second, ...more].every((token) => isPathLike(token) || more.length === 0)
  ) {
    return { queries: [first.text], where: [second, ...more] }
  }
  return { queries: query(tokens), where: [] }
}

/** The last `in`, or the first of a row: `in src and in docs`. */
const placeStart = (tokens: readonly Token[]): number => {
  const lastBefore = (end: number): number =>
    tokens.findLastIndex((token, at) => at > 0 && at < end && isPreposition(token))
  let at = lastBefore(tokens.length - 1)
  while (at > 1 && /^(?:and|or|,)$/.test(tokens[at - 1]!.lower) && lastBefore(at - 1) > 0) {
    at = lastBefore(at - 1)
  }
  return at
}

const isPreposition = (token: Token): boolean =>
  token.kind === 'word' && /^(?:in|inside|within|under|from|through|across)$/.test(token.lower)

const searchFilling = new Set(
  'for me all any every the a an word words text string phrase term occurrence occurrences mention mentions uses instances lines files file containing contain contains with mentioning that of where line and to'.split(
    ' ',
  ),
)

const isSearchFilling = (token: Token): boolean =>
  token.kind === 'mark' || searchFilling.has(token.lower)

/** Without filling before the text and without `is used` and the like behind it. */
const trimmed = (tokens: readonly Token[]): Token[] => {
  const start = tokens.findIndex((token) => !isSearchFilling(token))
  const rest = start < 0 ? [] : tokens.slice(start)
  const end = rest.findLastIndex(
    (token, at) =>
      at === 0 ||
      !(
        token.kind === 'mark' ||
        /^(?:is|are|used|defined|mentioned|located|occurs?)$/.test(token.lower)
      ),
  )
  return rest.slice(0, end + 1)
}
