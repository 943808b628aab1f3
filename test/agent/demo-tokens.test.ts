import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rawText, tokenize } from '../../src/agent/demo/tokens.ts'

const shape = (source: string): string[] =>
  tokenize(source).map(({ kind, text }) =>
    kind === 'word' ? text : kind === 'quoted' ? `<${text}>` : kind === 'break' ? '|' : `_${text}`,
  )

describe('the tokenizer', () => {
  it.each([
    ['list files', ['list', 'files']],
    ['read README.md.', ['read', 'README.md', '_.']],
    ['read README.md?!', ['read', 'README.md', '_?', '_!']],
    ['list . and ..', ['list', '.', 'and', '..']],
    ['list ../../a', ['list', '../../a']],
    ['list src/..', ['list', 'src/..']],
    ['list src/.', ['list', 'src/', '_.']],
    ['http://a.test/.', ['http://a.test/', '_.']],
    ['list ../..', ['list', '../..']],
    ['wait (a)', ['wait', '_(', 'a', '_)']],
    ['(a).', ['_(', 'a', '_)', '_.']],
    ['([x])', ['_(', '_[', 'x', '_]', '_)']],
    ['[id].ts and (draft).md', ['[id].ts', 'and', '(draft).md']],
    ['a_(b).', ['a_(b)', '_.']],
    ['https://a.test/x?y=1,2!', ['https://a.test/x?y=1,2', '_!']],
    ['<https://a.test/>', ['_<', 'https://a.test/', '_>']],
    ['a, b', ['a', '_,', 'b']],
    ['a,b', ['a,b']],
    ['say "a and b" c', ['say', '<a and b>', 'c']],
    ["say 'a and b', c", ['say', '<a and b>', '_,', 'c']],
    ['say `x` “y” «z» ‘w’', ['say', '<x>', '<y>', '<z>', '<w>']],
    ["what's it's don't", ["what's", "it's", "don't"]],
    ["the dogs' and cats'", ['the', "dogs'", 'and', "cats'"]],
    ['"a". b', ['<a>', '_.', 'b']],
    ['for:"x y"', ['for', '_:', '<x y>']],
    ['a 6" pipe', ['a', '6"', 'pipe']],
    ['"open', ['"open']],
    ['a\nb', ['a', '|', 'b']],
    ['1. a\n2) b\n- c\n* d', ['|', 'a', '|', '|', 'b', '|', '|', 'c', '|', '|', 'd']],
    ['-5 + 3', ['-5', '+', '3']],
    ['', []],
    [' \t ', []],
    ['ok...', ['ok', '_.', '_.', '_.']],
  ])('splits %j', (source, expected) => {
    expect(shape(source)).toEqual(expected)
  })

  it('loses no visible character, never overlaps and ends on any text', () => {
    const noisy = fc.string({
      unit: fc.constantFrom(...'ab \n\'"`“”‘’«».,;:!?()[]<>/-*1'),
      maxLength: 80,
    })
    fc.assert(
      fc.property(fc.oneof(noisy, fc.string({ unit: 'binary', maxLength: 80 })), (source) => {
        const tokens = tokenize(source)
        let at = 0
        for (const token of tokens) {
          expect(source.slice(at, token.start).trim()).toBe('')
          expect(token.end).toBeGreaterThan(token.start)
          at = token.end
        }
        expect(source.slice(at).trim()).toBe('')
        expect(rawText(source, tokens)).toBe(
          tokens.length === 0 ? '' : source.slice(tokens[0]!.start, tokens.at(-1)!.end),
        )
      }),
      { numRuns: 500 },
    )
  })
})
