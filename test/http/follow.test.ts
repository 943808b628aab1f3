/** The feed: what a client hears that follows everything which its user has. */
import { tool, type UIMessage } from 'ai'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { createBarrier } from '../support/barrier.ts'
import { messageParts, storedParts } from '../support/engine.ts'
import { Follower, type EnvelopeOf } from '../support/follower.ts'
import { finishPart, scriptedModel, textParts, toolCallParts } from '../support/scripted-model.ts'
import {
  chunksOf,
  messagesOf,
  serving,
  turn,
  type Serving,
  type ServingOptions,
} from './serving.ts'
import { eventually } from '../support/eventually.ts'

/** Says the same as it was told; where it was told to wait, when it is let. */
const echo = () => {
  const gate = createBarrier()
  const model = scriptedModel(async function* (_call, { prompt }) {
    const said = JSON.stringify(prompt.at(-1)?.content)
    yield { type: 'text-start', id: '0' }
    yield { type: 'text-delta', id: '0', delta: 'You said ' }
    if (said.includes('wait')) await gate.wait()
    yield { type: 'text-delta', id: '0', delta: said }
    yield { type: 'text-end', id: '0' }
    yield finishPart()
  })
  return { gate, agent: defineAgent({ name: 'a', model }) }
}

/** Asks a person before it pays. */
const cautious = () => {
  const model = scriptedModel((_call, { prompt }) =>
    prompt.at(-1)?.role === 'tool'
      ? [...textParts('Paid.'), finishPart()]
      : [...toolCallParts({ id: 'c1', name: 'pay', input: {} }), finishPart('tool-calls')],
  )
  const pay = tool({ inputSchema: z.object({}), needsApproval: true, execute: () => 'ok' })
  return defineAgent({ name: 'a', model, tools: { pay } })
}

type Run = NonNullable<EnvelopeOf<'run'>['run']>

const status = (wanted: Run['status']) => (one: EnvelopeOf<'run'>) => one.run?.status === wanted

const opened = new Set<Follower>()
afterEach(async () => {
  await Promise.all([...opened].map((one) => one[Symbol.asyncDispose]()))
  opened.clear()
})

const follow = async ({ url }: Serving, query = ''): Promise<Follower> => {
  const follower = await Follower.open(`${url}/ai-chat/follow${query}`)
  opened.add(follower)
  return follower
}

/** Asks, and reads the answer to its end. */
const ask = async (server: Serving, body: unknown): Promise<string> => {
  const answer = await server.post('/ai-chat', body)
  await chunksOf(answer)
  return answer.headers.get('x-outlast-run')!
}

const historyOf = async (server: Serving, chatId: string): Promise<UIMessage[]> => {
  const answer = await server.get(`/ai-chat/${chatId}/messages`)
  return ((await answer.json()) as { messages: UIMessage[] }).messages
}

const started = async (options?: ServingOptions) => {
  const { gate, agent } = echo()
  const server = await serving(agent, options)
  return { gate, server, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

describe('a client that follows', () => {
  it('sees what another one asks, the answer as it comes, and its end', async () => {
    await using world = await started()
    const { server, gate } = world
    const follower = await follow(server, '?chat=c1')
    expect(await follower.next('states')).toEqual({ type: 'states', chats: [] })
    const none = { run: null, question: null, previousMessageId: null }
    expect(await follower.next('run')).toEqual({ type: 'run', chatId: 'c1', ...none })
    const answer = await server.post('/ai-chat', turn('c1', 'wait'))
    const { run, question } = await follower.next('run')
    expect(run).toMatchObject({ id: answer.headers.get('x-outlast-run'), chatId: 'c1' })
    expect(question).toMatchObject({ id: 'c1-m1', parts: [{ type: 'text', text: 'wait' }] })
    const reader = await follow(server, `?chat=c1&run=${run!.id}`)
    await reader.next('chunk', ({ chunk }) => chunk.type === 'text-delta')
    gate.release()
    await reader.next('end', (end) => end.reader === 0)
    const own = await chunksOf(answer)
    expect(await messageParts(reader.chunks(0))).toEqual(await messageParts(own))
    expect((await follower.next('run', status('succeeded'))).run?.id).toBe(run!.id)
    const { chat } = await reader.any('state', (one) => one.chat.latestRun?.status === 'succeeded')
    expect(chat).toMatchObject({ id: 'c1', title: 'wait', unread: true })
    expect(server.errors).toEqual([])
  })

  it('reads runs as their own streams would send them, from the start and from any offset', async () => {
    await using world = await started()
    const { server } = world
    const runId = await ask(server, turn('c1', 'Hello'))
    const stream = async (after?: string) => {
      const query = after === undefined ? '' : `?after=${after}`
      const sent = await messagesOf(await server.get(`/ai-chat/runs/${runId}/stream${query}`))
      return sent
        .slice(0, -1)
        .map(({ id, data }) => ({ offset: id, chunk: JSON.parse(data) as unknown }))
    }
    const whole = await stream()
    const places = [undefined, ...whole.map(({ offset }) => offset)]
    const query = places.map((at) => (at === undefined ? `run=${runId}` : `run=${runId}/${at}`))
    const follower = await follow(server, `?${query.join('&')}`)
    const ended = new Set<number>()
    while (ended.size < places.length) ended.add((await follower.next('end')).reader)
    for (const [reader, after] of places.entries()) {
      const own = follower.told.flatMap((one) =>
        one.type === 'chunk' && 'reader' in one && one.reader === reader
          ? { offset: one.offset, chunk: one.chunk }
          : [],
      )
      expect(own).toEqual(await stream(after))
    }
    expect(follower.ids.join('')).toBe('')
  })

  it('is told where a question stands: new, edited, and answered again', async () => {
    await using world = await started()
    const { server } = world
    const follower = await follow(server, '?chat=c1')
    const say = async (body: object) => {
      const runId = await ask(server, { chatId: 'c1', ...body })
      const told = await follower.next('run', (one) => one.run?.id === runId)
      return [told.question?.id, told.previousMessageId]
    }
    const message = (id: string) => ({ message: { id, parts: [{ type: 'text', text: id }] } })
    expect(await say(message('m1'))).toEqual(['m1', null])
    const [, first] = await historyOf(server, 'c1')
    expect(await say(message('m2'))).toEqual(['m2', first!.id])
    expect(await say({ messageId: 'm2', ...message('m3') })).toEqual(['m3', first!.id])
    const again = { trigger: 'regenerate-message' }
    expect(await say(again)).toEqual(['m3', first!.id])
    expect(await say({ ...again, messageId: first!.id })).toEqual(['m1', null])
    expect(await say(message('m4'))).toEqual(['m4', (await historyOf(server, 'c1'))[1]!.id])
  })

  it('sees a stop, and how the run ends', async () => {
    await using world = await started()
    const { server } = world
    const answer = await server.post('/ai-chat', turn('c1', 'wait'))
    const runId = answer.headers.get('x-outlast-run')!
    const follower = await follow(server, `?chat=c1&run=${runId}`)
    await follower.next('chunk', ({ chunk }) => chunk.type === 'text-delta')
    await server.post('/ai-chat/stop', { runId })
    await follower.any('run', (one) => one.run?.stopRequestedAt !== null)
    await follower.any('end')
    expect(follower.chunks(0).map(({ type }) => type)).toContain('abort')
    expect(await chunksOf(answer)).not.toEqual([])
    const late = await follow(server, '?chat=c1')
    expect((await late.next('run')).run).toMatchObject({ id: runId, status: 'aborted' })
  })

  it('is told that a run waits, and reads what comes after the decision from where it stood', async () => {
    await using server = await serving(cautious())
    const follower = await follow(server, '?chat=c1')
    const runId = await ask(server, turn('c1', 'Pay'))
    await follower.next('run', status('waiting'))
    const reader = await follow(server, `?run=${runId}`)
    await reader.next('end')
    const [asked] = reader.chunks(0).filter(({ type }) => type === 'tool-approval-request')
    const { approvalId } = asked as unknown as { approvalId: string }
    const offset = reader.told.flatMap((one) => (one.type === 'chunk' ? one.offset : [])).at(-1)
    const decisions = [{ approvalId, approved: true }]
    await server.post(`/ai-chat/runs/${runId}/decisions`, { decisions })
    // Whoever took it after the decision was the second one.
    expect((await follower.next('run', status('succeeded'))).run).toMatchObject({ epoch: 2 })
    const rest = await follow(server, `?run=${runId}/${offset}`)
    await rest.next('end')
    const expected = await storedParts(server.outlast, {
      assistantMessageId: (await historyOf(server, 'c1'))[1]!.id,
    } as never)
    expect(await messageParts([...reader.chunks(0), ...rest.chunks(0)])).toEqual(expected)
    expect(rest.chunks(0).map(({ type }) => type)).not.toContain('start')
  })

  it('begins with the chats that are active or unread, until they were seen', async () => {
    await using world = await started()
    const { server, gate } = world
    const runId = await ask(server, turn('read', 'Hello'))
    const chatOf = async (path: string, body: unknown) => {
      const answer = await server.post(path, body)
      return ((await answer.json()) as { chat: { unread: boolean } }).chat
    }
    const newer = await ask(server, turn('read', 'Hello again', 'read-m2'))
    expect(await chatOf('/ai-chat/read/seen', { runId })).toMatchObject({ unread: true })
    const other = await follow(server)
    expect((await other.next('states')).chats.map(({ id }) => id)).toEqual(['read'])
    expect(await chatOf('/ai-chat/read/seen', { runId: newer })).toMatchObject({ unread: false })
    expect((await other.next('state')).chat).toMatchObject({ id: 'read', unread: false })
    await ask(server, turn('unread', 'Hello'))
    const answer = await server.post('/ai-chat', turn('active', 'wait'))
    // Nobody can have seen an end that has not come.
    const active = { runId: answer.headers.get('x-outlast-run')! }
    expect(await chatOf('/ai-chat/active/seen', active)).toMatchObject({ unread: false })
    const follower = await follow(server)
    const { chats } = await follower.next('states')
    expect(chats.map(({ id, unread }) => [id, unread])).toEqual(
      expect.arrayContaining([
        ['active', false],
        ['unread', true],
      ]),
    )
    expect(chats).toHaveLength(2)
    gate.release()
    await follower.next('state', ({ chat }) => chat.id === 'active' && chat.unread)
    const list = (await (await server.get('/ai-chat/chats')).json()) as { chats: object[] }
    expect(list.chats).toMatchObject([
      { id: 'active', unread: true },
      { id: 'unread', unread: true },
      { id: 'read', unread: false },
    ])
    const none = await server.post('/ai-chat/none/seen', { runId })
    expect([none.status, await none.json()]).toMatchObject([404, { code: 'CHAT_NOT_FOUND' }])
  })

  it('hears of a new title and of a removal, and of a chat that takes the place of another', async () => {
    await using world = await started()
    const { server } = world
    await ask(server, turn('c1', 'Hello'))
    const follower = await follow(server, '?chat=c1')
    await follower.next('run')
    const patch = { method: 'PATCH', headers: { 'content-type': 'application/json' } }
    await server.get('/ai-chat/c1', { ...patch, body: JSON.stringify({ title: 'Mine' }) })
    expect((await follower.next('state')).chat.title).toBe('Mine')
    await server.get('/ai-chat/c1', { method: 'DELETE' })
    expect(await follower.next('removed')).toEqual({ type: 'removed', chatId: 'c1' })
    const runId = await ask(server, turn('c1', 'Again', 'c1-m2'))
    const { run, question, previousMessageId } = await follower.next('run')
    expect([run?.id, question?.id, previousMessageId]).toEqual([runId, 'c1-m2', null])
  })

  it('reads a run of a chat that is removed to its end', async () => {
    await using world = await started()
    const { server } = world
    const answer = await server.post('/ai-chat', turn('c1', 'wait'))
    const runId = answer.headers.get('x-outlast-run')!
    const follower = await follow(server, `?chat=c1&run=${runId}`)
    await follower.next('chunk', ({ chunk }) => chunk.type === 'text-delta')
    await server.get('/ai-chat/c1', { method: 'DELETE' })
    await eventually(() =>
      expect(follower.told.map(({ type }) => type)).toEqual(
        expect.arrayContaining(['end', 'removed']),
      ),
    )
  })

  it('is told of bound runs, and why they cannot be read', async () => {
    await using world = await started({ autonomousRuns: false })
    const { server, gate } = world
    const follower = await follow(server, '?chat=c1')
    await follower.next('run')
    const answer = await server.post('/ai-chat', turn('c1', 'wait'))
    expect(answer.headers.get('x-outlast-bound')).toBe('true')
    const { run } = await follower.next('run')
    const reader = await follow(server, `?run=${run!.id}`)
    const { problem } = await reader.next('problem')
    expect(problem).toMatchObject({ status: 403, code: 'NOT_ALLOWED' })
    gate.release()
    await chunksOf(answer)
    await follower.next('run', status('succeeded'))
    expect(server.errors).toEqual([])
  })
})

describe('the feed', () => {
  it('refuses what it cannot follow, and says what to do', async () => {
    await using world = await started()
    const { server } = world
    const refused = async (query: string) => {
      const answer = await server.get(`/ai-chat/follow?${query}`)
      const { code, detail } = (await answer.json()) as { code: string; detail: string }
      return [answer.status, code, detail]
    }
    const invalid = (detail: RegExp) => [400, 'INVALID_REQUEST', expect.stringMatching(detail)]
    expect(await refused('chat=')).toEqual(invalid(/chat\[0\].*1 to 128 letters/))
    expect(await refused('chat=runs')).toEqual(invalid(/not a word of a route/))
    for (const run of ['', 'a/', 'a/b', 'a/1-1/2', '/1-1', 'a/1-1.x', '%00', 'a%20b'])
      expect(await refused(`run=${run}`)).toEqual(invalid(/run\[0\]: a run is <runId>/))
    const many = Array.from({ length: 26 }, (_, index) => `chat=c${index}&run=r${index}`)
    expect(await refused(many.join('&'))).toEqual(invalid(/at most 50 chats and runs together/))
    await using follower = await Follower.open(
      `${server.url}/ai-chat/follow?${many.slice(1).join('&')}`,
    )
    const problems = new Set<number>()
    while (problems.size < 25) {
      const { reader, problem } = await follower.next('problem')
      expect(problem).toMatchObject({ status: 404, code: 'RUN_NOT_FOUND' })
      problems.add(reader)
    }
  })

  it('answers HEAD without a stream, and other methods with those that it takes', async () => {
    await using world = await started({ runLimits: { readers: 1 } })
    const { server } = world
    for (const path of ['/ai-chat/follow', '/ai-chat/c1/follow']) {
      const head = await server.get(path, { method: 'HEAD' })
      expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
      expect(head.headers.get('x-vercel-ai-ui-message-stream')).toBeNull()
      const other = await server.post(path, {})
      expect([other.status, other.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    }
  })

  it('is one of the streams that a user may read at a time, for as long as it is read', async () => {
    await using world = await started({ runLimits: { readers: 1 } })
    const { server } = world
    const first = await follow(server)
    const refused = await server.get('/ai-chat/c1/follow')
    expect([refused.status, await refused.json()]).toMatchObject([
      429,
      { code: 'TOO_MANY_READERS' },
    ])
    await first[Symbol.asyncDispose]()
    await eventually(async () => expect(await follow(server)).toBeInstanceOf(Follower))
  })

  it('sends a comment in silence, and is destroyed when the server closes', async () => {
    await using world = await started({ limits: { keepAliveMs: 20 } })
    const { server } = world
    const answer = await fetch(`${server.url}/ai-chat/follow`)
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (!text.includes(': keep-alive')) text += (await reader.read()).value
    await reader.cancel()
    const feed = await follow(server, '?chat=c1')
    await feed.next('states')
    await using chat = await Follower.open(`${server.url}/ai-chat/c1/follow`)
    await chat.next('run')
    await server.outlast.close(0)
    for (const follower of [feed, chat]) expect(await follower.ended).toBe('broken')
    expect(server.errors).toEqual([])
  })
})
