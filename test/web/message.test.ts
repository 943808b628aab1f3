/** The small decisions about what others said: addresses, names, formulas, states of calls. */
import { expect, test } from 'vitest'
import { destinationOf, isOwnImage } from '../../web/src/message/addresses.ts'
import { briefOf } from '../../web/src/message/brief.ts'
import { callState, type ToolPart } from '../../web/src/message/call-state.ts'
import { bytesOf, sizeOf } from '../../web/src/message/data-url.ts'
import { mathDelimiters } from '../../web/src/message/math-delimiters.ts'
import { plainName } from '../../web/src/message/names.ts'

test.each([
  ['https://example.com/a?b#c', { href: 'https://example.com/a?b#c', host: 'example.com' }],
  ['https://good.example@evil.example/', { href: 'https://evil.example/', host: 'evil.example' }],
  ['https://аррӏе.com', { href: 'https://xn--80ak6aa92e.com/', host: 'xn--80ak6aa92e.com' }],
  ['mailto:a@example.com', { href: 'mailto:a@example.com', host: 'a@example.com' }],
  ['/ai-chat/files/a-1', { href: '/ai-chat/files/a-1', host: undefined }],
])('%s leads where it says', (url, destination) => {
  expect(destinationOf(url)).toEqual(destination)
})

test.each([
  undefined,
  '',
  '#content',
  '/ai-chat/stop',
  '/ai-chat/files/../stop',
  '/ai-chat/files/a?b',
  '//evil.example/a',
  'javascript:alert(1)',
  ' JAVASCRIPT:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,x',
  'vbscript:x',
  'file:///etc/passwd',
  'blob:https://evil.example/x',
  'ftp://example.com',
])('%j leads nowhere', (url) => {
  expect(destinationOf(url)).toBeUndefined()
})

test('only images that are here already are shown', () => {
  expect(isOwnImage('data:image/png;base64,AAAA')).toBe(true)
  expect(isOwnImage('/ai-chat/files/abc')).toBe(true)
  expect(isOwnImage('data:text/html,<img>')).toBe(false)
  expect(isOwnImage('https://example.com/a.png')).toBe(false)
  expect(isOwnImage('/ai-chat/files/../runs')).toBe(false)
})

test('a name that would look like another one shows that it does', () => {
  expect(plainName('photo\u202Egpj.exe')).toBe('photo\uFFFDgpj.exe')
  expect(plainName('a'.repeat(300))).toHaveLength(201)
})

test('an input is one short line, whatever its keys are', () => {
  expect(briefOf({ path: 'README.md' })).toBe('README.md')
  expect(briefOf({ why: 'no', depth: 2 })).toBe('why: no, depth: 2')
  expect(briefOf(JSON.parse('{"__proto__":{"a":1},"constructor":"x"}'))).toBe(
    '__proto__: {…}, constructor: x',
  )
  expect(briefOf('x'.repeat(1_000_000)).length).toBeLessThan(100)
  expect(briefOf(undefined)).toBe('')
})

test('formulas of either kind are formulas, and code is left alone', () => {
  expect(mathDelimiters('a \\(x\\) b')).toBe('a $$x$$ b')
  expect(mathDelimiters('\\[\nx\n\\]')).toBe('$$\nx\n$$')
  expect(mathDelimiters('  \\[x\\]')).toBe('  $$\n  x\n  $$')
  expect(mathDelimiters('`\\(x\\)` and ```\n\\[x\\]\n```')).toBe('`\\(x\\)` and ```\n\\[x\\]\n```')
})

test('what a data URL holds is known without fetching it', () => {
  expect(sizeOf('data:text/plain;base64,eHl6')).toBe(3)
  expect(sizeOf('https://example.com')).toBeUndefined()
  expect(new TextDecoder().decode(bytesOf('data:text/plain;base64,eHl6'))).toBe('xyz')
})

const part = (rest: object) =>
  ({ type: 'dynamic-tool', toolName: 'a', toolCallId: '1', input: {}, ...rest }) as ToolPart
const failed = (errorText: string) => part({ state: 'output-error', errorText })

test.each([
  ['running', part({ state: 'input-available' }), 'running'],
  ['output', part({ state: 'input-available' }), 'waiting'],
  ['approval', part({ state: 'approval-requested', approval: { id: '1' } }), 'waiting'],
  ['running', part({ state: 'output-available', preliminary: true, output: 1 }), 'running'],
  ['done', part({ state: 'output-available', output: 1 }), 'running'],
  ['denied', part({ state: 'output-denied' }), 'succeeded'],
  ['failed', failed('It broke.'), 'succeeded'],
  ['failed', failed('__proto__'), 'succeeded'],
  ['unknown', failed('The call was interrupted; its outcome is unknown.'), 'succeeded'],
  ['skipped', failed('The call was not executed: the run ended first.'), 'aborted'],
  ['interrupted', failed('The call was interrupted before its input was complete.'), 'failed'],
] as const)('a call is %s', (state, call, status) => {
  expect(callState(call, { isStreaming: false, run: { status } })).toBe(state)
})

test('an open call whose run is not known yet waits, for only a run that waits leaves one open', () => {
  const asked = part({ state: 'approval-requested', approval: { id: '1' } })
  expect(callState(asked, { isStreaming: false, run: undefined })).toBe('approval')
  const given = part({ state: 'input-available' })
  expect(callState(given, { isStreaming: false, run: undefined })).toBe('output')
})
