import { expect, it } from 'vitest'
import type { ChatNews, RunFrame, StateNews } from '../../../src/client/feed/feed.ts'
import type { FeedOptions } from '../../../src/client/feed/own-feed.ts'
import { createSharedFeed } from '../../../src/client/feed/shared-feed.ts'
import {
  bothMessages,
  collected,
  feeding,
  followsOf,
  isFollow,
  never,
  speaking,
  textOf,
  until,
  type Feeding,
} from './feeding.ts'

const WORDS = ['One ', 'two ', 'three ', 'fünf ', '🙂 ', 'end']

let scopes = 0
/** Tabs of one browser: those of the test that asks. */
const tabsOf = (setting: Feeding) => {
  const scope = `s${(scopes += 1)}`
  const create = (options: FeedOptions) => createSharedFeed({ ...options, scope })
  return { open: () => setting.open(create), scope }
}

const openFollows = ({ network }: Feeding) => followsOf(network).filter(({ isOpen }) => isOpen)
const queryOf = (setting: Feeding, name: string) =>
  new URL(followsOf(setting.network).at(-1)!.path, 'http://x').searchParams.getAll(name)

it('eight tabs have one connection, and each gets what it wants', async () => {
  const { agent, gate } = speaking(WORDS, 3)
  await using setting = await feeding(agent)
  const { open } = tabsOf(setting)
  const tabs = await Promise.all(
    Array.from({ length: 8 }, async (_, index) => {
      const run = await setting.server.outlast.ask('Count', `c${index}`)
      const { feed, connections } = open()
      const news: ChatNews[] = []
      const states: StateNews[] = []
      feed.follow(`c${index}`, (one) => news.push(one))
      feed.states((one) => states.push(one))
      const frames: RunFrame[] = []
      return {
        run,
        news,
        states,
        connections,
        frames,
        done: collected(feed.read(run.id, '', never), frames),
      }
    }),
  )
  await until(() => tabs.every(({ frames }) => frames.length > 0))
  await until(() => tabs.every(({ connections }) => connections.state.get() === 'connected'))
  expect(openFollows(setting)).toHaveLength(1)
  gate.release()
  for (const { run, frames, done } of tabs) {
    await done
    const { read, stored } = await bothMessages(setting.server, run, frames)
    expect(read).toEqual(stored)
  }
  await until(() =>
    tabs.every(({ news }) =>
      news.some((one) => one.type === 'run' && one.run?.status === 'succeeded'),
    ),
  )
  expect(tabs.every(({ states }) => states[0]?.type === 'states')).toBe(true)
})

it('when the tab that leads is closed, the others go on where they were', async () => {
  const { agent, gate } = speaking(WORDS, 3)
  await using setting = await feeding(agent)
  const { open } = tabsOf(setting)
  const run = await setting.server.outlast.ask('Count', 'c1')
  const leader = open()
  const leading = collected(leader.feed.read(run.id, '', never))
  await until(() => leader.connections.state.get() === 'connected')
  const others = [open(), open()].map(({ feed }) => {
    const frames: RunFrame[] = []
    return { frames, done: collected(feed.read(run.id, '', never), frames) }
  })
  await until(() => others.every(({ frames }) => textOf(frames) === WORDS.slice(0, 3).join('')))
  leader.feed.close()
  await leading
  gate.release()
  for (const { frames, done } of others) {
    await done
    const { read, stored } = await bothMessages(setting.server, run, frames)
    expect(read).toEqual(stored)
  }
  expect(openFollows(setting).length).toBeLessThanOrEqual(1)
})

it('what a tab that is gone wanted is not asked for any more', async () => {
  const { agent } = speaking(WORDS, 3)
  await using setting = await feeding(agent)
  const { open } = tabsOf(setting)
  const run = await setting.server.outlast.ask('Count', 'c1')
  const leader = open()
  leader.feed.follow('c1', () => {})
  await until(() => leader.connections.state.get() === 'connected')
  const other = open()
  const frames: RunFrame[] = []
  const reading = collected(other.feed.read(run.id, '', never), frames)
  await until(() => frames.length > 0)
  expect(queryOf(setting, 'run')).toHaveLength(1)
  other.feed.close()
  await reading
  await until(() => queryOf(setting, 'run').length === 0)
  expect(openFollows(setting)).toHaveLength(1)
})

it('a tab that joins is told what the one that leads knows, without another connection', async () => {
  const { agent, gate } = speaking(WORDS)
  gate.release()
  await using setting = await feeding(agent)
  const { open } = tabsOf(setting)
  await setting.server.outlast.settled(await setting.server.outlast.ask('Count', 'c1'))
  const known: unknown[][] = []
  for (let index = 0; index < 3; index += 1) {
    const { feed } = open()
    const heard: unknown[] = []
    feed.follow('c1', (one) => heard.push(one))
    feed.states((one) => heard.push(one))
    await until(() => heard.length >= 2)
    known.push(heard)
  }
  expect(new Set(known.map((heard) => JSON.stringify(heard.toSorted(byText)))).size).toBe(1)
  expect(followsOf(setting.network)).toHaveLength(1)
})

const byText = (one: unknown, other: unknown) =>
  JSON.stringify(one).localeCompare(JSON.stringify(other))

it('a connection that breaks is seen and made again in all tabs', async () => {
  const { agent, gate } = speaking(WORDS, 3)
  await using setting = await feeding(agent)
  const { open } = tabsOf(setting)
  const run = await setting.server.outlast.ask('Count', 'c1')
  const tabs = [open(), open(), open()].map(({ feed, connections }) => {
    const seen: string[] = []
    connections.state.subscribe(() => seen.push(connections.state.get()))
    const frames: RunFrame[] = []
    return { seen, frames, done: collected(feed.read(run.id, '', never), frames) }
  })
  await until(() =>
    tabs.every(({ seen, frames }) => seen.at(-1) === 'connected' && frames.length > 0),
  )
  setting.network.down()
  await until(() => tabs.every(({ seen }) => seen.at(-1) === 'reconnecting'))
  setting.network.up()
  gate.release()
  for (const { frames, done } of tabs) {
    await done
    expect(textOf(frames)).toBe(WORDS.join(''))
  }
})

it('a refusal reaches all tabs', async () => {
  const { agent } = speaking(WORDS)
  await using setting = await feeding(agent)
  const { open } = tabsOf(setting)
  const run = await setting.server.outlast.ask('Count', 'c1')
  setting.network.each({ instead: 403 })
  const refused = [open(), open()].map(({ feed }) => {
    const codes: unknown[] = []
    feed.states(
      () => {},
      (error) => codes.push(error.code),
    )
    return { codes, reading: collected(feed.read(run.id, '', never)) }
  })
  for (const { codes, reading } of refused) {
    await expect(reading).rejects.toMatchObject({ code: 'SERVER_FAILED', status: 403 })
    await until(() => codes.length > 0)
  }
})

it('tabs of another scope have a connection of their own', async () => {
  const { agent } = speaking(WORDS)
  await using setting = await feeding(agent)
  const feeds = [tabsOf(setting).open(), tabsOf(setting).open()]
  let told = 0
  for (const { feed } of feeds) feed.states(() => (told += 1))
  await until(() => told === 2)
  expect(openFollows(setting)).toHaveLength(2)
})

it('after somebody else signed in, in whichever tab, nothing that was asked for before is told', async () => {
  const { agent } = speaking(WORDS)
  await using setting = await feeding(agent)
  const { open } = tabsOf(setting)
  const tabs = [open(), open()].map(({ feed }) => {
    const states: StateNews[] = []
    feed.states((one) => states.push(one))
    return { feed, states }
  })
  await until(() => tabs.every(({ states }) => states.length > 0))
  for (const { feed } of tabs) {
    const count = followsOf(setting.network).length
    const before = tabs.map(({ states }) => states.length)
    feed.renew()
    await until(() => tabs.every(({ states }, index) => states.length > before[index]!))
    expect(followsOf(setting.network)).toHaveLength(count + 1)
  }
  expect(openFollows(setting)).toHaveLength(1)
})

it('a tab that shares nothing yet says to all that somebody else signed in, and each hears it once', async () => {
  const { agent } = speaking(WORDS)
  await using setting = await feeding(agent)
  const { open } = tabsOf(setting)
  const tabs = [open(), open()].map(({ feed }) => {
    const states: StateNews[] = []
    feed.states((one) => states.push(one))
    return { feed, states }
  })
  await until(() => tabs.every(({ states }) => states.length > 0))
  const before = tabs.map(({ states }) => states.length)
  const { feed } = open()
  const heard = [0, 0, 0]
  for (const [index, one] of [feed, ...tabs.map((tab) => tab.feed)].entries())
    one.onRenewed(() => (heard[index]! += 1))
  feed.renew()
  expect(heard[0]).toBe(1)
  await until(() => tabs.every(({ states }, index) => states.length > before[index]!))
  expect(heard).toEqual([1, 1, 1])
  tabs[0]!.feed.renew()
  await until(() => heard[2] === 2)
  expect(heard.slice(1)).toEqual([2, 2])
})

it('after somebody else signed in, who begins to listen in any tab hears nothing of the one before', async () => {
  const { agent } = speaking([])
  await using setting = await feeding(agent)
  const { open } = tabsOf(setting)
  await setting.server.outlast.ask('Secret', 'c1')
  const tabs = [open(), open()].map(({ feed }) => {
    const states: StateNews[] = []
    feed.states((one) => states.push(one))
    return { feed, states }
  })
  await until(() => tabs.every(({ states }) => states.length > 0))
  // The server tells nobody anything any more.
  setting.network.each({ instead: 401 }, isFollow)
  for (const { feed } of tabs) {
    feed.renew()
    await until(() => followsOf(setting.network).every(({ isOpen }) => !isOpen))
    const late: StateNews[] = []
    const forgets = tabs.map((tab) => tab.feed.states((one) => late.push(one)))
    // Goes the way of all that tabs say to each other, and comes after it.
    await spoken()
    expect(late).toEqual([])
    for (const forget of forgets) forget()
  }
})

/** Settles when what tabs have said to each other before was heard, and answered. */
const spoken = async () => {
  for (let round = 0; round < 5; round += 1) {
    const [one, other] = [new BroadcastChannel('spoken'), new BroadcastChannel('spoken')]
    const heard = new Promise((resolve) => (other.onmessage = resolve))
    one.postMessage(0)
    await heard
    one.close()
    other.close()
  }
}
