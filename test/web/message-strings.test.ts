import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { message } from '../../web/src/strings/en/message.ts'

test('each way in which a run fails has a sentence and what helps', () => {
  const protocol = readFileSync('PROTOCOL.md', 'utf8')
  const rows = [...protocol.matchAll(/^\|[^|]*\| (?:failed|aborted) \| `(\w+)` \|/gm)]
  const codes = [...new Set(rows.map(([, code]) => code!))].toSorted()
  expect(codes.length).toBeGreaterThan(15)
  expect(Object.keys(message.errors).toSorted()).toEqual(codes)
  for (const { what, help } of Object.values(message.errors)) {
    expect(what).toMatch(/^[A-Z].+\.$/)
    expect(help).toMatch(/^[A-Z].+\.$/)
  }
})
