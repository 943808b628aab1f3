/** A process that is frozen (SIGSTOP) beyond its leases, and wakes (SIGCONT) when another one has gone on without it. */
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { barrier, finish, text } from '../support/fake-provider.ts'
import { messageParts } from '../support/engine.ts'
import { stopRun, Tab } from '../support/run-client.ts'
import type { ServerProcess } from '../support/server-process.ts'
import {
  asks,
  rowsOf,
  says,
  settledRow,
  startFleet,
  storedParts,
  type Fleet,
  type FleetEffect,
  type RunRows,
} from './fixtures/fleet.ts'
import { freezingMoments, HELD, HELD_WRITES, type FrozenMoment } from './fixtures/freezing.ts'
import { slowRows } from './fixtures/slow-rows.ts'
import type { Conversation } from './fixtures/world.ts'
import { eventually } from '../support/eventually.ts'

type Rows = ReadonlyMap<string, RunRows>

type Frozen = {
  readonly tabs: ReadonlyMap<string, Tab>
  /** What the database had of each run before the thaw, after it, and in the end. */
  readonly before: Rows
  readonly after: Rows
  readonly end: Rows
  readonly effects: readonly FleetEffect[]
}

const MOMENTS = freezingMoments()

const ask = async (fleet: Fleet, url: string, name: string, conversation: Conversation) => {
  fleet.teach({ [name]: conversation })
  const tab = new Tab(name.replaceAll(/\W+/g, '-'))
  await tab.ask(url, name)
  return tab
}

const rowsOfAll = async (fleet: Fleet, tabs: ReadonlyMap<string, Tab>): Promise<Rows> => {
  const rows = new Map<string, RunRows>()
  for (const [name, tab] of tabs) rows.set(name, await rowsOf(fleet, tab))
  return rows
}

/** The other process has settled the run, or is where the test wants it. */
const takenOver = (fleet: Fleet, { progress, other }: FrozenMoment, tab: Tab) =>
  progress === 'is at it' ? other.barrier.reached : settledRow(fleet, tab)

const hungUp = async ({ provider, calls }: Fleet, { words, unanswered }: FrozenMoment) =>
  unanswered === undefined
    ? undefined
    : provider.connectionClosed(provider.requests.indexOf(calls(words)[unanswered]!))

/** One process that executes a run for each moment is frozen once, when all of them are there. */
const freezeAtEveryMoment = async (fleet: Fleet): Promise<Frozen> => {
  const [frozen, other] = fleet.servers as [ServerProcess, ServerProcess]
  await using rows = await slowRows(fleet.databaseUrl, HELD)
  const tabs = new Map<string, Tab>()
  const tabOf = ({ words }: FrozenMoment) => tabs.get(words)!
  for (const moment of MOMENTS) {
    const tab = await ask(fleet, frozen.url, moment.words, moment.conversation)
    tabs.set(moment.words, tab)
    await moment.reached(fleet, tab)
  }
  await eventually(async () => expect(await rows.waiting()).toBe(HELD_WRITES))

  frozen.signal('SIGSTOP')
  await rows.letGo()
  fleet.gates.openAll()
  for (const moment of MOMENTS) {
    moment.meanwhile?.()
    if (moment.stopped) expect(await stopRun(other.url, { runId: tabOf(moment).runId })).toBe(true)
  }
  for (const moment of MOMENTS) await takenOver(fleet, moment, tabOf(moment))
  const before = await rowsOfAll(fleet, tabs)
  for (const tab of tabs.values()) expect(tab.ended).toBeUndefined()

  frozen.signal('SIGCONT')
  await Promise.all(MOMENTS.map((moment) => hungUp(fleet, moment)))
  // What the others had to say when they woke is said by the time a whole run has come and gone.
  const fresh = await ask(fleet, frozen.url, 'fresh', [[asks({ name: 'fresh' })], [says('Well')]])
  await settledRow(fleet, fresh)
  const after = await rowsOfAll(fleet, tabs)

  for (const moment of MOMENTS) moment.other.barrier.release()
  tabs.set('fresh', fresh)
  for (const tab of tabs.values()) {
    await settledRow(fleet, tab)
    await tab.closed()
  }
  const end = await rowsOfAll(fleet, tabs)
  return { tabs, before, after, end, effects: await fleet.effects() }
}

/** Without what a living holder changes when it renews its lease. */
const resting = ({ run, ...rest }: RunRows) => ({
  ...rest,
  run: { ...run, ...(run.finishedAt ? {} : { leaseExpiresAt: null, updatedAt: null }) },
})

let stack: AsyncDisposableStack
let fleet: Fleet
let frozen: Frozen

beforeAll(async () => {
  stack = new AsyncDisposableStack()
  fleet = stack.use(await startFleet(2))
  frozen = await freezeAtEveryMoment(fleet)
}, 60_000)

afterAll(() => stack.disposeAsync())

const speaks = (hold: ReturnType<typeof barrier>) => [text('Once upon a'), hold, finish()]

const settledWell = async (tab: Tab): Promise<RunRows> => {
  expect((await settledRow(fleet, tab)).status).toBe('succeeded')
  expect(await tab.closed()).toBe('done')
  const rows = await rowsOf(fleet, tab)
  expect(await messageParts(tab.chunks)).toEqual(storedParts(rows))
  return rows
}

describe('a run whose process is frozen', () => {
  it.each(MOMENTS)('$name is taken over; the other $progress', ({ words, stopped }) => {
    const { run } = frozen.before.get(words)!
    expect(run).toMatchObject({ leaseEpoch: 2, error: null })
    expect(frozen.end.get(words)!.run.status).toBe(stopped ? 'aborted' : 'succeeded')
  })

  it.each(MOMENTS)('$name is not changed when it wakes; the other $progress', ({ words }) => {
    const [before, after] = [frozen.before.get(words)!, frozen.after.get(words)!]
    expect(resting(after)).toEqual(resting(before))
  })

  it.each(MOMENTS)('$name repeats nothing; the other $progress', (moment) => {
    const { calls } = frozen.end.get(moment.words)!
    expect(fleet.calls(moment.words)).toHaveLength(moment.calls)
    const names = calls.map(({ toolCallId }) => toolCallId.replace('call-', ''))
    const own = frozen.effects.filter(({ name }) => names.includes(name))
    const whose = own.map(({ pid }) => (pid === fleet.servers[0]!.pid ? 'frozen' : 'other'))
    expect(whose.toSorted()).toEqual(moment.effects)
    expect(new Set(own.map(({ key }) => key)).size).toBe(own.length > 0 ? 1 : 0)
  })

  it.each(MOMENTS)(
    '$name shows its reader the stored message; the other $progress',
    async ({ words, reset = false }) => {
      const tab = frozen.tabs.get(words)!
      expect(await tab.closed()).toBe('done')
      expect(await messageParts(tab.chunks)).toEqual(storedParts(frozen.end.get(words)!))
      if (reset) expect(tab.chunks).toContainEqual({ type: 'reset-step' })
    },
  )

  it('comes to itself and executes new runs', async () => {
    const { run } = frozen.end.get('fresh')!
    expect(run).toMatchObject({ status: 'succeeded', leaseEpoch: 1, stepCount: 2 })
    expect(frozen.effects.find(({ name }) => name === 'fresh')!.pid).toBe(fleet.servers[0]!.pid)
  })
})

describe('two processes that are frozen', () => {
  it('one after the other give a run to each other, and it ends once', async () => {
    const [one, two] = fleet.servers as [ServerProcess, ServerProcess]
    const holds = [barrier(), barrier()] as const
    const turns = [...holds.map(speaks), says('The end')]
    const tab = await ask(fleet, one.url, 'to and fro', [turns])
    await holds[0].barrier.reached
    one.signal('SIGSTOP')
    await holds[1].barrier.reached
    one.signal('SIGCONT')
    await fleet.provider.connectionClosed(callOf('to and fro', 0))
    two.signal('SIGSTOP')
    await settledRow(fleet, tab)
    const before = await rowsOf(fleet, tab)
    two.signal('SIGCONT')
    await fleet.provider.connectionClosed(callOf('to and fro', 1))
    await settledWell(await ask(fleet, two.url, 'as if nothing were', [[says('Yes?')]]))
    expect(await settledWell(tab)).toEqual(before)
    expect(before.run).toMatchObject({ leaseEpoch: 3, stepCount: 1 })
    expect(fleet.calls('to and fro')).toHaveLength(3)
  }, 30_000)

  it('at the same time go on with what each of them has', async () => {
    const [one, two] = fleet.servers as [ServerProcess, ServerProcess]
    const holds = [barrier(), barrier(), barrier()] as const
    const back = barrier()
    const first = await ask(fleet, one.url, 'the first has it', [[speaks(holds[0])]])
    const second = await ask(fleet, two.url, 'the second has it', [[speaks(holds[1])]])
    // A run that has been given back: whoever looks for work takes it, and has passed by the older ones.
    const idle = await ask(fleet, two.url, 'nobody has it', [
      [speaks(holds[2]), [back, ...says('Mine')]],
    ])
    await Promise.all(holds.map(({ barrier: { reached } }) => reached))
    one.signal('SIGSTOP')
    two.signal('SIGSTOP')
    await giveBack(idle)
    await eventually(async () => expect(await lapsed([first, second])).toBe(2))
    one.signal('SIGCONT')
    await back.barrier.reached
    two.signal('SIGCONT')
    for (const { barrier: hold } of [...holds, back]) hold.release()
    for (const tab of [first, second]) {
      const { run } = await settledWell(tab)
      expect(run).toMatchObject({ leaseEpoch: 1, stepCount: 1 })
      expect(fleet.calls(tab === first ? 'the first has it' : 'the second has it')).toHaveLength(1)
    }
    expect((await settledRow(fleet, idle)).leaseEpoch).toBe(2)
  }, 30_000)
})

const callOf = (words: string, time: number): number =>
  fleet.provider.requests.indexOf(fleet.calls(words)[time]!)

const giveBack = ({ runId }: Tab) =>
  fleet.db
    .updateTable('aiChatRuns')
    .set({ leaseHolder: null, leaseExpiresAt: null })
    .where('id', '=', runId)
    .execute()

/** How many of the runs have a lease that is over. */
const lapsed = async (tabs: readonly Tab[]): Promise<number> => {
  const { rows } = await sql<{ n: number }>`
    SELECT count(*)::int AS n FROM outlast.ai_chat_runs
    WHERE lease_expires_at < now() AND id = ANY(${tabs.map(({ runId }) => runId)})`.execute(
    fleet.db,
  )
  return rows[0]!.n
}
