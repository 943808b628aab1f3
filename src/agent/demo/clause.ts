/** Reads one clause of the language: the words behind a verb become commands, or a sentence why not. */
import { isArithmetic } from '../tools/expression.ts'
import type { Command } from './command.ts'
import { readCount } from './clause-count.ts'
import { readSearch } from './clause-search.ts'
import { readSay, readWrite } from './clause-text.ts'
import { durationOf } from './numbers.ts'
import { findTargets, isPathLike, isRecursive } from './targets.ts'
import { ignoredWords, unknownIt } from './reading.ts'
import type { Clause, Reading } from './reading.ts'
import { rawText } from './tokens.ts'
import type { Token } from './tokens.ts'
import { asUrl } from './urls.ts'

export const readClause = (clause: Clause): Reading => {
  switch (clause.verb) {
    case 'list':
      return readList(clause)
    case 'read':
    case 'show':
      return readShow(clause)
    case 'search':
      return readSearch(clause)
    case 'count':
      return readCount(clause)
    case 'fetch':
      return readFetch(clause)
    case 'wait':
      return readWait(clause)
    case 'calculate':
    case 'ask':
      return readCalculate(clause)
    case 'say':
      return readSay(clause)
    case 'write':
      return readWrite(clause)
    case 'help':
    case 'thank':
      return clause.tokens.length > 4
        ? undefined
        : { commands: [{ verb: clause.verb }], problems: [] }
    default:
      return clause.verb satisfies never
  }
}

/** A clause without a verb that still can mean one thing only: a sum, a URL or a file. */
export const readBare = ({
  tokens,
  source,
  mentioned,
}: Omit<Clause, 'verb' | 'phrase'>): Reading => {
  const named = tokens.filter((token) => token.kind !== 'mark')
  const [only] = named
  if (only === undefined) return undefined
  const raw = rawText(source, tokens)
  const expression = raw.replace(/[\s=?]+$/, '')
  if (/\d/.test(expression) && isArithmetic(expression)) {
    return { commands: [{ verb: 'calculate', expression }], problems: [] }
  }
  if (named.length > 1 || only.kind === 'quoted' || !isPathLike(only)) return undefined
  if (/^\.+$/.test(only.text)) return undefined
  return readShow({ verb: 'read', phrase: '', tokens: named, source, mentioned })
}

const readList = ({ tokens, mentioned, phrase }: Clause): Reading => {
  // `all .ts files` names a kind of file, and the tool lists all kinds.
  const kinds = tokens.filter(
    ({ text }, at) => /^\*?\.\w+$/.test(text) && /^files?$/.test(tokens[at + 1]?.lower ?? ''),
  )
  const rest = tokens.filter((token) => !kinds.includes(token))
  const { paths, ignored, isUnclear } = findTargets(rest, mentioned)
  if (isUnclear) return undefined
  const recursive = phrase === 'tree' || isRecursive(tokens)
  const wanted = paths.length === 0 ? ['.'] : paths
  const urls = wanted.filter((path) => asUrl(path) !== undefined)
  if (urls.length > 0) return { commands: [], problems: [`I can list folders, not ${urls[0]}.`] }
  const unused = [...kinds.map(({ text }) => text), ...ignored]
  return {
    commands: wanted.map((path) => ({ verb: 'list', path, recursive })),
    problems: ignoredWords(unused.filter((word) => !isRecursiveWord(word))),
  }
}

const isRecursiveWord = (word: string): boolean =>
  /^(?:recursive|recursively|subfolders)$/.test(word)

const readShow = (clause: Clause): Reading => {
  const { tokens, mentioned, verb, phrase, source } = clause
  const raw = rawText(source, tokens).replace(/[\s=?]+$/, '')
  if (phrase === 'what does' && isArithmetic(raw)) return readCalculate({ ...clause, verb: 'ask' })
  if (phrase === 'print' && tokens.length === 1 && tokens[0]!.kind === 'quoted')
    return readSay(clause)
  const { paths, ignored, isUnclear, isUnknownIt } = findTargets(tokens, mentioned)
  if (isUnclear) return undefined
  if (isUnknownIt) return unknownIt
  const asksForFolder = verb === 'show' && tokens.some(({ lower }) => folderWords.has(lower))
  if (asksForFolder && !paths.some((path) => asUrl(path) !== undefined)) return readList(clause)
  if (paths.length === 0)
    return verb === 'show' ? undefined : missing(clause, 'Which file should I read?')
  return {
    commands: paths.map((path) => readOrFetch(path, verb === 'show')),
    problems: ignoredWords(ignored),
  }
}

const folderWords = new Set(
  'files folder folders directory directories listing everything'.split(' '),
)

const missing = ({ phrase }: Clause, question: string): Reading => ({
  commands: [],
  problems: [`${question} I found no name behind "${phrase}".`],
})

/** `show src` lists, because a folder can only be listed; `show src/a.ts` reads. */
const readOrFetch = (path: string, canList: boolean): Command => {
  const url = asUrl(path)
  if (url !== undefined) return { verb: 'fetch', url }
  // A name without an extension is a folder, unless it is written like README or Makefile.
  const isFolder = /\/$|(?:^|\/)(?:\.{1,2}|[^.A-Z/][^./]*)$/.test(path)
  return canList && isFolder ? { verb: 'list', path, recursive: false } : { verb: 'read', path }
}

const readFetch = (clause: Clause): Reading => {
  const { tokens, mentioned, phrase } = clause
  const { paths, ignored, isUnclear, isUnknownIt } = findTargets(tokens, mentioned)
  if (isUnclear) return undefined
  if (isUnknownIt) return unknownIt
  if (paths.length === 0) return missing(clause, 'Which URL should I fetch?')
  const commands = paths.map((path) => readOrFetch(path, false))
  const vague = commands.find((command) => command.verb === 'read' && !/[./\\]/.test(command.path))
  if (vague === undefined || phrase === 'get') return { commands, problems: ignoredWords(ignored) }
  return { commands: [], problems: [`I need a URL to ${phrase}, such as https://example.com.`] }
}

const MAX_WAIT_SECONDS = 600

const readWait = ({ tokens }: Clause): Reading => {
  const { seconds, ignored } = durationOf(tokens)
  if (seconds === undefined) {
    return ignored.length > 0
      ? undefined
      : { commands: [], problems: ['How long should I wait? Say for example "wait 5 seconds".'] }
  }
  if (seconds < 0 || seconds > MAX_WAIT_SECONDS) {
    return { commands: [], problems: [`I can wait up to 10 minutes, not ${seconds} seconds.`] }
  }
  return { commands: [{ verb: 'wait', seconds }], problems: ignoredWords(ignored) }
}

const readCalculate = ({ tokens, source, verb }: Clause): Reading => {
  const useful = tokens.slice(tokens.findIndex((token) => !isCalculationFilling(token)))
  const whole = sumText(source, useful)
  if (isArithmetic(whole))
    return { commands: [{ verb: 'calculate', expression: whole }], problems: [] }
  const items = sumsOf(useful).map((item) => sumText(source, item))
  if (items.length > 1 && items.every((item) => /\d/.test(item) && isArithmetic(item))) {
    return {
      commands: items.map((expression) => ({ verb: 'calculate', expression })),
      problems: [],
    }
  }
  // Asked to calculate something with numbers in it: the tool says what is wrong with it.
  return verb === 'calculate' && /\d/.test(whole) && whole.length <= 1_000
    ? { commands: [{ verb: 'calculate', expression: whole }], problems: [] }
    : undefined
}

/** Splits at `and` and commas, but not inside brackets. */
const sumsOf = (tokens: readonly Token[]): Token[][] => {
  const sums: Token[][] = [[]]
  let depth = 0
  for (const token of tokens) {
    depth += token.text.split('(').length - token.text.split(')').length
    if (depth <= 0 && /^(?:and|&|,|;)$/.test(token.lower)) sums.push([])
    else sums.at(-1)!.push(token)
  }
  return sums.filter((sum) => sum.length > 0)
}

const isCalculationFilling = (token: Token): boolean =>
  token.lower === ':' ||
  /^(?:the|result|value|of|sum|me|answer|to|for|expression)$/.test(token.lower)

const sumText = (source: string, tokens: readonly Token[]): string =>
  tokens.length === 1 && tokens[0]!.kind === 'quoted'
    ? tokens[0]!.text
    : rawText(source, tokens).replace(/(?:\s*(?:=|\?|equals?|equal to|give|make|is))+$/i, '')
