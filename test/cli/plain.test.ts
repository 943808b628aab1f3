/** What others wrote cannot do anything to the terminal that shows it. */
import { describe, expect, it } from 'vitest'
import { plain, plainLine, safeJson } from '../../src/cli/plain.ts'

/** Each hides, moves, colours, answers or reorders something in some terminal. */
const HOSTILE: readonly (readonly [name: string, text: string, shown: string])[] = [
  ['a colour', 'a\u001b[31mred\u001b[0m', 'ared'],
  ['a cleared screen', 'a\u001b[2J\u001b[Hb', 'ab'],
  ['a title with BEL', 'a\u001b]0;title\u0007b', 'ab'],
  ['a link', '\u001b]8;;https://evil.example\u001b\\here\u001b]8;;\u001b\\', 'here'],
  ['a clipboard write', 'a\u001b]52;c;ZXZpbA==\u0007b', 'ab'],
  ['an 8-bit CSI', 'a\u009b31mb', 'ab'],
  ['a bare ESC at the end', 'a\u001b', 'a'],
  ['an ESC that stripping brings together', 'a\u001b\u0000[31mb', 'a[31mb'],
  ['nested sequences', '\u001b\u001b[31m[31mb', '[31mb'],
  ['a device query', 'a\u001b[6nb', 'ab'],
  ['a carriage return that overwrites', 'harmless\rrm -rf', 'harmlessrm -rf'],
  ['a line end of another system', 'a\r\nb', 'a\nb'],
  ['backspaces', 'safe\b\b\b\bevil', 'safeevil'],
  ['DEL, NUL, BEL, SO, SI', 'a\u007f\u0000\u0007\u000e\u000fb', 'ab'],
  ['vertical tab and form feed', 'a\u000b\u000cb', 'ab'],
  ['C1 next line and index', 'a\u0085\u0084b', 'ab'],
  ['a right-to-left override', 'gpj.\u202eexe', 'gpj.exe'],
  ['isolates', '\u2066a\u2069\u2067b\u2069\u2068c\u2069', 'abc'],
  ['line and paragraph separators', 'a\u2028b\u2029c', 'abc'],
]
/** Nothing but tab and line feed of what controls a terminal. */
// oxlint-disable-next-line no-control-regex -- it is looked for
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/

describe.each(HOSTILE)('%s', (_name, text, shown) => {
  it('is gone from text', () => {
    expect(plain(text)).toBe(shown)
    expect(plain(text)).not.toMatch(CONTROLS)
    expect(plainLine(`${text}\n\t${text}`)).not.toMatch(/[\n\t]/)
  })

  it('is an escape in JSON, and not lost', () => {
    const json = safeJson({ [text]: [text] })
    expect(json).not.toMatch(CONTROLS)
    expect(JSON.parse(json)).toEqual({ [text]: [text] })
  })
})

it('what people write stays as it is', () => {
  for (const text of ['tab\tand\nlines\n', 'naïve 日本語 العربية שלום 👩‍👩‍👧 e\u0301', '[31m is text'])
    expect(plain(text)).toBe(text)
})
