/** What tabs and browsers do that a page cannot be made to do at will. */
import { expect, it } from 'vitest'
import { Connections } from '../../../src/client/connection.ts'
import type { StateNews } from '../../../src/client/feed/feed.ts'
import { createSharedFeed } from '../../../src/client/feed/shared-feed.ts'
import { Subscribers } from '../../../src/client/feed/subscribers.ts'
import {
  namesOf,
  type HallMessage,
  type TabMessage,
} from '../../../src/client/feed/tab-messages.ts'
import { Tab } from '../../../src/client/feed/tab.ts'
import { Http } from '../../../src/client/http.ts'
import { createBarrier } from '../../support/barrier.ts'
import { feeding, followsOf, speaking, until, type Feeding } from './feeding.ts'

/** A tab that leads in this scope, and whoever listens in its hall. */
const led = async (setting: Feeding, scope: string) => {
  const { feed, connections } = setting.open((options) => createSharedFeed({ ...options, scope }))
  feed.states(() => {})
  await until(() => connections.state.get() === 'connected')
  const hall = new BroadcastChannel(namesOf(scope).hall)
  const heard: HallMessage[] = []
  hall.onmessage = ({ data }) => heard.push(data as HallMessage)
  return { hall, heard, feed }
}

/** A tab whose parts the test holds in its hand. */
const tabOf = (setting: Feeding, scope: string, locks: LockManager = navigator.locks) => {
  const states: StateNews[] = []
  const subscribers = new Subscribers(() => {})
  subscribers.states(
    (one) => states.push(one),
    () => {},
  )
  const http = new Http({ url: `${setting.network.url}/ai-chat` })
  const connections = new Connections()
  const tab = new Tab({ http, connections, scope, locks, subscribers })
  return { tab, states, connections }
}

it('a tab wants nothing before it holds the lock by which it is known to live', async () => {
  const { agent } = speaking([])
  await using setting = await feeding(agent)
  const { hall, heard } = await led(setting, 'late')
  const barrier = createBarrier()
  const slow: LockManager = {
    query: () => navigator.locks.query(),
    request: async (...args: [string, ...unknown[]]) => {
      if (args[0].startsWith('outlast/1/late/')) await barrier.wait()
      return navigator.locks.request(...(args as Parameters<LockManager['request']>))
    },
  }
  const { tab, states } = tabOf(setting, 'late', slow)
  await barrier.reached
  hall.postMessage({ type: 'ask' } satisfies HallMessage)
  await until(() => heard.some(({ type }) => type === 'lead'))
  barrier.release()
  await until(() => states.length > 0)
  await setting.server.outlast.ask('Hi', 'c1')
  await until(() => states.some((news) => news.type === 'state'))
  expect(followsOf(setting.network)).toHaveLength(1)
  tab.leave()
  hall.close()
})

it('a tab that missed news subscribes again, and is told everything', async () => {
  const { agent } = speaking([])
  await using setting = await feeding(agent)
  const { hall, heard } = await led(setting, 'missed')
  const { tab, states } = tabOf(setting, 'missed')
  await until(() => states.length === 1)
  const want = heard.findLast((message) => message.type === 'want')!
  const { type: _, demand: __, ...membership } = want
  const own = new BroadcastChannel(namesOf('missed').tabOf(want.tab))
  own.postMessage({ ...membership, n: 7, news: [] } satisfies TabMessage)
  await until(() => states.length === 2)
  expect(heard.findLast((message) => message.type === 'want')?.membership).toBe(want.membership + 1)
  tab.leave()
  own.close()
  hall.close()
})

it('what a leader says that was replaced is not taken', async () => {
  const { agent } = speaking([])
  await using setting = await feeding(agent)
  const { hall, heard } = await led(setting, 'old')
  const { tab, states } = tabOf(setting, 'old')
  await until(() => states.length === 1)
  const want = heard.findLast((message) => message.type === 'want')!
  const { type: _, demand: __, ...membership } = want
  const old = { leader: 'somebody', generation: 1 }
  hall.postMessage({
    type: 'lead',
    ...old,
    link: 'connected',
    isHidden: false,
  } satisfies HallMessage)
  const own = new BroadcastChannel(namesOf('old').tabOf(want.tab))
  const chats = [{ id: 'old' }] as never
  own.postMessage({
    ...membership,
    ...old,
    n: 1,
    news: [{ type: 'states', chats }],
  } satisfies TabMessage)
  await setting.server.outlast.ask('Hi', 'c1')
  await until(() => states.some((news) => news.type === 'state'))
  expect(JSON.stringify(states)).not.toContain('"old"')
  tab.leave()
  own.close()
  hall.close()
})

it('a tab that learns of its successor leads no more', async () => {
  const { agent } = speaking([])
  await using setting = await feeding(agent)
  const { hall, heard } = await led(setting, 'woken')
  const [connection] = followsOf(setting.network)
  const lead = { leader: 'another', generation: Date.now() + 1000, link: 'connected' } as const
  hall.postMessage({ type: 'lead', ...lead, isHidden: false } satisfies HallMessage)
  await connection!.ended
  await until(() => heard.some((one) => one.type === 'want' && one.leader === 'another'))
  expect(heard.some(({ type }) => type === 'left')).toBe(true)
  hall.close()
})

it('a tab that joins is connecting from its first moment', async () => {
  const { agent } = speaking([])
  await using setting = await feeding(agent)
  const { tab, connections } = tabOf(setting, 'first')
  expect(connections.state.get()).toBe('connecting')
  const states: string[] = []
  connections.state.subscribe(() => states.push(connections.state.get()))
  await until(() => connections.state.get() === 'connected')
  expect(states).toEqual(['connected'])
  tab.leave()
})

it('what others say on the channel of the tabs does nothing to them', async () => {
  const { agent } = speaking([])
  await using setting = await feeding(agent)
  const { hall } = await led(setting, 'noisy')
  const { states } = tabOf(setting, 'noisy')
  await until(() => states.length > 0)
  for (const noise of [null, 7, 'text', [], {}, { type: 'unheard-of' }, { type: null }])
    hall.postMessage(noise)
  await setting.server.outlast.ask('Hi', 'c1')
  await until(() => states.some(({ type }) => type === 'state'))
  expect(setting.server.errors).toEqual([])
})
