import { expect, it, vi } from 'vitest'
import type { ChatNews, RunFrame, StateNews } from '../../../src/client/feed/feed.ts'
import type { OutlastError } from '../../../src/domain/errors.ts'
import {
  bothMessages,
  collected,
  feeding,
  followsOf,
  never,
  speaking,
  textOf,
  until,
} from './feeding.ts'

const WORDS = ['One ', 'two ', 'three ', 'fünf ', '🙂 ', 'end']

const statusesOf = (news: readonly ChatNews[]) =>
  news.map((one) => (one.type === 'run' ? (one.run?.status ?? null) : one.type))

it('a run is read from its start to its end, and from any offset in it', async () => {
  const { agent, gate } = speaking(WORDS)
  gate.release()
  await using setting = await feeding(agent)
  const { feed, connections } = setting.open()
  const run = await setting.server.outlast.ask('Count', 'c1')
  const frames = await collected(feed.read(run.id, '', never))
  const { read, stored } = await bothMessages(setting.server, run, frames)
  expect(read).toEqual(stored)
  const third = frames[2]!
  const rest = await collected(feed.read(run.id, third.offset, never))
  expect(textOf([...frames.slice(0, 3), ...rest])).toBe(WORDS.join(''))
  await until(() => connections.state.get() === 'idle')
})

it('changes of the same moment open one connection, which carries chats and runs', async () => {
  const { agent, gate } = speaking(WORDS, 3)
  await using setting = await feeding(agent)
  const { feed } = setting.open()
  const run = await setting.server.outlast.ask('Count', 'c1')
  const news: ChatNews[] = []
  const states: StateNews[] = []
  feed.follow('c1', (one) => news.push(one))
  feed.follow('c2', (one) => news.push(one))
  feed.states((one) => states.push(one))
  const reading = collected(feed.read(run.id, '', never))
  await until(() => news.length >= 2 && states.length > 0)
  gate.release()
  expect(textOf(await reading)).toBe(WORDS.join(''))
  await until(() => statusesOf(news).includes('succeeded'))
  expect(followsOf(setting.network)).toHaveLength(1)
  expect(states[0]?.type).toBe('states')
  expect(statusesOf(news)).toContain(null)
})

it('readers go on where they were when another one joins', async () => {
  const { agent, gate } = speaking(WORDS, 3)
  await using setting = await feeding(agent)
  const { feed } = setting.open()
  const run = await setting.server.outlast.ask('Count', 'c1')
  const first: RunFrame[] = []
  const reading = collected(feed.read(run.id, '', never), first)
  await until(() => first.length > 0)
  const second = collected(feed.read(run.id, '', never))
  await until(() => followsOf(setting.network).length === 2)
  gate.release()
  await reading
  expect(textOf(first)).toBe(WORDS.join(''))
  expect(textOf(await second)).toBe(WORDS.join(''))
})

it('two readers at the same offset are sent each frame once', async () => {
  const { agent, gate } = speaking(WORDS, 3)
  await using setting = await feeding(agent)
  const { feed } = setting.open()
  const run = await setting.server.outlast.ask('Count', 'c1')
  const both = [collected(feed.read(run.id, '', never)), collected(feed.read(run.id, '', never))]
  await gate.reached
  gate.release()
  const [first, second] = await Promise.all(both)
  expect(second).toEqual(first)
  const [request] = followsOf(setting.network)
  expect(new URL(request!.path, 'http://x').searchParams.getAll('run')).toEqual([run.id])
})

it('a run that cannot be read ends its reader only', async () => {
  const { agent, gate } = speaking(WORDS, 3)
  await using setting = await feeding(agent)
  const { feed } = setting.open()
  const run = await setting.server.outlast.ask('Count', 'c1')
  const reading = collected(feed.read(run.id, '', never))
  await expect(collected(feed.read('nobody', '', never))).rejects.toMatchObject({
    code: 'RUN_NOT_FOUND',
  })
  gate.release()
  expect(textOf(await reading)).toBe(WORDS.join(''))
})

it('who listens late is told what the others know, without another connection', async () => {
  const { agent, gate } = speaking(WORDS)
  gate.release()
  await using setting = await feeding(agent)
  const { feed } = setting.open()
  await setting.server.outlast.settled(await setting.server.outlast.ask('Count', 'c1'))
  const early: ChatNews[] = []
  const earlyStates: StateNews[] = []
  feed.follow('c1', (one) => early.push(one))
  feed.states((one) => earlyStates.push(one))
  await until(() => early.length > 0 && earlyStates.length > 0)
  const late: ChatNews[] = []
  const lateStates: StateNews[] = []
  feed.follow('c1', (one) => late.push(one))
  feed.states((one) => lateStates.push(one))
  await until(() => late.length > 0 && lateStates.length > 0)
  expect(late).toEqual(early.slice(-1))
  expect(lateStates).toEqual(earlyStates.slice(-1))
  expect(followsOf(setting.network)).toHaveLength(1)
})

it('a follower is told the latest state after each break', async () => {
  const { agent, gate } = speaking(WORDS, 3)
  await using setting = await feeding(agent)
  const { feed, connections } = setting.open()
  const news: ChatNews[] = []
  feed.follow('c1', (one) => news.push(one))
  await until(() => news.length === 1)
  const seen: string[] = []
  connections.state.subscribe(() => seen.push(connections.state.get()))
  setting.network.down()
  await until(() => seen.includes('reconnecting'))
  const run = await setting.server.outlast.ask('Count', 'c1')
  gate.release()
  await setting.server.outlast.settled(run)
  setting.network.up()
  await until(() => statusesOf(news).includes('succeeded'))
  expect(connections.state.get()).toBe('connected')
})

it('a server that is not there for a while is asked again until it is', async () => {
  const { agent } = speaking(WORDS)
  await using setting = await feeding(agent)
  const { feed } = setting.open()
  const first = setting.network.next({ instead: 503 })
  const second = setting.network.next({ instead: 'request lost' })
  const third = setting.network.next({ at: { frames: 0 }, ends: 'clean' })
  const news: ChatNews[] = []
  feed.follow('c1', (one) => news.push(one))
  await Promise.all([first, second, third])
  await until(() => news.length > 0)
  expect(followsOf(setting.network)).toHaveLength(4)
})

it('a refusal is told to everybody who waits, and a change asks again', async () => {
  const { agent, gate } = speaking(WORDS)
  gate.release()
  await using setting = await feeding(agent)
  const { feed } = setting.open()
  const run = await setting.server.outlast.ask('Count', 'c1')
  setting.network.each({ instead: 401 })
  const refusals: OutlastError[] = []
  const news: ChatNews[] = []
  feed.follow(
    'c1',
    (one) => news.push(one),
    (error) => refusals.push(error),
  )
  feed.states(
    () => {},
    (error) => refusals.push(error),
  )
  await expect(collected(feed.read(run.id, '', never))).rejects.toMatchObject({ status: 401 })
  await until(() => refusals.length >= 2)
  expect(refusals[0]).toMatchObject({ status: 401 })
  setting.network.heal()
  const frames = await collected(feed.read(run.id, '', never))
  expect(textOf(frames)).toBe(WORDS.join(''))
  await until(() => news.length > 0)
})

it('what one connection cannot carry has another one', async () => {
  const { agent, gate } = speaking(WORDS)
  await using setting = await feeding(agent)
  const { feed } = setting.open()
  const run = await setting.server.outlast.ask('Count', 'c1')
  const told = new Set<string>()
  for (let index = 0; index < 60; index += 1)
    feed.follow(`c${index}`, (news) => told.add(news.chatId))
  const reading = collected(feed.read(run.id, '', never))
  await until(() => told.size === 60)
  gate.release()
  expect(textOf(await reading)).toBe(WORDS.join(''))
  expect(followsOf(setting.network)).toHaveLength(2)
})

it('who leaves and comes back at once finds the connection as it was', async () => {
  const { agent } = speaking(WORDS)
  await using setting = await feeding(agent)
  const { feed } = setting.open()
  const first: ChatNews[] = []
  const leave = feed.follow('c1', (one) => first.push(one))
  await until(() => first.length > 0)
  leave()
  const second: ChatNews[] = []
  const leaveAgain = feed.follow('c1', (one) => second.push(one))
  await until(() => second.length > 0)
  expect(followsOf(setting.network)).toHaveLength(1)
  leaveAgain()
  await followsOf(setting.network)[0]!.ended
})

it('a reader that leaves is not waited for, and its run is not sent any more', async () => {
  const { agent, gate } = speaking(WORDS, 3)
  await using setting = await feeding(agent)
  const { feed } = setting.open()
  const run = await setting.server.outlast.ask('Count', 'c1')
  feed.follow('c1', () => {})
  const leaving = new AbortController()
  const frames: RunFrame[] = []
  const reading = collected(feed.read(run.id, '', leaving.signal), frames)
  await until(() => frames.length > 0)
  leaving.abort()
  await reading
  await until(() => followsOf(setting.network).length === 2)
  expect(followsOf(setting.network)[1]!.path).not.toContain('run=')
  gate.release()
})

it('a feed that is closed ends its readers and connects no more', async () => {
  const { agent } = speaking(WORDS, 3)
  await using setting = await feeding(agent)
  const { feed, connections } = setting.open()
  const run = await setting.server.outlast.ask('Count', 'c1')
  const reading = collected(feed.read(run.id, '', never))
  await until(() => connections.state.get() === 'connected')
  feed.close()
  await reading
  expect(connections.state.get()).toBe('idle')
  await followsOf(setting.network)[0]!.ended
  expect(await collected(feed.read(run.id, '', never))).toEqual([])
  expect(followsOf(setting.network)).toHaveLength(1)
})

it('after a change of who is signed in, everything is asked for again', async () => {
  const { agent } = speaking(WORDS)
  await using setting = await feeding(agent)
  const { feed } = setting.open()
  const states: StateNews[] = []
  feed.states((one) => states.push(one))
  await until(() => states.length === 1)
  feed.renew()
  await followsOf(setting.network)[0]!.ended
  await until(() => states.length === 2)
  expect(followsOf(setting.network)).toHaveLength(2)
})

it('what nobody could read is not asked for', async () => {
  const { agent } = speaking(WORDS)
  await using setting = await feeding(agent)
  const { feed } = setting.open()
  const refused = vi.fn()
  feed.follow('not an id', () => {}, refused)
  await expect(collected(feed.read('a/b', '', never))).rejects.toMatchObject({
    code: 'INVALID_REQUEST',
  })
  await expect(collected(feed.read('a', 'b', never))).rejects.toMatchObject({
    code: 'INVALID_REQUEST',
  })
  expect(refused).toHaveBeenCalledOnce()
  expect(followsOf(setting.network)).toEqual([])
})
