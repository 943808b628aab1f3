/** A run that brings down each process that executes it is given up, and the others go on. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { finish, text, toolCall, type Turn } from '../support/fake-provider.ts'
import { Tab } from '../support/run-client.ts'
import type { ServerProcess } from '../support/server-process.ts'
import {
  asks,
  rowsOf,
  says,
  settledRow,
  silence,
  startFleet,
  type Fleet,
  type FleetEffect,
  type RunRows,
} from './fixtures/fleet.ts'
import type { Conversation } from './fixtures/world.ts'

/** Claims without progress after which a run is given up. */
const MAX_ATTEMPTS = 3

/** A step takes longer than the poisoned run lets a process live. */
const SLOW: Conversation = [[[text('Let me think. '), silence(6000), text('Yes.'), finish()]]]

const BUSY: Conversation = [
  ...Array.from({ length: 12 }, (_, step): Turn[] => [
    [
      silence(200),
      toolCall({ id: `call-${step}`, name: 'act', arguments: { name: `${step}`, ms: 200 } }),
      finish('tool_calls'),
    ],
  ]),
  [says('That was it.')],
]

const CONVERSATIONS: Readonly<Record<string, Conversation>> = {
  'slow one': SLOW,
  'slow two': SLOW,
  'busy one': BUSY,
  'busy two': BUSY,
  poison: [[asks({ tool: 'repeat', name: 'poison', poison: true })], [says('never')]],
}

/** Starts a process again whenever it dies. */
const supervise = (server: ServerProcess, onDeath: () => void): (() => Promise<void>) => {
  let over = false
  const watch = async () => {
    while (!over) {
      await server.ended()
      if (over) return
      onDeath()
      await server.start()
    }
  }
  const watching = watch()
  return async () => {
    over = true
    await server.kill()
    await watching
  }
}

let fleet: Fleet
const rows = new Map<string, RunRows>()
let deaths = 0
let effects: readonly FleetEffect[]

beforeAll(async () => {
  fleet = await startFleet(2)
  fleet.teach(CONVERSATIONS)
  const tabs = new Map<string, Tab>()
  for (const [n, words] of Object.keys(CONVERSATIONS).entries()) {
    const tab = new Tab(words.replace(' ', '-'))
    tabs.set(words, tab)
    await tab.ask(fleet.servers[n % 2]!.url, words)
  }
  const ends = fleet.servers.map((server) => supervise(server, () => (deaths += 1)))
  for (const tab of tabs.values()) await settledRow(fleet, tab)
  for (const [words, tab] of tabs) rows.set(words, await rowsOf(fleet, tab))
  effects = await fleet.effects()
  for (const end of ends) await end()
}, 60_000)

afterAll(() => fleet[Symbol.asyncDispose]())

it('a run that brings down its processes is given up after as many attempts as any other', () => {
  const { run, calls, steps } = rows.get('poison')!
  expect(run).toMatchObject({ status: 'failed', errorCode: 'recovery_exhausted' })
  expect(steps).toHaveLength(1)
  expect(calls).toMatchObject([{ status: 'unknown' }])
  // The first process journaled the step before it died: that was progress.
  const acts = effects.filter(({ name }) => name === 'poison')
  expect(acts).toHaveLength(1 + MAX_ATTEMPTS)
  expect(new Set(acts.map(({ key }) => key)).size).toBe(1)
  expect(deaths).toBe(1 + MAX_ATTEMPTS)
})

it.each(Object.keys(CONVERSATIONS).filter((words) => words !== 'poison'))(
  'a run that was in the same processes goes on: %s',
  (words) => {
    const { run, message } = rows.get(words)!
    expect(run).toMatchObject({ status: 'succeeded', error: null })
    expect(message.status).toBe('completed')
  },
)
