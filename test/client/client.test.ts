/** The client without a framework, against a real server: everything that it offers, and what it does when it is refused. */
import { tool, type UIMessage } from 'ai'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { createOutlastClient, type OutlastClient } from '../../src/client/client.ts'
import {
  ChatNotFoundError,
  ConnectionLostError,
  RunAlreadyActiveError,
  RunFailedError,
  RunNotFoundError,
  ServerFailedError,
} from '../../src/client/index.ts'
import type { ChatEnvelope } from '../../src/client/types.ts'
import { serving, type Serving } from '../http/serving.ts'
import { createBarrier } from '../support/barrier.ts'
import { faultyProxy, type FaultyProxy } from '../support/faulty-proxy.ts'
import { finishPart, scriptedModel, textParts, toolCallParts } from '../support/scripted-model.ts'
import { eventually } from '../support/eventually.ts'

const gate = createBarrier()

/** Does what the question says. */
const model = scriptedModel(async function* (_call, { prompt }) {
  const last = prompt.at(-1)
  const asked = JSON.stringify(last?.content)
  if (asked.includes('Fail')) throw new TypeError('broken')
  if (last?.role === 'user' && asked.includes('Pay')) {
    yield* [...toolCallParts({ id: 'k1', name: 'pay', input: {} }), finishPart('tool-calls')]
    return
  }
  yield* textParts(['Hello', ' there'])
  if (asked.includes('Wait')) await gate.wait()
  yield finishPart()
})
const pay = tool({ inputSchema: z.object({}), needsApproval: true, execute: () => 'paid' })

let server: Serving
let network: FaultyProxy
let client: OutlastClient<UIMessage>
beforeAll(async () => {
  server = await serving(defineAgent({ name: 'a', model, tools: { pay }, maxRetries: 0 }))
  network = await faultyProxy(server.url)
  client = createOutlastClient<UIMessage>({ url: `${network.url}/ai-chat/` })
})
afterAll(async () => {
  client.close()
  await network[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const textOf = (message: UIMessage | undefined): string =>
  message?.parts.map((part) => (part.type === 'text' ? part.text : '')).join('') ?? ''

it('a run is read as the message that it makes', async () => {
  const run = await client.start({ chatId: 'one', text: 'Hi' })
  const snapshots: string[] = []
  for await (const message of run.messages()) snapshots.push(textOf(message))
  expect(snapshots.at(-1)).toBe('Hello there')
  const { message } = await client.runs.find(run.runId)
  expect(textOf(message!)).toBe('Hello there')
  expect(run.isBound).toBe(false)
})

it('whoever has an offset gets what follows it', async () => {
  const run = await client.start({ chatId: 'offsets', text: 'Hi' })
  const frames = []
  for await (const frame of run.chunks()) frames.push(frame)
  for (const [index, { offset }] of frames.entries()) {
    const rest = await client.attach({ runId: run.runId, after: offset })
    const types: string[] = []
    for await (const { chunk } of rest!.chunks()) types.push(chunk.type)
    if (index === frames.length - 1) expect(types).toEqual([])
    else expect(types.at(-1)).toBe('finish')
  }
})

it('who attaches behind an offset gets nothing twice, also when the connection breaks before a word', async () => {
  const run = await client.start({ chatId: 'behind', text: 'Wait' })
  let after = ''
  for await (const { offset, chunk } of run.chunks()) {
    after = offset
    if (chunk.type === 'text-delta' && chunk.delta.includes('there')) break
  }
  const rest = await client.attach({ runId: run.runId, after })
  const types: string[] = []
  const reading = (async () => {
    for await (const { chunk } of rest!.chunks()) types.push(chunk.type)
  })()
  await network.until(({ path, isOpen }) => isOpen && path.includes(encodeURIComponent(after)))
  network.cut()
  await client.stop({ runId: run.runId })
  await reading
  expect(types.at(-1)).toBe('finish')
  expect(types).not.toContain('start')
  expect(types).not.toContain('text-start')
})

it.each(['stream', 'messages', 'chunks'] as const)(
  'who leaves the loop over %s leaves its connection',
  async (way) => {
    const run = await client.start({ chatId: `leaves-${way}`, text: 'Wait' })
    const request = network.requests.at(-1)!
    expect(client.connection.get()).toBe('idle')
    for await (const _ of run[way]()) break
    await request.ended
    await eventually(() => expect(client.connection.get()).toBe('idle'))
    await client.stop({ runId: run.runId })
  },
)

it('who leaves a run before reading it leaves its connection', async () => {
  const run = await client.start({ chatId: 'unread', text: 'Wait' })
  const request = network.requests.at(-1)!
  run.leave()
  await request.ended
  expect((await client.runs.find(run.runId)).run.status).not.toBe('aborted')
  await client.stop({ runId: run.runId })
})

it('the same request with the same key begins one run', async () => {
  const request = { chatId: 'keys', text: 'Hi', requestKey: 'k-1' }
  const one = await client.start(request)
  await one.message()
  const other = await client.start(request)
  expect(other.runId).toBe(one.runId)
  expect(textOf(await other.message())).toBe('Hello there')
})

it('a run is left, attached to again, and stopped by its id', async () => {
  const run = await client.start({ chatId: 'stops', text: 'Wait' })
  for await (const { chunk } of run.chunks()) if (chunk.type === 'text-delta') break
  await expect(client.start({ chatId: 'stops', text: 'Hi' })).rejects.toSatisfy(
    (error) => error instanceof RunAlreadyActiveError && error.activeRunId === run.runId,
  )
  const again = await client.attach({ chatId: 'stops' })
  expect(again?.runId).toBe(run.runId)
  const whole = again!.message()
  expect(await client.stop({ runId: run.runId })).toBe(true)
  expect(textOf(await whole)).toBe('Hello there')
  expect(await client.stop({ runId: run.runId })).toBe(false)
  expect((await client.runs.find(run.runId)).run.status).toBe('aborted')
  expect(await client.attach({ chatId: 'stops' })).toBeUndefined()
})

it('several runs are stopped at once', async () => {
  const one = await client.start({ chatId: 'stops-1', text: 'Wait' })
  const other = await client.start({ chatId: 'stops-2', text: 'Wait' })
  const ids = [one.runId, other.runId]
  expect(await client.runs.stop([...ids, 'nobodys'])).toEqual(ids)
  await Promise.all([one.message(), other.message()])
  const { holds } = await client.runs.find(one.runId)
  expect(holds).toMatchObject([{ epoch: 1, end: 'settled' }])
})

it('a run that fails says so after its answer', async () => {
  const run = await client.start({ chatId: 'fails', text: 'Fail' })
  await expect(run.message()).rejects.toBeInstanceOf(RunFailedError)
})

it('a call that waits for a person is decided about', async () => {
  const run = await client.start({ chatId: 'pays', text: 'Pay' })
  const asked = await run.message()
  const call = asked?.parts.find(({ type }) => type === 'tool-pay') as { approval: { id: string } }
  const { status } = await client.runs.decide(run.runId, [
    { approvalId: call.approval.id, approved: true },
  ])
  expect(status).toBe('pending')
  const rest = await client.attach({ runId: run.runId })
  expect(textOf(await rest!.message())).toBe('Hello there')
})

it('what happens in a chat is followed over a connection that breaks', async () => {
  const leaving = new AbortController()
  const told: ChatEnvelope[] = []
  const following = (async () => {
    for await (const envelope of client.follow('followed', { signal: leaving.signal })) {
      told.push(envelope)
      if (envelope.type === 'chunk' && envelope.chunk.type === 'text-start') network.cut()
      // A run that was quick is also told at its end before its chunks.
      const isRead = told.some((one) => one.type === 'chunk' && one.chunk.type === 'finish')
      if (isRead && envelope.type === 'run' && envelope.run?.status === 'succeeded') leaving.abort()
    }
  })()
  await network.until(({ path }) => path.includes('followed/follow'))
  await server.outlast.ask('Hi', 'followed')
  await following
  const text = told.flatMap((envelope) =>
    envelope.type === 'chunk' && envelope.chunk.type === 'text-delta' ? [envelope.chunk.delta] : [],
  )
  expect(text.join('')).toBe('Hello there')
  const runs = told.flatMap((envelope) => (envelope.type === 'run' ? [envelope] : []))
  expect(textOf(runs.at(-1)?.question as UIMessage)).toBe('Hi')
  expect(client.connection.get()).toBe('idle')
})

it('the states of all chats are followed', async () => {
  for await (const news of client.followAll()) {
    if (news.type === 'states') await client.chats.rename('one', 'Greetings')
    if (news.type !== 'state' || news.chat.title !== 'Greetings') continue
    expect(news.chat).toMatchObject({ id: 'one', latestRun: { status: 'succeeded' } })
    break
  }
  expect.assertions(1)
})

it('chats, runs and files are at hand', async () => {
  await (await client.start({ chatId: 'records', text: 'Hi' })).message()
  const { chat, messages, activeRun } = await client.chats.open('records')
  expect([chat.id, messages.length, activeRun]).toEqual(['records', 2, null])
  expect((await client.chats.list({ query: 'Hi', limit: 1 })).after).toBeDefined()
  expect(await client.chats.export('records')).toContain('Hello there')
  const { runs } = await client.runs.list({ chat: 'records', status: ['settled'] })
  expect(runs).toHaveLength(1)
  expect(await client.runs.steps(runs[0]!.id)).toHaveLength(1)
  expect((await client.runs.prompt(runs[0]!.id, 0)).messages).toHaveLength(1)
  const seen = await client.chats.seen('records', runs[0]!.id)
  expect(seen.unread).toBe(false)
  const file = await client.files.upload(new Blob(['a,b'], { type: 'text/csv' }), {
    filename: 'table.csv',
  })
  expect(file).toMatchObject({ mediaType: 'text/csv', filename: 'table.csv', size: 3 })
  const { ticket } = await client.ticket()
  const opened = await fetch(`${server.url}${file.url}?ticket=${encodeURIComponent(ticket)}`)
  expect(await opened.text()).toBe('a,b')
  await client.chats.remove('records')
  await expect(client.chats.open('records')).rejects.toBeInstanceOf(ChatNotFoundError)
})

it('what the server refuses is the error that it is', async () => {
  await expect(client.runs.find('nobody')).rejects.toBeInstanceOf(RunNotFoundError)
  await expect(client.attach({ runId: 'nobody' })).rejects.toBeInstanceOf(RunNotFoundError)
  void network.next({ instead: 404 })
  await expect(client.chats.list()).rejects.toSatisfy(
    (error) => error instanceof ServerFailedError && error.status === 404,
  )
  void network.next({ instead: 'request lost' })
  await expect(client.chats.list()).rejects.toBeInstanceOf(ConnectionLostError)
})

it('an answer of something that is no Outlast says so at once, with where it was asked', async () => {
  for (const ask of [
    () => client.chats.list(),
    () => client.start({ chatId: 'nowhere', text: 'Hi' }),
    () => client.attach({ chatId: 'nowhere' }),
    () => client.attach({ runId: 'nowhere' }),
  ]) {
    void network.next({ instead: 200 })
    await expect(ask()).rejects.toSatisfy(
      (error) =>
        error instanceof ServerFailedError &&
        /text\/html/.test(error.message) &&
        error.message.includes(`${network.url}/ai-chat`),
    )
  }
})

it('a signal that has no more than those of React Native is enough', async () => {
  const own = createOutlastClient({
    url: `${network.url}/ai-chat`,
    fetch: (url, { signal: _, ...init } = {}) => fetch(url, init),
  })
  const { signal, abort } = bareSignal()
  void network.next({ instead: 'request lost' })
  const run = await own.start({ chatId: 'bare', text: 'Hi', signal })
  expect(textOf(await run.message())).toBe('Hello there')
  abort()
  void network.next({ instead: 'request lost' })
  await expect(own.attach({ runId: run.runId }, { signal })).rejects.toMatchObject({
    name: 'AbortError',
  })
})

/** As of `abort-controller`, which React Native has: it knows neither `reason` nor `throwIfAborted`. */
const bareSignal = () => {
  const target = new EventTarget()
  const signal = Object.assign(target, { aborted: false, onabort: null }) as unknown as AbortSignal
  const abort = () => {
    Object.assign(target, { aborted: true })
    target.dispatchEvent(new Event('abort'))
  }
  return { signal, abort }
}

it('headers are asked for with each request', async () => {
  let asked = 0
  const own = createOutlastClient({
    url: `${network.url}/ai-chat`,
    headers: async () => ({ 'x-number': String((asked += 1)) }),
  })
  await own.chats.list()
  await own.chats.list()
  const numbers = network.requests.flatMap(({ headers }) => headers['x-number'] ?? [])
  expect(numbers).toEqual(['1', '2'])
})
