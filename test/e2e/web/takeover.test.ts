/** Two servers on one PostgreSQL: when one of them goes, the other one goes on, and the page hardly notices. */
import { afterAll, expect, test } from 'vitest'
import { barrier, finish, text, toolCall } from '../../support/fake-provider.ts'
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts'
import { answers, ask, atRest, tells, useFollowing, type Tab } from './following.ts'
import { expectSeamless } from './moments.ts'

const PATIENCE = { timeout: 20_000 }

let database: TestDatabase

const following = useFollowing({
  servers: async () => {
    database = await createTestDatabase()
    const env = { DATABASE_URL: database.url, OUTLAST_LEASE_MS: '2000' }
    return [env, env]
  },
})

afterAll(() => database?.[Symbol.asyncDispose]())

const ends = async (tab: Tab, ...texts: string[]) => {
  await answers(tab, ...texts)
  await atRest(tab)
  await expectSeamless(tab.page, await following.stored())
}

test('a server that is killed is replaced by another one in mid-answer', async () => {
  const gates = following.halves(2)
  const { network, servers } = following
  const [first, second] = servers
  const tab = await following.open()
  await ask(tab, 'Tell me')
  await answers(tab, 'The first half')
  tab.complaints.expect(/ERR_|50[234]/)
  network.to(second!.url)
  await first!.kill()
  await gates[1]!.reached
  await tells(tab, 'Continued by another worker: the one before was lost.')
  gates[1]!.release()
  await ends(tab, 'The first half and the rest.')
  await first!.start()
})

test('a server that is shut down ends its step, and another one goes on', async () => {
  const gate = following.gate()
  following.provider.script([
    [
      text('The first half'),
      barrier(gate),
      toolCall({ id: 'k1', name: 'calculate', arguments: { expression: '2+3' } }),
      finish('tool_calls'),
    ],
    [text('The rest.'), finish()],
  ])
  const { network, servers } = following
  const [first, second] = servers
  const tab = await following.open()
  await ask(tab, 'Tell me')
  await answers(tab, 'The first half')
  tab.complaints.expect(/ERR_|50[234]/)
  network.to(second!.url)
  first!.signal('SIGTERM')
  await expect.poll(() => fetch(first!.url).catch(() => 'gone'), PATIENCE).toBe('gone')
  gate.release()
  await tells(tab, 'Continued by another worker: the one before was shut down.')
  await ends(tab, 'The first half', 'The rest.')
  await first!.ended()
  await first!.start()
})
