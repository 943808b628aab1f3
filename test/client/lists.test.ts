/** Lists of chats and of runs are what the server has, with few looks at it. */
import { afterEach, expect, it } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { watchChats } from '../../src/client/chat-changes.ts'
import { createOutlastClient, type OutlastClient } from '../../src/client/client.ts'
import { LiveList } from '../../src/client/live-list.ts'
import { LiveRun } from '../../src/client/live-run.ts'
import { watchRuns } from '../../src/client/run-changes.ts'
import type { ChatSummary, RunDetails } from '../../src/client/types.ts'
import { createBarrier } from '../support/barrier.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'
import { chatting, type Chatting } from './chatting.ts'
import { eventually } from '../support/eventually.ts'

const urlOf = (input: RequestInfo | URL): string =>
  input instanceof Request ? input.url : input.toString()

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

const clientOf = ({ network }: Chatting, request: typeof fetch = fetch): OutlastClient => {
  const client = createOutlastClient({ url: `${network.url}/ai-chat`, fetch: request })
  ends.push(() => client.close())
  return client
}

const chatList = (client: OutlastClient, { query, limit }: { query?: string; limit?: number }) => {
  const list = new LiveList<ChatSummary>({
    load: async (after, signal) => {
      const page = { ...(query ? { query } : {}), ...(limit ? { limit } : {}) }
      const answer = await client.chats.list({ ...page, ...(after ? { after } : {}), signal })
      return { items: answer.chats, after: answer.after }
    },
    watch: (listener) => watchChats(client, query, listener),
  })
  ends.push(list.open())
  return list
}

const runList = (client: OutlastClient, status?: 'active') => {
  const list = new LiveList<RunDetails>({
    load: async (_, signal) => {
      const { runs } = await client.runs.list({ ...(status ? { status: [status] } : {}), signal })
      return { items: runs, after: undefined }
    },
    watch: (listener) => watchRuns(client, listener),
  })
  ends.push(list.open())
  return list
}

const settled = ({ server }: Chatting, text: string, chatId: string) =>
  server.outlast.ask(text, chatId).then(server.outlast.settled)

const looksAt = ({ network }: Chatting, list: string): number =>
  network.requests.filter(({ path }) => path.startsWith(list)).length

/** What was answered has been heard. */
const settledWork = () => new Promise((resolve) => setImmediate(resolve))

const answering = () =>
  defineAgent({ name: 'a', model: scriptedModel(() => [...textParts(['Fine']), finishPart()]) })

it('a list of chats follows turns, names, removals and what was seen', async () => {
  await using setting = await chatting(answering())
  const [client, other] = [clientOf(setting), clientOf(setting)]
  await settled(setting, 'One', 'c1')
  await settled(setting, 'Two', 'c2')
  const list = chatList(client, {})
  const isCurrent = () =>
    eventually(async () => {
      const { chats } = await other.chats.list()
      expect(list.state.get().items).toEqual(chats)
    })
  await isCurrent()
  await settled(setting, 'Again', 'c1')
  await isCurrent()
  expect(list.state.get().items.map(({ id }) => id)).toEqual(['c1', 'c2'])
  await settled(setting, 'Three', 'c3')
  await isCurrent()
  await other.chats.rename('c2', 'Another name')
  await isCurrent()
  await other.chats.seen('c3', (await other.runs.list({ chat: 'c3' })).runs[0]!.id)
  await isCurrent()
  await other.chats.remove('c1')
  await isCurrent()
  expect(list.state.get().items.map(({ id }) => id)).toEqual(['c3', 'c2'])
})

it('what happens to chats that are known costs no look at the list', async () => {
  await using setting = await chatting(answering())
  // What the feed tells before the list is here would cost a second look.
  const gate = createBarrier()
  const client = clientOf(setting, async (input, init) => {
    if (urlOf(input).includes('/follow')) await gate.wait()
    return fetch(input, init)
  })
  await settled(setting, 'One', 'c1')
  const list = chatList(client, {})
  await eventually(() => expect(list.state.get().items).toHaveLength(1))
  gate.release()
  await eventually(() => expect(client.connection.get()).toBe('connected'))
  await settled(setting, 'Two', 'c2')
  await settled(setting, 'Again', 'c1')
  await eventually(() => {
    const { items } = list.state.get()
    expect(items.map(({ id, latestRun }) => [id, latestRun?.status])).toEqual([
      ['c1', 'succeeded'],
      ['c2', 'succeeded'],
    ])
  })
  expect(looksAt(setting, '/ai-chat/chats')).toBe(1)
})

it('what happened while the connection was away is in the list when it is back', async () => {
  await using setting = await chatting(answering())
  const client = clientOf(setting)
  for (const chatId of ['c1', 'c2']) await settled(setting, 'Hello', chatId)
  const seen = (await client.runs.list({ chat: 'c1' })).runs[0]!
  await client.chats.seen('c1', seen.id)
  const list = chatList(client, {})
  await eventually(() => expect(list.state.get().items).toHaveLength(2))
  await eventually(() => expect(client.connection.get()).toBe('connected'))
  setting.network.down()
  await eventually(() => expect(client.connection.get()).toBe('reconnecting'))
  const direct = createOutlastClient({ url: `${setting.server.url}/ai-chat` })
  await direct.chats.rename('c1', 'Renamed')
  setting.network.up()
  await eventually(() =>
    expect(list.state.get().items.map(({ title }) => title)).toContain('Renamed'),
  )
})

it('a list of the chats with some words has those that have them now', async () => {
  await using setting = await chatting(answering())
  const client = clientOf(setting)
  await settled(setting, 'Invoice one', 'c1')
  await settled(setting, 'Something else', 'c2')
  const list = chatList(client, { query: 'invoice' })
  const ids = () => list.state.get().items.map(({ id }) => id)
  await eventually(() => expect(ids()).toEqual(['c1']))
  await client.chats.rename('c2', 'Invoice two')
  await eventually(() => expect(ids()).toEqual(['c2', 'c1']))
  await client.chats.rename('c1', 'Paid')
  await eventually(() => expect(ids()).toEqual(['c2']))
})

it('pages that were read stay, and what is removed of them goes', async () => {
  await using setting = await chatting(answering())
  const client = clientOf(setting)
  for (const chatId of ['c1', 'c2', 'c3', 'c4', 'c5']) await settled(setting, 'Hello', chatId)
  const list = chatList(client, { limit: 2 })
  const ids = () => list.state.get().items.map(({ id }) => id)
  await eventually(() => expect(ids()).toEqual(['c5', 'c4']))
  list.loadMore()
  await eventually(() => expect(ids()).toEqual(['c5', 'c4', 'c3', 'c2']))
  await client.chats.remove('c4')
  list.reload()
  await eventually(() => expect(ids()).toEqual(['c5', 'c3', 'c2', 'c1']))
  expect(list.state.get().hasMore).toBe(false)
})

it.each([
  { presses: ['loadMore', 'reload'], answers: [0, 1] },
  { presses: ['loadMore', 'reload'], answers: [1, 0] },
  { presses: ['reload', 'loadMore'], answers: [0, 1] },
  { presses: ['reload', 'loadMore'], answers: [1, 0] },
] as const)('no news is lost by $presses, answered as $answers', async ({ presses, answers }) => {
  const asked: (() => void)[] = []
  let isHeld = false
  let status = 'running'
  const list = new LiveList<{ readonly id: string; readonly status: string }>({
    load: async (after) => {
      if (isHeld) await new Promise<void>((answer) => asked.push(answer))
      const [one, two, three] = ['one', 'two', 'three'].map((id) => ({ id, status }))
      return after === undefined
        ? { items: [one!, two!], after: 'two' }
        : { items: [three!], after: undefined }
    },
    watch: () => () => undefined,
  })
  ends.push(list.open())
  const ids = () => list.state.get().items.map(({ id }) => id)
  await eventually(() => expect(ids()).toEqual(['one', 'two']))
  isHeld = true
  status = 'settled'
  for (const press of presses) list[press]()
  isHeld = false
  for (const one of answers) {
    asked[one]!()
    await settledWork()
  }
  expect(list.state.get().items).toEqual(['one', 'two', 'three'].map((id) => ({ id, status })))
})

it.each([
  ['active', 'active'],
  ['all', undefined],
] as const)('a list of %s runs is what the server has', async (_, status) => {
  const gate = createBarrier()
  const model = scriptedModel(async function* () {
    yield { type: 'text-start', id: '0' }
    await gate.wait()
    yield { type: 'text-end', id: '0' }
    yield finishPart()
  })
  await using setting = await chatting(defineAgent({ name: 'a', model }))
  const [client, other] = [clientOf(setting), clientOf(setting)]
  const list = runList(client, status)
  const isCurrent = () =>
    eventually(async () => {
      const { runs } = await other.runs.list(status ? { status: [status] } : {})
      const plain = (items: readonly RunDetails[]) =>
        items.map(({ id, status: state, stopRequestedAt }) => [id, state, stopRequestedAt])
      expect(plain(list.state.get().items)).toEqual(plain(runs))
    })
  await isCurrent()
  const run = await setting.server.outlast.ask('Hello', 'c1')
  await isCurrent()
  expect(list.state.get().items).toHaveLength(1)
  await other.chats.rename('c1', 'Another name')
  await eventually(() =>
    expect(list.state.get().items).toMatchObject([{ chatTitle: 'Another name' }]),
  )
  await other.stop({ runId: run.id })
  gate.release()
  await setting.server.outlast.settled(run)
  await isCurrent()
  await other.chats.seen('c1', run.id)
  await other.chats.remove('c1')
  await isCurrent()
  expect(list.state.get().items).toEqual([])
})

it('a list that could not be loaded is loaded when there is news, and not begun with that', async () => {
  await using setting = await chatting(answering())
  const client = clientOf(setting)
  await settled(setting, 'One', 'c1')
  const [{ id }] = (await client.runs.list({ chat: 'c1' })).runs as [RunDetails]
  await client.chats.seen('c1', id)
  void setting.network.next({ instead: 503 }, ({ path }) => path.startsWith('/ai-chat/chats'))
  const list = chatList(client, {})
  await eventually(() => expect(list.state.get().error).toBeDefined())
  await settled(setting, 'Two', 'c2')
  await eventually(() =>
    expect(list.state.get().items.map((chat) => chat.id)).toEqual(['c2', 'c1']),
  )
  expect(list.state.get().error).toBeUndefined()
})

it('a run is shown as it is, also when an older answer comes later', async () => {
  const answer = createBarrier()
  const model = scriptedModel(async function* () {
    await answer.wait()
    yield* [...textParts(['Fine']), finishPart()]
  })
  await using setting = await chatting(defineAgent({ name: 'a', model }))
  const { id } = await setting.server.outlast.ask('One', 'c1')
  await answer.reached
  const gate = createBarrier()
  let looks = 0
  const client = createOutlastClient({
    url: `${setting.network.url}/ai-chat`,
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      if (!response.url.endsWith(`/runs/${id}`)) return response
      looks += 1
      if (looks === 2) await gate.wait()
      return response
    },
  })
  ends.push(() => client.close())
  const live = new LiveRun(client, id)
  ends.push(live.open())
  await gate.reached
  answer.release()
  await eventually(() => expect(live.state.get().run?.status).toBe('succeeded'))
  gate.release()
  await new Promise((resolve) => setTimeout(resolve))
  expect(live.state.get().run?.status).toBe('succeeded')
})

it('a run that could not be loaded is there after another look', async () => {
  await using setting = await chatting(answering())
  await settled(setting, 'One', 'c1')
  const client = clientOf(setting)
  const [{ id }] = (await client.runs.list({ chat: 'c1' })).runs as [RunDetails]
  void setting.network.next({ instead: 503 })
  const live = new LiveRun(client, id)
  ends.push(live.open())
  await eventually(() => expect(live.state.get().error).toBeDefined())
  expect(live.state.get().isLoading).toBe(false)
  live.reload()
  await eventually(() => expect(live.state.get().run?.status).toBe('succeeded'))
  expect(live.state.get().error).toBeUndefined()
  expect(live.state.get().holds).toMatchObject([{ epoch: 1, end: 'settled' }])
})

it('a list is not older than what it showed, in whatever order its answers come', async () => {
  await using setting = await chatting(answering())
  const gate = createBarrier()
  let looks = 0
  const client = clientOf(setting, async (input, init) => {
    const response = await fetch(input, init)
    if (!urlOf(input).endsWith('/chats')) return response
    const text = await response.text()
    looks += 1
    if (looks === 1) await gate.wait()
    return new Response(text, response)
  })
  const list = chatList(client, {})
  await gate.reached
  await settled(setting, 'One', 'c1')
  const shown = () => list.state.get().items.map(({ id }) => id)
  await eventually(() => expect(shown()).toEqual(['c1']))
  gate.release()
  await new Promise((resolve) => setTimeout(resolve, 10))
  expect(shown()).toEqual(['c1'])
})
