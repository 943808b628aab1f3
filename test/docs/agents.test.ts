import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { SUPPORTED_OPTIONS } from '../../src/agent/define-agent.ts'
import { REFUSED_OPTIONS } from '../../src/agent/refused-options.ts'
import { rowsBelow } from '../support/tables.ts'

test('docs/agents.md has every option, and whether it is supported', async () => {
  const rows = rowsBelow(await readFile('docs/agents.md', 'utf8'), 'Options').slice(1)
  const documented = (verdict: string) =>
    rows
      .filter(([, said]) => said === verdict)
      .flatMap(([names = '']) => names.split(', ').map((name) => name.replaceAll('`', '')))
  expect(documented('yes').toSorted()).toEqual(SUPPORTED_OPTIONS.toSorted())
  expect(documented('refused').toSorted()).toEqual(Object.keys(REFUSED_OPTIONS).toSorted())
})

test('docs/agents.md names the lowest version of ai that the tests run on', async () => {
  const { devDependencies } = JSON.parse(await readFile('package.json', 'utf8')) as {
    devDependencies: Record<string, string>
  }
  const lowest = devDependencies['ai-lowest']?.replace('npm:ai@', '')
  expect(await readFile('docs/agents.md', 'utf8')).toContain(`\`ai\` from ${lowest} on`)
})
