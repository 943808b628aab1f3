import { globSync, readFileSync } from 'node:fs'
import { sep } from 'node:path'
import { expect, test } from 'vitest'
import { PAGE_RULES } from './support/page-rules.ts'
import { parseSource } from './support/syntax.ts'

const check = (path: string, text: string): string[] => {
  const source = parseSource(path, text)
  return PAGE_RULES.flatMap((rule) => rule(source))
}

test('the page keeps its rules', () => {
  const paths = globSync('web/src/**/*.{ts,tsx}').map((path) => path.split(sep).join('/'))
  expect(paths.length).toBeGreaterThan(0)
  expect(paths.flatMap((path) => check(path, readFileSync(path, 'utf8')))).toEqual([])
})

test.each([
  `import { createOutlastClient } from 'outlast/client'`,
  `import { useRun } from 'outlast/react'\nimport classes from './a.module.css'`,
  `import { Side } from '../layout/side.tsx'`,
  `const a = <p>{t('chat.title')} · 5</p>`,
  `const a = <Button variant="subtle" aria-label={t('common.close')} />`,
])('the page may say %j', (text) => {
  expect(check('web/src/chat/a.tsx', text)).toEqual([])
})

test.each([
  [`import { createOutlast } from 'outlast'`, 'may not import'],
  [`import { Http } from '../../../src/client/http.ts'`, 'may not import'],
  [`import { readFile } from 'node:fs'`, 'may not import'],
  [`const a = <p>Hello</p>`, 'belongs into web/src/strings'],
  [`const a = <p>{'Hello'}</p>`, 'belongs into web/src/strings'],
  [`const a = <img alt="A cat" />`, 'belongs into web/src/strings'],
  [`const a = <p dangerouslySetInnerHTML={{ __html: text }} />`, 'made by React only'],
  [`element.innerHTML = text`, 'made by React only'],
  [`document.write(text)`, 'made by React only'],
  [`// @ts-ignore because of reasons\nf()`, 'not ignored'],
])('the page may not say %j', (text, sentence) => {
  expect(check('web/src/chat/a.tsx', text)).toEqual([expect.stringContaining(sentence)])
})
