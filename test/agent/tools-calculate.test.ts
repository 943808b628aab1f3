import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toolOptions as options } from './support/tool-output.ts'
import { calculateTool } from '../../src/agent/tools/calculate.ts'
import { evaluate, isArithmetic } from '../../src/agent/tools/expression.ts'

describe('arithmetic', () => {
  it.each([
    ['2 + 3 * (4 - 1)', 11],
    ['2+3*(4-1)', 11],
    ['10 / 4', 2.5],
    ['7 % 3', 1],
    ['7 mod 3', 1],
    ['15% of 80', 12],
    ['50% + 1', 1.5],
    ['2 ^ 3 ^ 2', 512],
    ['2 ** 10', 1024],
    ['-2 ^ 2', -4],
    ['2 ^ -1', 0.5],
    ['8 - 3 - 2', 3],
    ['100 / 10 / 2', 5],
    ['0.1 + 0.2', 0.3],
    ['.5 + 1e3', 1000.5],
    ['1,000,000 / 2', 500_000],
    ['3 × 4 ÷ 2 − 1', 5],
    ['3 x 4', 12],
    ['3x4', 12],
    ['five plus three', 8],
    ['square root of sixteen', 4],
    ['nothing', undefined],
    ['2 plus 3 times 4', 14],
    ['9 divided by 3 minus 1', 2],
    ['2 to the power of 5', 32],
    ['sqrt(16) + abs(-3)', 7],
    ['sqrt of 16', 4],
    ['max(1, 2, 3) - min(4, 5)', -1],
    ['round(2 * pi)', 6],
    ['((((1))))', 1],
    ['--1', 1],
  ])('%s is %s', (source, expected) => {
    const result = evaluate(source)
    expect(result.ok ? result.value : undefined).toBe(expected)
  })

  it.each([
    ['1 / 0', 'infinite'],
    ['0 / 0', 'not a number'],
    ['sqrt(-1)', 'not a number'],
    ['9 ^ 9 ^ 9 ^ 9', 'infinite'],
    ['2 +', 'ends too early'],
    ['', 'ends too early'],
    ['(2 + 3', 'closing bracket'],
    ['2 + 3)', 'not expected'],
    ['2 3', 'not expected'],
    ['1, 2', 'not expected'],
    ['(1, 2)', 'comma'],
    ['foo(2)', 'not a function'],
    ['process.exit()', 'not arithmetic'],
    ['constructor', 'not a function'],
    ['__proto__', 'not arithmetic'],
    ['2; 3', 'not arithmetic'],
    ['"a" + 1', 'not arithmetic'],
  ])('%s is refused with a reason', (source, reason) => {
    const result = evaluate(source)
    expect(result.ok ? '' : result.reason).toContain(reason)
  })

  it('refuses what is nested too deeply or too long', () => {
    expect(evaluate('('.repeat(500))).toMatchObject({ reason: 'it is nested too deeply' })
    expect(evaluate('1+'.repeat(600))).toMatchObject({ reason: expect.stringContaining('1000') })
  })

  it('agrees with JavaScript on generated sums, and ends on any text', () => {
    const leaf = fc.integer({ min: 0, max: 999 }).map(String)
    const { sum } = fc.letrec<{ sum: string }>((tie) => ({
      sum: fc.oneof(
        { maxDepth: 6 },
        leaf,
        fc
          .tuple(tie('sum'), fc.constantFrom('+', '-', '*', '/', ' % 7 + '), tie('sum'))
          .map(([a, op, b]) => `(${a})${op}(${b})`),
      ),
    }))
    fc.assert(
      fc.property(sum, (source) => {
        fc.pre(source.length <= 1_000)
        const expected: unknown = new Function(`return ${source}`)()
        const result = evaluate(source)
        if (Number.isFinite(expected)) expect(result).toMatchObject({ ok: true })
        if (!result.ok) return
        const size = Math.abs(expected as number) || 1
        expect(Math.abs(result.value - (expected as number)) / size).toBeLessThan(1e-12)
      }),
    )
    fc.assert(
      fc.property(fc.string({ maxLength: 1_200 }), (text) => typeof evaluate(text) === 'object'),
    )
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'01.,+-*/^%()ex of'), maxLength: 1_200 }),
        (text) => typeof evaluate(text) === 'object',
      ),
    )
  })

  it('tells a sum from a lone number and from words', () => {
    expect(
      ['2+2', '1/0', 'pi', 'sqrt 4', '3 times 4'].filter((text) => !isArithmetic(text)),
    ).toEqual([])
    expect(['42', '-42', 'your name', '', 'the sum'].filter(isArithmetic)).toEqual([])
  })
})

describe('the calculate tool', () => {
  it('gives the result of an expression', () => {
    expect(calculateTool.execute({ expression: '6 * 7' }, options)).toEqual({
      expression: '6 * 7',
      result: 42,
    })
  })

  it('says when a number has more digits than it can hold', () => {
    expect(calculateTool.execute({ expression: '2^64' }, options)).toMatchObject({
      result: 2 ** 64,
      note: expect.stringContaining('Rounded'),
    })
  })

  it('fails with a sentence, and is marked as read-only', () => {
    expect(() => calculateTool.execute({ expression: '1/0' }, options)).toThrow(
      expect.objectContaining({ code: 'TOOL_FAILED' }),
    )
    expect(calculateTool.idempotent).toBe(true)
  })
})
