/** Numbers and lengths of time as people write them: `5`, `ten`, `1,000`, `500ms`, `1 minute and 30 seconds`. */
import type { Token } from './tokens.ts'

const names = (
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen ' +
  'seventeen eighteen nineteen twenty'
).split(' ')

const numberWords = new Map([
  ...names.map((name, value): [string, number] => [name, value]),
  ...['thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety', 'hundred'].map(
    (name, index): [string, number] => [name, 30 + 10 * index],
  ),
  ['thousand', 1_000],
  ['dozen', 12],
  ['couple', 2],
  ['few', 3],
  ['half', 0.5],
])

/** The number that a word stands for. */
export const numberOf = (word: string): number | undefined => {
  if (/^-?\d{1,15}(?:,\d{3})*(?:\.\d{1,6})?$|^\.\d{1,6}$/.test(word))
    return Number(word.replaceAll(',', ''))
  return numberWords.get(word)
}

/** The numbers of a row of words, `two hundred` and `twenty five` taken together; undefined for other words. */
export const numbersIn = (words: readonly string[]): (number | undefined)[] => {
  const numbers: (number | undefined)[] = []
  for (const word of words.flatMap(splitHyphen)) {
    const number = numberOf(word)
    const before = numbers.at(-1)
    const joined =
      before !== undefined && number !== undefined ? join(before, number, word) : undefined
    if (joined === undefined) numbers.push(number)
    else numbers[numbers.length - 1] = joined
  }
  return numbers
}

/** `twenty-five`, but not `-5`. */
const splitHyphen = (word: string): string[] =>
  /^[a-z]+-[a-z]+$/.test(word) ? word.split('-') : [word]

/** What two numbers in a row make together, if anything. */
const join = (before: number, number: number, word: string): number | undefined => {
  if (word === 'hundred' || word === 'thousand' || word === 'dozen') return before * number
  if (word === 'half') return before + number
  const isWord = numberWords.has(word)
  return isWord && before >= 20 && before % 10 === 0 && number < 10 ? before + number : undefined
}

const unitMs = new Map(
  [
    [1, 'ms msec msecs millisecond milliseconds millis'],
    [1_000, 's sec secs second seconds moment'],
    [60_000, 'm min mins minute minutes'],
    [3_600_000, 'h hr hrs hour hours'],
  ].flatMap(([ms, list]) =>
    String(list)
      .split(' ')
      .map((unit): [string, number] => [unit, Number(ms)]),
  ),
)

export type Duration = { seconds: number | undefined; ignored: string[] }

const filling = new Set('for about around another of more and a an the , & + time so'.split(' '))

/** The sum of all lengths of time in these words; seconds where no unit is given. */
export const durationOf = (tokens: readonly Token[]): Duration => {
  const ignored: string[] = []
  let totalMs: number | undefined
  let amount: number | undefined
  const add = (ms: number): void => {
    totalMs = (totalMs ?? 0) + ms
    amount = undefined
  }
  for (const { text, lower, kind } of tokens) {
    const unit = unitMs.get(lower)
    const number = numberOf(lower)
    const joined = joinedMs(lower)
    if (kind === 'quoted') ignored.push(text)
    else if (unit !== undefined) add((amount ?? 1) * unit)
    else if (joined !== undefined) add(joined)
    else if (number !== undefined)
      amount = amount === undefined ? number : (join(amount, number, lower) ?? number)
    else if (kind === 'word' && !filling.has(lower)) ignored.push(text)
  }
  if (amount !== undefined) add(amount * 1_000)
  return { seconds: totalMs === undefined ? undefined : totalMs / 1_000, ignored }
}

/** `1m30s`, `500ms`, `1.5min`. */
const joinedMs = (word: string): number | undefined => {
  const pieces = [...word.matchAll(/(\d+(?:\.\d+)?)-?([a-z]+)/g)]
  if (pieces.length === 0 || pieces.map(([piece]) => piece).join('') !== word) return undefined
  const lengths = pieces.map(([, count, unit = '']) => Number(count) * (unitMs.get(unit) ?? NaN))
  const total = lengths.reduce((sum, ms) => sum + ms, 0)
  return Number.isNaN(total) ? undefined : total
}
