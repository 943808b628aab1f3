/** Arithmetic as people write it: parsed by hand into one number, bounded, with nothing to inject into. */

export type Evaluation = { ok: true; value: number } | { ok: false; reason: string }

const MAX_LENGTH = 1_000
const MAX_DEPTH = 100

/** Evaluates an expression; what it cannot read is a reason, never an exception. */
export const evaluate = (source: string): Evaluation => {
  const result = read(source)
  if (!result.ok) return result
  if (Number.isNaN(result.value)) return fail('the result is not a number')
  return Number.isFinite(result.value)
    ? { ok: true, value: rounded(result.value) }
    : fail('the result is infinite or too large (a division by zero?)')
}

/** True for something with an operation in it, so that a lone number is not taken for a sum. */
export const isArithmetic = (source: string): boolean =>
  read(source).ok && /[-+*/^%×÷−·(]|[a-zπ]/i.test(source.trim().replace(/^[-+]/, ''))

const read = (source: string): Evaluation => {
  if (source.length > MAX_LENGTH) return fail(`an expression has at most ${MAX_LENGTH} characters`)
  const symbols = lex(source)
  if (typeof symbols === 'string') return fail(symbols)
  const cursor: Cursor = { symbols, at: 0, failure: undefined }
  const value = parse(cursor, 0, 0)
  return cursor.failure === undefined ? { ok: true, value } : fail(cursor.failure)
}

type Symbol =
  { kind: 'number'; value: number } | { kind: 'op'; text: string } | { kind: 'name'; text: string }

const fail = (reason: string): { ok: false; reason: string } => ({ ok: false, reason })

/** Hides the noise of binary fractions (0.1 + 0.2), keeps whole numbers as they are. */
const rounded = (value: number): number =>
  Number.isInteger(value) ? value : Number(value.toPrecision(15))

const operators = new Map(
  Object.entries({ '×': '*', '·': '*', '÷': '/', '−': '-', '–': '-', '**': '^' }),
)

const numberNames =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty'

/** Words that stand for a symbol; those of several words come before their parts. */
const phrases = (
  [
    ['to the power of', { kind: 'op', text: '^' }],
    ['multiplied by', { kind: 'op', text: '*' }],
    ['divided by', { kind: 'op', text: '/' }],
    ['modulo', { kind: 'op', text: 'mod' }],
    ['plus', { kind: 'op', text: '+' }],
    ['minus', { kind: 'op', text: '-' }],
    ['times', { kind: 'op', text: '*' }],
    ['over', { kind: 'op', text: '/' }],
    ['percent', { kind: 'op', text: '%' }],
    ['mod', { kind: 'op', text: 'mod' }],
    ['of', { kind: 'op', text: 'of' }],
    ['x', { kind: 'op', text: '*' }],
    ['square root', { kind: 'name', text: 'sqrt' }],
    ['cube root', { kind: 'name', text: 'cbrt' }],
    ...numberNames
      .split(' ')
      .map((name, value): [string, Symbol] => [name, { kind: 'number', value }]),
  ] satisfies [string, Symbol][]
).map(([text, symbol]) => ({ pattern: new RegExp(`^${text}(?![a-z])`), text, symbol }))

const constants = new Map(Object.entries({ pi: Math.PI, π: Math.PI, e: Math.E, tau: 2 * Math.PI }))

const functions = new Map<string, (...values: number[]) => number>(
  Object.entries({
    sqrt: (x = NaN) => Math.sqrt(x),
    cbrt: (x = NaN) => Math.cbrt(x),
    abs: (x = NaN) => Math.abs(x),
    round: (x = NaN) => Math.round(x),
    floor: (x = NaN) => Math.floor(x),
    ceil: (x = NaN) => Math.ceil(x),
    exp: (x = NaN) => Math.exp(x),
    ln: (x = NaN) => Math.log(x),
    log: (x = NaN) => Math.log10(x),
    log2: (x = NaN) => Math.log2(x),
    sin: (x = NaN) => Math.sin(x),
    cos: (x = NaN) => Math.cos(x),
    tan: (x = NaN) => Math.tan(x),
    pow: (x = NaN, y = NaN) => x ** y,
    min: (...values) => Math.min(...values),
    max: (...values) => Math.max(...values),
  }),
)

const number = /(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?/iy

/** The symbols of the text, or the reason why it is not arithmetic. */
const lex = (source: string): Symbol[] | string => {
  const symbols: Symbol[] = []
  let at = 0
  while (at < source.length) {
    const rest = source.slice(at).toLowerCase()
    const space = /^\s+/.exec(rest)
    if (space) {
      at += space[0].length
      continue
    }
    number.lastIndex = at
    const digits = number.exec(source)
    if (digits) {
      symbols.push({ kind: 'number', value: Number(digits[0].replaceAll(',', '')) })
      at += digits[0].length
      continue
    }
    const word = /^[a-zπ][a-z0-9]*/.exec(rest)
    const phrase = word && phrases.find(({ pattern }) => pattern.test(rest))
    const sign = /^(?:\*\*|[-+*/^%(),×·÷−–])/.exec(rest)
    const text = phrase?.text ?? word?.[0] ?? sign?.[0]
    if (text === undefined) return `"${[...source.slice(at)][0]}" is not arithmetic`
    if (phrase) symbols.push(phrase.symbol)
    else if (word) symbols.push({ kind: 'name', text })
    else symbols.push({ kind: 'op', text: operators.get(text) ?? text })
    at += text.length
  }
  return symbols
}

const binary = new Map<string, { power: number; apply: (a: number, b: number) => number }>(
  Object.entries({
    '+': { power: 1, apply: (a, b) => a + b },
    '-': { power: 1, apply: (a, b) => a - b },
    '*': { power: 2, apply: (a, b) => a * b },
    of: { power: 2, apply: (a, b) => a * b },
    '/': { power: 2, apply: (a, b) => a / b },
    mod: { power: 2, apply: (a, b) => a % b },
    '^': { power: 4, apply: (a, b) => a ** b },
  }),
)
const UNARY_POWER = 3

type Cursor = { symbols: readonly Symbol[]; at: number; failure: string | undefined }

const isNext = ({ symbols, at }: Cursor, text: string): boolean => {
  const next = symbols[at]
  return next?.kind === 'op' && next.text === text
}

/** The first failure wins, and nothing more is read. */
const give = (cursor: Cursor, reason: string): number => {
  cursor.failure ??= reason
  cursor.at = cursor.symbols.length
  return NaN
}

const giveUnexpected = (cursor: Cursor, symbol: Symbol | undefined): number => {
  if (symbol === undefined) return give(cursor, 'it ends too early')
  const text = symbol.kind === 'number' ? symbol.value : symbol.text
  return give(cursor, `"${text}" is not expected there`)
}

const parse = (cursor: Cursor, minimum: number, depth: number): number => {
  let value = operand(cursor, depth)
  while (cursor.at < cursor.symbols.length) {
    const symbol = cursor.symbols[cursor.at]
    const isPercent = isNext(cursor, '%') && !isRemainder(cursor)
    const name = isNext(cursor, '%') ? 'mod' : symbol?.kind === 'op' ? symbol.text : ''
    const operator = binary.get(name)
    if (isPercent) {
      cursor.at += 1
      value /= 100
      continue
    }
    if (operator === undefined) {
      const closes = depth > 0 && (name === ')' || name === ',')
      return closes ? value : giveUnexpected(cursor, symbol)
    }
    if (operator.power <= minimum) return value
    cursor.at += 1
    // A power binds to the right: 2 ^ 3 ^ 2 is 2 ^ 9.
    const right = parse(cursor, name === '^' ? operator.power - 1 : operator.power, depth + 1)
    value = operator.apply(value, right)
  }
  return value
}

/** A `%` with an operand behind it is a remainder, else it is a percentage. */
const isRemainder = ({ symbols, at }: Cursor): boolean => {
  const next = symbols[at + 1]
  return next !== undefined && (next.kind !== 'op' || next.text === '(')
}

const operand = (cursor: Cursor, depth: number): number => {
  const symbol = cursor.symbols[cursor.at]
  cursor.at += 1
  if (depth > MAX_DEPTH) return give(cursor, 'it is nested too deeply')
  if (symbol?.kind === 'number') return symbol.value
  if (symbol?.kind === 'name') return named(cursor, symbol.text, depth)
  if (symbol?.text === '-') return -parse(cursor, UNARY_POWER, depth + 1)
  if (symbol?.text === '+') return parse(cursor, UNARY_POWER, depth + 1)
  if (symbol?.text !== '(') return giveUnexpected(cursor, symbol)
  const [value = NaN, ...more] = list(cursor, depth)
  return more.length === 0 ? value : give(cursor, 'a comma is not expected there')
}

const named = (cursor: Cursor, name: string, depth: number): number => {
  const constant = constants.get(name)
  if (constant !== undefined) return constant
  const apply = functions.get(name)
  if (apply === undefined) return give(cursor, `"${name}" is not a function I know`)
  if (isNext(cursor, 'of')) cursor.at += 1
  if (!isNext(cursor, '(')) return apply(parse(cursor, UNARY_POWER, depth + 1))
  cursor.at += 1
  return apply(...list(cursor, depth))
}

/** Values up to the closing bracket. */
const list = (cursor: Cursor, depth: number): number[] => {
  const values = [parse(cursor, 0, depth + 1)]
  while (isNext(cursor, ',')) {
    cursor.at += 1
    values.push(parse(cursor, 0, depth + 1))
  }
  if (!isNext(cursor, ')')) give(cursor, 'a closing bracket is missing')
  cursor.at += 1
  return values
}
