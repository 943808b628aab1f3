/** Processes that are told twice to end, while a run of theirs is in its model call. */
import { expect, it } from 'vitest'
import { messageParts } from '../support/engine.ts'
import { barrier, finish, text } from '../support/fake-provider.ts'
import { Tab } from '../support/run-client.ts'
import {
  asks,
  rowsOf,
  says,
  settledRow,
  startFleet,
  stepOf,
  storedParts,
} from './fixtures/fleet.ts'
import { eventually } from '../support/eventually.ts'

const FLEETS = {
  serve: [['serve'], ['serve']],
  work: [['serve', '--concurrency', '0'], ['work'], ['work']],
}

const textOf = ({ chunks }: Tab): string =>
  chunks.map((chunk) => (chunk.type === 'text-delta' ? chunk.delta : '')).join('')

it.each([
  ['serve', 'SIGTERM', 'SIGTERM'],
  ['serve', 'SIGINT', 'SIGTERM'],
  ['work', 'SIGTERM', 'SIGINT'],
  ['work', 'SIGINT', 'SIGINT'],
] as const)(
  'outlast %s ends at once after %s and %s, its run goes on elsewhere, and what had finished is not done again',
  async (role, first, second) => {
    await using fleet = await startFleet(FLEETS[role])
    const lost = barrier()
    const unfinished = [...text('I was about to '), lost, ...text('say more'), finish()]
    fleet.teach({ go: [[asks({ name: 'once' })], [unfinished, says('That was it.')]] })
    const tab = new Tab('twice')
    await tab.ask(fleet.servers[0]!.url, 'go')
    await tab.until(() => textOf(tab).endsWith('about to '))
    const { leaseHolder } = await fleet.run(tab.runId)
    const holder = fleet.servers.find(({ pid }) => leaseHolder?.includes(`:${pid}:`))!
    holder.signal(first)
    await eventually(() => expect(holder.said).toContain(`${first}: letting running steps end`))
    // Every signal within a second of the first one is the same; the first one after that is not.
    const again = setInterval(() => holder.signal(second), 250)
    expect(await holder.ended()).toBe(1)
    clearInterval(again)
    expect(holder.said).toContain('Stopping at once')
    // It did not wait for the call, and had no time to give the run back.
    expect(await fleet.run(tab.runId)).toMatchObject({
      status: 'running',
      leaseHolder,
      leaseEpoch: 1,
    })
    expect(fleet.calls('go').map(stepOf)).toEqual([0, 1])

    const reader = new Tab('twice')
    const survivor = fleet.servers.find((server) => server !== holder && server.url !== '')!
    await reader.attach(survivor.url, tab.runId)
    expect(await settledRow(fleet, tab)).toMatchObject({ status: 'succeeded', leaseEpoch: 2 })
    expect(await reader.closed()).toBe('done')
    const rows = await rowsOf(fleet, tab)
    expect(await messageParts(reader.chunks)).toEqual(storedParts(rows))
    expect(fleet.calls('go').map(stepOf)).toEqual([0, 1, 1])
    expect((await fleet.effects()).map(({ name }) => name)).toEqual(['once'])
  },
)
