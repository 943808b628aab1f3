import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { LIMIT_NAMES, LIMITS, limitSetting } from '../../src/domain/limits.ts'

it('docs/limits.md has each limit with its variable and its default, and no other', async () => {
  const page = await readFile(new URL('../../docs/limits.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `(\w+)` \| `(\w+)` \| ([\d,]+|none) \|/gm)]
  const documented = rows.map(([, name, setting, standard = '']) => [
    name,
    setting,
    standard === 'none' ? Number.POSITIVE_INFINITY : Number(standard.replaceAll(',', '')),
  ])
  const actual = LIMIT_NAMES.map((name) => [name, limitSetting(name), LIMITS[name].standard])
  expect(documented).toEqual(actual)
})
