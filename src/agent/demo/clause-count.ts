/** Reads what is to be counted: units before a name, or a row of numbers to count aloud. */
import type { Command, CountUnit } from './command.ts'
import { numbersIn } from './numbers.ts'
import { ignoredWords, unknownIt } from './reading.ts'
import type { Clause, Reading } from './reading.ts'
import { findTargets, isPathLike, itemsOf } from './targets.ts'
import type { Token } from './tokens.ts'
import { asUrl } from './urls.ts'

const units = new Map<string, CountUnit>([
  ...['line', 'lines', '-l'].map((word): [string, CountUnit] => [word, 'lines']),
  ...['word', 'words', '-w'].map((word): [string, CountUnit] => [word, 'words']),
  ...['character', 'characters', 'char', 'chars', 'letters', 'symbols', '-m'].map(
    (word): [string, CountUnit] => [word, 'characters'],
  ),
  ...['byte', 'bytes', 'size', '-c'].map((word): [string, CountUnit] => [word, 'bytes']),
  ...['files', 'entries', 'items', 'documents'].map((word): [string, CountUnit] => [word, 'files']),
  ...['folders', 'directories'].map((word): [string, CountUnit] => [word, 'folders']),
])

const MAX_NUMBER = 1_000_000
const MAX_NUMBERS = 10_000

export const readCount = (clause: Clause): Reading => readNumbers(clause) ?? readUnits(clause)

/** `count to 10`, `count from 5 down to 1`, `count slowly to one hundred`. */
const readNumbers = ({ tokens, phrase }: Clause): Reading => {
  if (!phrase.startsWith('count')) return undefined
  const words = tokens.filter((token) => token.kind === 'word').map((token) => token.lower)
  const known = new Set(
    'to from up down backwards backward until till through aloud out loud'.split(' '),
  )
  const isSlow = words.some((word) => /^slow(?:ly)?$/.test(word))
  const others = words.filter((word) => !known.has(word) && !/^slow|^loudly$/.test(word))
  const numbers = numbersIn(others)
  const [first, second, ...more] = numbers
  if (first === undefined || more.length > 0 || tokens.some((token) => token.kind === 'quoted'))
    return undefined
  if (numbers.length === 2 && second === undefined) return undefined
  const isDown = words.includes('down') || words.some((word) => word.startsWith('backward'))
  const from = second === undefined ? (isDown ? first : 1) : first
  const to = second ?? (isDown ? 1 : first)
  const isSane = [from, to].every(
    (value) => Number.isInteger(value) && Math.abs(value) <= MAX_NUMBER,
  )
  if (!isSane) return { commands: [], problems: ['I can count whole numbers up to a million.'] }
  const end =
    from <= to ? Math.min(to, from + MAX_NUMBERS - 1) : Math.max(to, from - MAX_NUMBERS + 1)
  return {
    commands: [{ verb: 'count-to', from, to: end, isSlow }],
    problems: end === to ? [] : [`I count at most ${MAX_NUMBERS} numbers, so I stop at ${end}.`],
  }
}

/** Units without a name wait for the next name: `lines and words in a.txt` is one count. */
const readUnits = ({ tokens, mentioned, phrase }: Clause): Reading => {
  if (phrase.includes('how many') && !tokens.some(isUnit)) return undefined
  const commands: Command[] = []
  const ignored: string[] = []
  let current: CountUnit[] = /size|how (?:long|big|large)/.test(phrase) ? ['lines', 'bytes'] : []
  let isUsed = false
  let last = mentioned.last
  for (const item of itemsOf(tokens)) {
    const own = item.flatMap((token) => (isPathLike(token) ? [] : (units.get(token.lower) ?? [])))
    if (own.length > 0) current = isUsed ? own : [...current, ...own]
    if (own.length > 0) isUsed = false
    const targets = findTargets(
      item.filter((token) => !isUnit(token)),
      { ...mentioned, last },
    )
    if (targets.isUnclear) return undefined
    if (targets.isUnknownIt) return unknownIt
    ignored.push(...targets.ignored)
    if (targets.paths.length > 0) isUsed = true
    const isThem =
      current.length === 0 &&
      mentioned.group.length < 2 &&
      item.some(({ lower }) => lower === 'them')
    const wanted: CountUnit[] = isThem ? ['files'] : [...new Set(current)]
    commands.push(...targets.paths.map((path): Command => ({ verb: 'count', path, units: wanted })))
    last = targets.paths.at(-1) ?? last
  }
  if (!isUsed) {
    const path =
      current.includes('files') || current.includes('folders') ? (mentioned.folder ?? '.') : last
    if (path === undefined) return whichFile(current)
    commands.push({ verb: 'count', path, units: [...new Set(current)] })
  }
  const url = commands.find(
    (command) => command.verb === 'count' && asUrl(command.path) !== undefined,
  )
  return url?.verb === 'count'
    ? { commands: [], problems: [`I can count in files and folders only, not in ${url.path}.`] }
    : { commands, problems: ignoredWords(ignored) }
}

const isUnit = (token: Token): boolean => !isPathLike(token) && units.has(token.lower)

const whichFile = (wanted: readonly CountUnit[]): Reading =>
  wanted.length === 0
    ? undefined
    : { commands: [], problems: [`In which file should I count the ${wanted.join(' and ')}?`] }
