import { describe, expect, it } from 'vitest'
import { titleOf } from '../../src/domain/title.ts'

const text = (said: string) => [{ type: 'text', text: said }]
const file = (filename?: string) => ({ type: 'file', mediaType: 'text/plain', filename, url: 'x' })

describe('the automatic title of a chat', () => {
  it.each([
    ['Plan a trip', 'Plan a trip'],
    ['  Plan\n\n a \t trip  ', 'Plan a trip'],
    ['# Heading\n\nand text', 'Heading and text'],
    ['> quoted\n> twice', 'quoted twice'],
    ['- one\n* two\n3. three', 'one two three'],
    ['**bold**, _italic_, `code` and ~~gone~~', 'bold, italic, code and gone'],
    ['snake_case_name stays, 2 * 3 * 4 too', 'snake_case_name stays, 2 * 3 * 4 too'],
    ['See [the docs](https://example.org/a) and ![a cat](cat.png)', 'See the docs and a cat'],
    ['Why does this fail?\n```js\nthrow 1\n```\nThanks', 'Why does this fail? Thanks'],
    ['Why?\n```js\nthrow 1', 'Why?'],
    ['```js\nlet a = 1\n```', '```js let a = 1 ```'],
    ['<b>Hi</b> and a < b', 'Hi and a < b'],
    ['one\u202Etwo\u0000\u0007three', 'onetwo three'],
    ['first\n---\nsecond', 'first second'],
    ['你好'.repeat(60), `${'你好'.repeat(39)}你…`],
    ['👩‍👩‍👧 family', '👩‍👩‍👧 family'],
  ])('%j is called %j', (said, title) => {
    expect(titleOf(text(said))).toBe(title)
  })

  it('has at most 80 characters and ends between words', () => {
    const title = titleOf(text('It was a dark and stormy night, '.repeat(10)))
    expect(title).toBe(
      'It was a dark and stormy night, It was a dark and stormy night, It was a dark…',
    )
    expect(titleOf(text('x'.repeat(80)))).toBe('x'.repeat(80))
    expect(titleOf(text('x'.repeat(81)))).toBe(`${'x'.repeat(79)}…`)
    expect(titleOf(text(`${'x'.repeat(40)} ${'y'.repeat(60)}`))).toBe(`${'x'.repeat(40)}…`)
  })

  it('never cuts a character in two', () => {
    expect(titleOf(text('😀'.repeat(100)))?.isWellFormed()).toBe(true)
  })

  it('is the name of the first file where nothing is said, and null where there is none', () => {
    expect(titleOf([file(), file('report\n2026.pdf')])).toBe('report 2026.pdf')
    expect(titleOf([file('a.txt'), ...text(' Sum this up ')])).toBe('Sum this up')
    expect(titleOf([file()])).toBeNull()
    expect(titleOf([])).toBeNull()
  })

  it('is found in linear time, whatever was written to make that slow', { timeout: 4000 }, () => {
    for (const hostile of ['*_'.repeat(500_000), '['.repeat(1_000_000), '<a '.repeat(300_000)])
      expect(titleOf(text(hostile))?.length).toBeLessThanOrEqual(80)
  })
})
