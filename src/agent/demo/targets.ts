/** Finds the paths and URLs that a command is about, in whatever words stand around them. */
import type { Token } from './tokens.ts'

export type Mentioned = {
  /** The last path or URL of the message so far: what "it" means. */
  last: string | undefined
  /** The last folder that was listed: what "them" and "the files" are in. */
  folder: string | undefined
  /** The paths that were named together last: what "both" are. */
  group: readonly string[]
}

export type Targets = {
  paths: string[]
  /** Words that are neither a target nor filling. */
  ignored: string[]
  /** True when words are left that could be a name, but nobody can say which. */
  isUnclear: boolean
  /** An "it" before anything was named. */
  isUnknownIt: boolean
}

const words = (text: string): Set<string> => new Set(text.split(/\s+/))

const separators = words('and or & + , ;')
const locators = words('in inside within from under below of at through across on into')
const filling = words(`
  the a an my your our its this that these those some any every all only whole one located stored
  you we i got what's entire full
  file files folder folders directory directories dir dirs document documents page pages website site url
  urls link address path paths item items entry entries list listing names name called named content contents
  text in inside within from under below of at through across on into me us for with to out up by
  please here current root project repo repository workspace codebase code base tree everything everywhere
  is are was were be there has have does do exist exists contain contains say says look like hold holds
  what which number total amount how many much sorted ordered alphabetically
  recursively carefully again quickly fully completely first too also now aloud slowly just and or
`)
const pronouns = words('it them that this there these those its same both each their')
const plural = words('them there these those both each their')
const location = words('in inside within from under')

/** A name that can only be meant as a path: it has a slash, an extension, or is `.` or `..`. */
export const isPathLike = (token: Token): boolean =>
  token.kind === 'quoted' ||
  (token.kind === 'word' &&
    (/[\\/]/.test(token.text) || /^\.{1,2}$|^~|.\.\w|^\.\w|[*]/.test(token.text)) &&
    !token.text.startsWith('-'))

const isFlag = (token: Token): boolean => token.kind === 'word' && /^-{1,2}[a-z]/i.test(token.text)

/** Splits a list of words at `and` and commas. */
export const itemsOf = (tokens: readonly Token[]): Token[][] => {
  const items: Token[][] = [[]]
  for (const token of tokens) {
    if (token.kind !== 'quoted' && separators.has(token.lower)) items.push([])
    else items.at(-1)!.push(token)
  }
  return items.filter((item) => item.length > 0)
}

/** The targets of all items; "it" is looked up, filling is dropped. */
export const findTargets = (tokens: readonly Token[], mentioned: Mentioned): Targets => {
  const found: Targets = { paths: [], ignored: [], isUnclear: false, isUnknownIt: false }
  for (const [index, item] of itemsOf(tokens).entries()) {
    const one = targetsOfItem(item, { ...mentioned, last: found.paths.at(-1) ?? mentioned.last })
    const isDoubtful = index > 0 && one.isBare && !isAlike(found.paths, one.paths)
    if (isDoubtful) found.ignored.push(...one.paths)
    else found.paths.push(...one.paths)
    found.ignored.push(...one.ignored)
    found.isUnclear ||= one.isUnclear
    found.isUnknownIt ||= one.isUnknownIt
  }
  return found
}

/** `read README and LICENSE` names two files; `list files and dance` names none. */
const isAlike = (before: readonly string[], [bare = '']: readonly string[]): boolean =>
  before.length > 0 && (/^[A-Z]/.test(bare) || !/[./\\]/.test(before[0]!))

const targetsOfItem = (
  item: readonly Token[],
  mentioned: Mentioned,
): Targets & { isBare: boolean } => {
  const result = { paths: [], ignored: [], isUnclear: false, isUnknownIt: false, isBare: false }
  const named = item.filter(isName)
  const joined = inFolder(named, mentioned)
  if (joined !== undefined) return { ...result, paths: [joined] }
  const candidates = named.filter(isCandidate)
  const sure = candidates.filter(isPathLike)
  const rest = candidates.filter((token) => !isPathLike(token)).map((token) => token.text)
  if (sure.length > 0) {
    // A lone dot behind a name is a full stop with a space before it.
    const paths = sure.length > 1 ? sure.filter((token) => token.text !== '.') : sure
    return { ...result, paths: paths.map((token) => token.text), ignored: rest }
  }
  if (rest.length === 1) return { ...result, paths: rest, isBare: true }
  if (rest.length > 1) return { ...result, ignored: rest, isUnclear: true }
  const pronoun = pronounIn(named)
  const meant = meaningOf(named, mentioned)
  return meant.length > 0
    ? { ...result, paths: meant }
    : { ...result, isUnknownIt: pronoun === 'it' || pronoun === 'them' }
}

const isName = (token: Token): boolean =>
  (token.kind === 'word' || token.kind === 'quoted') && !isFlag(token) && token.text.trim() !== ''

const isCandidate = (token: Token): boolean =>
  isPathLike(token) || (!filling.has(token.lower) && !pronouns.has(token.lower))

/** `package.json in the web folder` is web/package.json. */
const inFolder = (named: readonly Token[], mentioned: Mentioned): string | undefined => {
  const at = named.findIndex(
    (token, index) => location.has(token.lower) && named.slice(0, index).some(isCandidate),
  )
  const [name, ...more] = named.slice(0, Math.max(at, 0)).filter(isCandidate)
  const after = named.slice(at + 1)
  const [folder, ...others] = after.filter(isCandidate).map((token) => token.text)
  const parent = folder ?? meaningOf(after, mentioned)[0]
  if (name === undefined || parent === undefined || more.length > 0 || others.length > 0)
    return undefined
  if (/^[/~]|:\/\//.test(name.text) || parent.includes('://')) return undefined
  return parent === '.' ? name.text : `${parent.replace(/\/+$/, '')}/${name.text}`
}

const pronounIn = (tokens: readonly Token[]): string | undefined =>
  tokens.findLast((token) => token.kind === 'word' && pronouns.has(token.lower))?.lower

/** What the last "it", "them" or "both" among these words stands for. */
const meaningOf = (tokens: readonly Token[], { last, folder, group }: Mentioned): string[] => {
  const pronoun = pronounIn(tokens)
  if (pronoun === undefined) return []
  if (plural.has(pronoun) && group.length > 1) return [...group]
  const meant = plural.has(pronoun) ? (folder ?? last) : last
  return meant === undefined ? [] : [meant]
}

export const isLocator = (token: Token): boolean =>
  token.kind === 'word' && locators.has(token.lower)

export const isFilling = (token: Token): boolean =>
  token.kind === 'mark' || (token.kind === 'word' && filling.has(token.lower))

export const isRecursive = (tokens: readonly Token[]): boolean =>
  tokens.some(
    (token) =>
      token.kind === 'word' &&
      /^(?:-\w*[rR]\w*|--recursive|recursive|recursively|subfolders|below|tree)$/.test(token.text),
  )
