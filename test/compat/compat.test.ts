/** Real clients of many versions, through what networks and servers do: what docs/compatibility.md says of them is so. */
import { readFile } from 'node:fs/promises'
import { beforeAll, expect, test } from 'vitest'
import { MAIN_VERSIONS } from './kits.ts'
import { isWorse, nameOf, verdictOf, type Result } from './matrix.ts'
import type { Client } from './page.ts'
import { loadClients, playPlan, QUICK, WITHIN } from './plan.ts'
import { publish } from './published.ts'
import { documented, TABLES } from './report.ts'
import { startWorld } from './world.ts'

let clients: readonly Client[]
let results: readonly Result[]
let page: string

beforeAll(async () => {
  await using published = await publish()
  clients = await loadClients(published)
  page = await readFile('docs/compatibility.md', 'utf8')
  await using world = await startWorld()
  results = await playPlan(world, clients, QUICK)
}, 600_000)

const said = (client: Client, happening: string) => documented(page, client).get(happening)

test('docs/compatibility.md has every client and everything that happens to it', () => {
  for (const client of clients)
    for (const happening of TABLES.flatMap(({ columns }) => columns))
      expect(
        said(client, happening),
        `${client.name} ${client.version}: ${happening}`,
      ).toBeDefined()
})

test('no client does worse than docs/compatibility.md says', () => {
  const worse = results.filter(({ client, happening, outcome }) =>
    isWorse(outcome.verdict, said(client, happening)!),
  )
  expect(worse.map((one) => ({ case: nameOf(one), ...one.outcome }))).toEqual([])
})

test('what docs/compatibility.md says against a client is so', () => {
  const known = (client: Client, happening: string) =>
    happening in WITHIN ||
    (happening.startsWith('cut') && MAIN_VERSIONS.includes(client.version ?? ''))
  for (const client of clients)
    for (const happening of TABLES.flatMap(({ columns }) => columns))
      if (known(client, happening))
        expect(
          verdictOf(results, client, happening),
          `${client.name} ${client.version}: ${happening}`,
        ).toBe(said(client, happening))
})

test('a page that is loaded again is right on every version', () => {
  const happenings = ['whole turn', 'reload', 'cut, reload', 'second tab']
  const wrong = results.filter(
    ({ happening, outcome }) => happenings.includes(happening) && outcome.verdict !== 'same',
  )
  expect(wrong.map(nameOf)).toEqual([])
})
