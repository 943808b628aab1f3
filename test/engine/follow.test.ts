/** Following: what is told although nobody said it, what it costs, and what is left when followers have gone. */
import { tool } from 'ai'
import pg from 'pg'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import type { FeedNews, RunPlace } from '../../src/engine/api.ts'
import type { Engine } from '../../src/engine/engine.ts'
import type { WorkerPorts } from '../../src/engine/workers/worker.ts'
import type { Principal } from '../../src/domain/run.ts'
import { createBarrier } from '../support/barrier.ts'
import { testOutlast, withFastClock, type TestOutlast } from '../support/engine.ts'
import { outageProxy } from '../support/outage-proxy.ts'
import { createMigratedDatabase } from '../support/postgres.ts'
import { finishPart, scriptedModel, textParts, toolCallParts } from '../support/scripted-model.ts'
import { eventually } from '../support/eventually.ts'

vi.setConfig({ testTimeout: 120_000 })

const OWNER = { workspaceId: 'w1', userId: 'u1' }

const talker = (gate = createBarrier()) => {
  const model = scriptedModel(async function* (_call, { prompt }) {
    yield* textParts('Hello')
    if (JSON.stringify(prompt.at(-1)).includes('wait')) await gate.wait()
    yield finishPart()
  })
  return { gate, agent: defineAgent({ name: 'a', model }) }
}

type Of<Type> = Extract<FeedNews, { readonly type: Type }>

/** Takes what it is told at once, unless it is asked to be slow. */
class Listener implements AsyncDisposable {
  readonly told: FeedNews[] = []
  readonly #leaving = new AbortController()
  readonly #reading: Promise<void>
  #at = 0

  constructor(
    engine: Engine,
    {
      owner = OWNER,
      chats = [],
      runs = [],
    }: Partial<{ owner: Principal; chats: string[]; runs: RunPlace[] }> = {},
  ) {
    this.#reading = this.#read(engine.follow(owner, { chats, runs })(this.#leaving.signal))
  }

  async next<Type extends FeedNews['type']>(
    type: Type,
    fits: (news: Of<Type>) => boolean = () => true,
  ): Promise<Of<Type>> {
    const found = () =>
      this.told.findIndex(
        (one, index) => index >= this.#at && one.type === type && fits(one as Of<Type>),
      )
    await vi.waitUntil(() => found() >= 0, { timeout: 40_000, interval: 20 })
    this.#at = found() + 1
    return this.told[this.#at - 1] as Of<Type>
  }

  async #read(feed: AsyncIterable<readonly FeedNews[]>): Promise<void> {
    for await (const news of feed) this.told.push(...news)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving.abort()
    await this.#reading
  }
}

const isNow = (status: string) => (news: Of<'run'>) => news.run?.status === status

/** Two processes on one database, each with a bus of its own: neither hears the other. */
const twoProcesses = async (agent = talker().agent) => {
  const database = await createMigratedDatabase()
  const open = () => testOutlast([agent], { database: { url: database.url } })
  const [here, there] = [await open(), await open()]
  return {
    here,
    there,
    async [Symbol.asyncDispose]() {
      await here.close()
      await there.close()
      await database[Symbol.asyncDispose]()
    },
  }
}

const say = (outlast: TestOutlast, chatId: string, text: string) => outlast.ask(text, chatId)

describe('what another process does', () => {
  it('is told without the bus: a run that begins, and that settles, in a new chat and a known one', async () => {
    const { gate, agent } = talker()
    await using world = await twoProcesses(agent)
    const { here, there } = world
    await using listener = new Listener(here.engine, { chats: ['c1'] })
    await listener.next('run', ({ run }) => run === null)
    const first = await say(there, 'c1', 'Hello')
    await listener.next('run', (news) => news.run?.id === first.id && isNow('succeeded')(news))
    const second = await say(there, 'c1', 'wait')
    const { question, previousMessageId } = await listener.next(
      'run',
      (news) => news.run?.id === second.id && isNow('running')(news),
    )
    expect(question).toMatchObject({ parts: [{ text: 'wait' }] })
    expect(previousMessageId).toBe(first.assistantMessageId)
    gate.release()
    await listener.next('run', isNow('succeeded'))
    await say(there, 'other', 'Hello')
    const { chat } = await listener.next(
      'state',
      (news) => news.chat.id === 'other' && news.chat.latestRun?.status === 'succeeded',
    )
    expect(chat).toMatchObject({ title: 'Hello', unread: true })
  })

  it('is told without the bus: a stop, a wait, a decision and a removal', async () => {
    const model = scriptedModel((_call, { prompt }) =>
      prompt.at(-1)?.role === 'tool'
        ? [...textParts('Paid.'), finishPart()]
        : [...toolCallParts({ id: 'c1', name: 'pay', input: {} }), finishPart('tool-calls')],
    )
    const gate = createBarrier()
    const execute = async () => gate.wait().then(() => 'ok')
    const pay = tool({ inputSchema: z.object({}), needsApproval: true, execute })
    await using world = await twoProcesses(defineAgent({ name: 'a', model, tools: { pay } }))
    const { here, there } = world
    await using listener = new Listener(here.engine, { chats: ['c1'] })
    const run = await say(there, 'c1', 'Pay')
    await listener.next('run', isNow('waiting'))
    const { calls } = await eventually(async () => {
      const [step] = (await there.runs.steps(OWNER, run.id)).slice(-1)
      expect(step?.calls).toHaveLength(1)
      return step!
    })
    expect(calls[0]!.status).toBe('asked')
    const { message } = (await there.engine.latest(OWNER, 'c1'))!
    const approvalId = (message!.parts as unknown as { approval?: { id: string } }[]).find(
      ({ approval }) => approval,
    )!.approval!.id
    await there.engine.decide({
      principal: OWNER,
      target: { runId: run.id },
      answers: [{ approvalId, approved: true }],
    })
    await listener.next('run', isNow('running'))
    await gate.reached
    // Marked in the database only: its holder has not heard of it yet.
    await there.db
      .updateTable('aiChatRuns')
      .set({ stopRequestedAt: new Date() })
      .where('id', '=', run.id)
      .execute()
    await listener.next('run', (news) => news.run?.stopRequestedAt !== null)
    gate.release()
    await listener.next('run', isNow('aborted'))
    await say(there, 'c1', 'Pay again')
    await listener.next('run', isNow('waiting'))
    await there.chats.remove(OWNER, 'c1')
    await eventually(() => expect(listener.told.at(-1)).toMatchObject({ type: 'removed' }))
  })

  it('is read while it happens there, to its end', async () => {
    const { gate, agent } = talker()
    await using world = await twoProcesses(agent)
    const { here, there } = world
    const run = await say(there, 'c1', 'wait')
    await gate.reached
    await using listener = new Listener(here.engine, { chats: ['c1'], runs: [{ runId: run.id }] })
    await listener.next('run', isNow('running'))
    gate.release()
    expect(await listener.next('end')).toEqual({ type: 'end', reader: 0 })
  })
})

/** The engine's waits of about a second come when the test says so; all others by the clock. */
const withFloor = () => {
  const waiting = new Set<() => void>()
  const decorate = (ports: WorkerPorts): WorkerPorts => ({
    ...ports,
    clock: {
      ...ports.clock,
      random: () => 0.5,
      after: (ms, callback) => {
        if (ms !== 1000) return ports.clock.after(ms, callback)
        const once = () => {
          waiting.delete(once)
          callback()
        }
        waiting.add(once)
        return () => void waiting.delete(once)
      },
    },
  })
  const elapse = () => {
    for (const callback of [...waiting]) callback()
  }
  return { decorate, elapse, waiting }
}

describe('followers', () => {
  it('cost one statement a look, however many they are, and none in between', async () => {
    const { decorate, elapse, waiting } = withFloor()
    await using outlast = await testOutlast([talker().agent], { leaseTtlMs: 60_000 }, decorate)
    await outlast.settled(await outlast.ask('Hello', 'c1'))
    using query = vi.spyOn(pg.Client.prototype, 'query')
    const looks = () =>
      query.mock.calls.filter(([asked]: unknown[]) => /"is_newest"/.test(String(asked))).length
    const owners = Array.from({ length: 300 }, (_, index) => ({ ...OWNER, userId: `u${index}` }))
    const listeners = owners.map((owner) => new Listener(outlast.engine, { owner }))
    await Promise.all(listeners.map((listener) => listener.next('states')))
    // All but the first waited for the first, and then were looked for together, 200 at a time.
    expect(looks()).toBe(3)
    expect(waiting.size).toBe(1)
    for (let round = 1; round <= 3; round++) {
      elapse()
      await eventually(() => expect(waiting.size).toBe(1))
      expect(looks()).toBe(3 + round)
    }
    await Promise.all(listeners.map((listener) => listener[Symbol.asyncDispose]()))
    expect(waiting.size).toBe(0)
    expect(outlast.errors).toEqual([])
  })

  it('that are slow get the newest state of each chat, and nothing queues for them', async () => {
    await using outlast = await testOutlast([talker().agent])
    const leaving = new AbortController()
    const wish = { chats: ['c1'], runs: [] }
    const feed = outlast.engine.follow(OWNER, wish)(leaving.signal)[Symbol.asyncIterator]()
    expect(await feed.next()).toMatchObject({ value: [{ type: 'states', chats: [] }] })
    expect(await feed.next()).toMatchObject({ value: [{ type: 'run', run: null }] })
    let last = await outlast.ask('Hello', 'c1')
    for (let index = 0; index < 20; index++) {
      await outlast.settled(last)
      last = await outlast.ask('Hello', 'c1')
    }
    await outlast.settled(last)
    await using other = new Listener(outlast.engine, { chats: ['c1'] })
    await other.next('run')
    const told: FeedNews[] = []
    const isLast = (news: FeedNews) =>
      news.type === 'run' && news.run?.id === last.id && news.run.status === 'succeeded'
    while (!told.some(isLast)) told.push(...((await feed.next()).value as FeedNews[]))
    expect(told.length).toBeLessThan(8)
    leaving.abort()
    expect((await feed.next()).done).toBe(true)
  })

  it('of a chat read each run that begins, also one that was over before they looked', async () => {
    await using outlast = await testOutlast([talker().agent])
    const leaving = new AbortController()
    const feed = await outlast.engine.followChat(OWNER, 'c1')
    const told = feed(leaving.signal)[Symbol.asyncIterator]()
    expect(await told.next()).toMatchObject({ value: [{ type: 'run', run: null }] })
    for (const text of ['Hello', 'Hello again']) {
      const run = await outlast.ask(text, 'c1')
      await outlast.settled(run)
      const succeeded = { type: 'run', run: { id: run.id, status: 'succeeded' } }
      expect(await told.next()).toMatchObject({ value: [succeeded] })
      let last = await told.next()
      expect(last).toMatchObject({ value: [{ type: 'frames', runId: run.id }] })
      while (last.value[0].type === 'frames') last = await told.next()
      expect(last).toMatchObject({ value: [succeeded] })
    }
    leaving.abort()
    expect((await told.next()).done).toBe(true)
  })

  it('leave nothing behind, wherever they were', async () => {
    const open = { listeners: 0, timers: new Set<object>() }
    const counted = (release: () => void) => {
      open.listeners += 1
      return () => {
        open.listeners -= 1
        release()
      }
    }
    const decorate = (ports: WorkerPorts): WorkerPorts => ({
      ...ports,
      bus: {
        ...ports.bus,
        subscribe: (key, tell) => counted(ports.bus.subscribe(key, tell)),
        subscribeChats: (owner, tell) => counted(ports.bus.subscribeChats(owner, tell)),
      },
      clock: {
        ...ports.clock,
        after(ms, callback) {
          const timer = {}
          open.timers.add(timer)
          const cancel = ports.clock.after(ms, () => {
            open.timers.delete(timer)
            callback()
          })
          return () => {
            open.timers.delete(timer)
            cancel()
          }
        },
      },
    })
    const { gate, agent } = talker()
    await using outlast = await testOutlast([agent], { leaseTtlMs: 60_000 }, decorate)
    const run = await outlast.ask('wait', 'c1')
    await gate.reached
    const before = open.listeners
    const wish = { chats: ['c1', 'c2'], runs: [{ runId: run.id }, { runId: 'unknown' }] }
    const batches = [0, 1, 2, 3, 4, 5]
    for (const stay of batches) {
      const leaving = new AbortController()
      const feeds = [
        outlast.engine.follow(OWNER, wish)(leaving.signal),
        (await outlast.engine.followChat(OWNER, 'c1'))(leaving.signal),
      ]
      for (const feed of feeds) {
        // Some leave by breaking off, without a signal.
        let taken = 0
        if (stay > 0) for await (const _ of feed) if (++taken >= Math.min(stay, 3)) break
      }
      const waiting = outlast.engine.follow(OWNER, wish)(leaving.signal)[Symbol.asyncIterator]()
      for (let taken = 0; taken < stay && taken < 3; taken++) await waiting.next()
      const last = waiting.next()
      leaving.abort()
      await last
      await waiting.return?.(undefined)
    }
    await eventually(() => expect(open.listeners).toBe(before))
    // The sweep, the lease keeper, the files and the model call have one each.
    await eventually(() => expect(open.timers.size).toBeLessThanOrEqual(5))
    gate.release()
    await outlast.settled(run)
  })

  it('stay through an outage of the database, and are told what they missed', async () => {
    await using database = await createMigratedDatabase()
    await using proxy = await outageProxy(database.url)
    const options = { database: { url: proxy.url, silenceMs: 500 } }
    await using here = await testOutlast([talker().agent], options, withFastClock)
    await using there = await testOutlast([talker().agent], { database: { url: database.url } })
    await using listener = new Listener(here.engine, { chats: ['c1'] })
    await listener.next('run')
    proxy.down()
    await using late = new Listener(here.engine, { chats: ['c1'] })
    const run = await there.ask('Hello', 'c1')
    await there.settled(run)
    expect(listener.told.filter(({ type }) => type === 'state')).toEqual([])
    proxy.up()
    await listener.next('run', (news) => news.run?.id === run.id)
    expect((await late.next('states')).chats).toMatchObject([{ id: 'c1', unread: true }])
    expect((await late.next('run')).run).toMatchObject({ id: run.id, status: 'succeeded' })
  })
})
