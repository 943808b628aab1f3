/** Deploys: processes that are told to end and started again, one after the other, while runs go on. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { finish, text, toolCall, type Turn } from '../support/fake-provider.ts'
import { messageParts } from '../support/engine.ts'
import { Tab } from '../support/run-client.ts'
import type { ServerProcess } from '../support/server-process.ts'
import {
  asks,
  firstWords,
  rowsOf,
  says,
  settledRow,
  silence,
  startFleet,
  stepOf,
  storedParts,
  type Fleet,
  type FleetEffect,
  type RunRows,
} from './fixtures/fleet.ts'
import type { Conversation } from './fixtures/world.ts'
import { eventually } from '../support/eventually.ts'

const RUNS = 12
/** Enough for a run to last through the restart of both processes. */
const STEPS = 10
const CHATS = Array.from({ length: RUNS }, (_, n) => `run ${n}`)

/** Each model call speaks for a fifth of a second; each step has two tools of 100 to 300 ms. */
const conversationOf = (chat: string, n: number): Conversation => [
  ...Array.from({ length: STEPS - 1 }, (_, step): Turn[] => [
    [
      text(`Step ${step}: `),
      silence(120),
      text('first I have to '),
      silence(80),
      ...['a', 'b'].map((tool, index) => {
        const name = `${chat} ${step}${tool}`
        const ms = 100 + ((n * 7 + step * 3 + index * 5) % 5) * 50
        return toolCall({ id: `call-${name}`, name: 'act', arguments: { name, ms }, index })
      }),
      finish('tool_calls'),
    ],
  ]),
  [says(`That was ${chat}.`)],
]

/** A reader that comes back, to any process that answers, until it has everything. */
const followToTheEnd = async (tab: Tab, servers: readonly ServerProcess[]): Promise<void> => {
  for (let attempt = 0; (await tab.closed()) !== 'done'; attempt++) {
    const { url } = servers[attempt % servers.length]!
    await eventually(() => tab.reconnect(url), { timeout: 10_000 }).catch(() => undefined)
  }
}

const begin = async (fleet: Fleet, url: string, chat: string, conversation: Conversation) => {
  fleet.teach({ [chat]: conversation })
  const tab = new Tab(chat.replaceAll(' ', '-'))
  await tab.ask(url, chat)
  return tab
}

type Restart = {
  readonly code: number | null
  /** Runs that it held to its end. */
  readonly kept: number
}

const restart = async ({ db }: Fleet, server: ServerProcess): Promise<Restart> => {
  const { pid } = server
  server.signal('SIGTERM')
  const code = await server.ended()
  const kept = await db
    .selectFrom('aiChatRuns')
    .select('id')
    .where('leaseHolder', 'like', `%:${pid}:%`)
    .execute()
  await server.start()
  return { code, kept: kept.length }
}

type Deployed = {
  readonly restarts: readonly Restart[]
  readonly tabs: readonly Tab[]
  readonly rows: readonly RunRows[]
  readonly effects: readonly FleetEffect[]
}

const deploy = async (fleet: Fleet): Promise<Deployed> => {
  const [a, b] = fleet.servers as [ServerProcess, ServerProcess]
  const tabs = await Promise.all(
    CHATS.map((chat, n) => begin(fleet, [a, b][n % 2]!.url, chat, conversationOf(chat, n))),
  )
  const following = tabs.map((tab, n) => followToTheEnd(tab, n % 2 ? [a, b] : [b, a]))
  await Promise.all(tabs.map((tab) => tab.until(({ type }) => type === 'tool-output-available')))
  const restarts = [await restart(fleet, a), await restart(fleet, b)]
  const rows = () => Promise.all(tabs.map((tab) => rowsOf(fleet, tab)))
  for (const tab of tabs) await settledRow(fleet, tab)
  await Promise.all(following)
  return { restarts, tabs, rows: await rows(), effects: await fleet.effects() }
}

describe('a rolling restart of two processes under load', () => {
  let fleet: Fleet
  let deployed: Deployed

  beforeAll(async () => {
    fleet = await startFleet(2)
    deployed = await deploy(fleet)
  }, 60_000)
  afterAll(() => fleet[Symbol.asyncDispose]())

  it('interrupts no run', () => {
    const inOrder = { code: 0, kept: 0 }
    expect(deployed.restarts).toEqual([inOrder, inOrder])
    for (const { run } of deployed.rows)
      expect(run).toMatchObject({ status: 'succeeded', error: null, stepCount: STEPS })
    // Else nothing was shown: runs have been in more than one process.
    expect(deployed.rows.filter(({ run }) => run.leaseEpoch > 1)).not.toEqual([])
  })

  it('counts as no attempt at them', () => {
    for (const { run } of deployed.rows) expect(run.attempt).toBeLessThanOrEqual(1)
  })

  it('asks the model once for each step', () => {
    const asked = fleet.provider.requests.map((call) => `${firstWords(call)}, ${stepOf(call)}`)
    const steps = CHATS.flatMap((chat) => Array.from({ length: STEPS }, (_, n) => `${chat}, ${n}`))
    expect(asked.toSorted()).toEqual(steps.toSorted())
  })

  it('lets each tool act once, to its end', () => {
    const calls = deployed.rows.flatMap((rows) => rows.calls)
    expect(calls).toHaveLength(RUNS * (STEPS - 1) * 2)
    expect(calls.filter(({ status }) => status !== 'succeeded')).toEqual([])
    const names = calls.map(({ toolCallId }) => toolCallId.replace('call-', ''))
    expect(deployed.effects.map(({ name }) => name).toSorted()).toEqual(names.toSorted())
  })

  it('shows every reader that comes back the stored message', async () => {
    for (const [n, tab] of deployed.tabs.entries())
      expect(await messageParts(tab.chunks)).toEqual(storedParts(deployed.rows[n]!))
  })
})

describe('a process that is told to end', () => {
  const inTool = async (fleet: Fleet) => {
    const name = `tool-${randomUUID()}`
    const turns = [[asks({ tool: 'repeat', name, gate: name })], [says('Done')]]
    const tab = await begin(fleet, fleet.servers[0]!.url, name, turns)
    await fleet.gates.gate(name).reached
    return { tab, name, open: fleet.gates.gate(name).release }
  }

  it('takes a signal that comes twice within a second for one', async () => {
    await using fleet = await startFleet(1)
    const [server] = fleet.servers as [ServerProcess]
    const { tab, name, open } = await inTool(fleet)
    server.signal('SIGTERM')
    await eventually(() => expect(server.said).toContain('SIGTERM'))
    server.signal('SIGTERM')
    server.signal('SIGINT')
    open()
    expect(await server.ended()).toBe(0)
    expect(await tab.closed()).toBe('broken')
    const { run, calls } = await rowsOf(fleet, tab)
    expect(run).toMatchObject({ status: 'running', leaseHolder: null, attempt: 0 })
    expect(calls).toMatchObject([{ status: 'succeeded' }])
    await server.start()
    expect(await settledRow(fleet, tab)).toMatchObject({ status: 'succeeded', attempt: 0 })
    expect(fleet.calls(name)).toHaveLength(2)
  })

  it('ends at once when it is told again, and its runs go on at the next start', async () => {
    await using fleet = await startFleet(1)
    const [server] = fleet.servers as [ServerProcess]
    const { tab, name, open } = await inTool(fleet)
    // Every signal within a second of the first one is the same; the first one after that is not.
    const again = setInterval(() => server.signal('SIGINT'), 250)
    expect(await server.ended()).toBe(1)
    clearInterval(again)
    expect(server.said).toContain('Stopping at once')
    expect(await tab.closed()).toBe('broken')
    expect((await rowsOf(fleet, tab)).calls).toMatchObject([{ status: 'started' }])
    open()
    await server.start()
    await tab.reconnect(server.url)
    expect(await settledRow(fleet, tab)).toMatchObject({ status: 'succeeded', leaseEpoch: 2 })
    expect(await tab.closed()).toBe('done')
    expect(await messageParts(tab.chunks)).toEqual(storedParts(await rowsOf(fleet, tab)))
    const keys = (await fleet.effects()).map(({ key }) => key)
    expect(keys).toHaveLength(2)
    expect(new Set(keys).size).toBe(1)
    expect(fleet.calls(name)).toHaveLength(2)
  })
})
