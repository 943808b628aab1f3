import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanJson, cleanText, splitPair } from '../../src/domain/text.ts'

/** Strings with everything that a JavaScript string may hold. */
const anyText = fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.slice(0, 8))
const broken = fc.constantFrom('\0', '\ud83d', '\ude00', '__proto__', 'a')
const text = fc.array(fc.oneof(anyText, broken), { maxLength: 3 }).map((parts) => parts.join(''))

const isClean = (value: string): boolean => value.isWellFormed() && !value.includes('\0')

const stringsOf = (value: unknown): string[] => {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(stringsOf)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => [key, ...stringsOf(item)])
}

describe('clean JSON', () => {
  it('has no NUL and no half of a pair, in values and in names', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: text }), (value) => {
        expect(stringsOf(cleanJson(value)).filter((string) => !isClean(string))).toEqual([])
      }),
    )
    const nested = { 'k\0': [{ '\ud83d': 'v\0' }], __proto: null }
    expect(cleanJson(nested)).toEqual({ k: [{ '\ufffd': 'v' }], __proto: null })
  })

  it('is a copy of what was clean', () => {
    const value = JSON.parse('{"__proto__":{"a":[1,"ä😀",null]},"constructor":true}') as unknown
    const copy = cleanJson(value)
    expect(JSON.stringify(copy)).toBe(JSON.stringify(value))
    expect(copy).not.toBe(value)
    const cleaned = cleanJson(JSON.parse('{"__proto__":{"a\\u0000":1}}'))
    expect(JSON.stringify(cleaned)).toBe('{"__proto__":{"a":1}}')
    expect(Object.prototype).not.toHaveProperty('a')
  })

  it('keeps the later of two values whose names become one', () => {
    expect(cleanJson({ 'k\0': 1, k: 2 })).toEqual({ k: 2 })
  })

  it('is null where JSON says nothing', () => {
    expect([undefined, () => 1, Symbol('s'), Number.NaN].map(cleanJson)).toEqual([
      null,
      null,
      null,
      null,
    ])
  })
})

describe('a text that comes in pieces', () => {
  it('is whole again, whatever the cuts', () => {
    fc.assert(
      fc.property(fc.array(text), (pieces) => {
        let carried = ''
        let out = ''
        for (const piece of pieces) {
          const { whole, rest } = splitPair(carried + piece)
          carried = rest
          out += cleanText(whole)
        }
        // Without NUL: it may stand between two halves, which then do not become one.
        if (!pieces.join('').includes('\0'))
          expect(out + cleanText(carried)).toBe(cleanText(pieces.join('')))
        expect(isClean(out)).toBe(true)
      }),
    )
  })
})
