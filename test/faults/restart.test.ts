/** A server that is killed, and what is left to see from outside when it has been started again. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AiChatRunRepo, type OutlastDatabase } from '../../src/index.ts'
import { messageParts } from '../support/engine.ts'
import { settledRun, Tab, type Latest } from '../support/run-client.ts'
import { holdRows } from './fixtures/held-rows.ts'
import { HELD_ROWS, momentsOf, type Moment } from './fixtures/moments.ts'
import { startWorld, type Effect, type Kind, type World } from './fixtures/world.ts'
import { eventually } from '../support/eventually.ts'

const KINDS: Kind[] = ['the embedded database', 'PostgreSQL']

type Killed = {
  readonly world: World
  readonly tabs: ReadonlyMap<string, Tab>
  readonly latest: ReadonlyMap<string, Latest>
  readonly effects: readonly Effect[]
  /** The first lease of the dead process to lapse does so now. */
  readonly lapse: Date
  readonly left: Awaited<ReturnType<typeof lookAround>>
}

const STOPPED = 'in mid-text, and then stopped'

const chatOf = ({ name }: Moment): string => name.replaceAll(/\W+/g, '-')

/** One process that executes a run for each moment is killed once, when all of them are there. */
const killAtEveryMoment = async (kind: Kind, stack: AsyncDisposableStack): Promise<Killed> => {
  const world = stack.use(await startWorld(kind))
  const { server, databaseUrl } = world
  const moments = momentsOf(kind)
  world.teach(Object.fromEntries(moments.map(({ name, conversation }) => [name, conversation])))
  const held = databaseUrl ? stack.use(await holdRows(databaseUrl, HELD_ROWS)) : undefined
  const tabs = new Map(moments.map((moment) => [moment.name, new Tab(chatOf(moment))]))
  for (const { name, reached } of moments) {
    await tabs.get(name)!.ask(server.url, name)
    await reached(world, tabs.get(name)!)
  }
  if (held) await eventually(async () => expect(await held.waiting()).toBe(HELD_ROWS.length))

  await server.kill()
  await held?.release()
  world.gates.openAll()
  for (const tab of tabs.values()) expect(await tab.closed()).toBe('broken')
  const lapse = await leaveBehind(world, kind, tabs.get(STOPPED)!.runId)
  await server.start()

  await Promise.all([...tabs.values()].map((tab) => tab.reconnect(server.url)))
  const latest = new Map<string, Latest>()
  for (const { name } of moments)
    latest.set(name, await settledRun(server.url, tabs.get(name)!.chatId))
  for (const tab of tabs.values()) await tab.closed()
  server.signal('SIGTERM')
  expect(await server.ended()).toBe(0)
  const left = await world.withDatabase(lookAround)
  return { world, tabs, latest, effects: await world.effects(), lapse, left }
}

/** What happens to the database while no process runs: a stop, and leases that would last for long. */
const leaveBehind = async (world: World, kind: Kind, stopped: string): Promise<Date> =>
  world.withDatabase(async (db) => {
    expect(await new AiChatRunRepo(db).markStopRequested(stopped, 'default')).toBeDefined()
    // In its own folder a process does not have to wait until the leases of a dead one lapse.
    if (kind === 'the embedded database')
      await db
        .updateTable('aiChatRuns')
        .set({ leaseExpiresAt: new Date(Date.now() + 3_600_000) })
        .execute()
    const runs = await db.selectFrom('aiChatRuns').select('leaseExpiresAt').execute()
    return runs.map(({ leaseExpiresAt }) => leaseExpiresAt!).sort((a, b) => +a - +b)[0]!
  })

const lookAround = async (db: OutlastDatabase) => ({
  runs: await db.selectFrom('aiChatRuns').selectAll().execute(),
  openCalls: await db
    .selectFrom('aiChatRunToolCalls')
    .select('toolCallId')
    .where('status', '=', 'started')
    .execute(),
})

let stack: AsyncDisposableStack
const killed = new Map<Kind, Killed>()

beforeAll(async () => {
  stack = new AsyncDisposableStack()
  await Promise.all(
    KINDS.map(async (kind) => killed.set(kind, await killAtEveryMoment(kind, stack))),
  )
}, 90_000)

afterAll(() => stack.disposeAsync())

describe.each(KINDS)('a run that was killed on %s', (kind) => {
  it.each(momentsOf(kind))('$name makes no journaled model call again', (moment) => {
    const { world, latest } = killed.get(kind)!
    expect(latest.get(moment.name)!.run).toMatchObject({
      status: moment.status ?? 'succeeded',
      error: null,
    })
    expect(world.calls(moment.name)).toHaveLength(moment.calls)
  })

  it.each(momentsOf(kind))(
    '$name gives the reader that comes back the stored message',
    async (moment) => {
      const { tabs, latest } = killed.get(kind)!
      const tab = tabs.get(moment.name)!
      const { message } = latest.get(moment.name)!
      expect(await tab.closed()).toBe('done')
      expect(tab.chunks[0]).toMatchObject({ type: 'start', messageId: message.id })
      expect(await messageParts(tab.chunks)).toEqual(message.parts)
    },
  )

  it.each(momentsOf(kind).filter(({ effects }) => effects))(
    '$name executes no tool twice that is not idempotent',
    (moment) => {
      const { effects } = killed.get(kind)!
      const own = effects.filter(({ name }) => moment.effects!.includes(name))
      expect(own.map(({ name }) => name).toSorted()).toEqual(moment.effects)
      expect(new Set(own.map(({ key }) => key)).size).toBe(new Set(moment.effects).size)
    },
  )

  it.each(momentsOf(kind).filter(({ told }) => told))(
    '$name tells the model what is known of its calls',
    ({ name, told }) => {
      const { world } = killed.get(kind)!
      const { messages } = world.calls(name).at(-1)!.body
      const results = messages.filter(({ role }) => role === 'tool').map(({ content }) => content)
      expect(results).toEqual(told!.map((text) => expect.stringMatching(text)))
    },
  )

  it('leaves nothing that seems to go on', () => {
    const { left, tabs } = killed.get(kind)!
    expect(left.runs.map(({ status }) => status).filter((status) => status === 'running')).toEqual(
      [],
    )
    expect(left.runs).toHaveLength(tabs.size)
    expect(left.runs.every(({ finishedAt, leaseHolder }) => finishedAt && !leaseHolder)).toBe(true)
    expect(left.openCalls).toEqual([])
  })
})

it('in its own folder a process waits for no lease; in a shared database it waits for each', () => {
  const embedded = killed.get('the embedded database')!
  for (const { finishedAt } of embedded.left.runs)
    expect(+finishedAt!).toBeLessThan(+embedded.lapse)
  const shared = killed.get('PostgreSQL')!
  for (const { finishedAt } of shared.left.runs)
    expect(+finishedAt!).toBeGreaterThanOrEqual(+shared.lapse)
})
