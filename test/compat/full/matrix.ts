/** Every client, everything that can happen, everywhere; what comes of it is written down where somebody asks for it. */
import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { nameOf } from '../matrix.ts'
import { FULL, loadClients, playPlan } from '../plan.ts'
import { publish } from '../published.ts'
import { withTables } from '../report.ts'
import { startWorld } from '../world.ts'

test('clients end with what the database has, and the page says which do not', async () => {
  await using published = await publish()
  await using world = await startWorld()
  const clients = await loadClients(published)
  const results = await playPlan(world, clients, {
    ...FULL,
    seed: Number(process.env['COMPAT_SEED']),
  })
  for (const one of results)
    if (one.outcome.verdict !== 'same') console.log(`${nameOf(one)}: ${one.outcome.verdict}`)
  const path = process.env['COMPAT_WRITE']
  const page = await readFile(path ?? 'docs/compatibility.md', 'utf8')
  const made = withTables(page, clients, results)
  if (path === undefined) expect(made).toBe(page)
  else await writeFile(path, made)
  expect(results.length).toBeGreaterThan(1000)
})
