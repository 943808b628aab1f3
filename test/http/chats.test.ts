import { describe, expect, it } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { createBarrier } from '../support/barrier.ts'
import { describedBy, descriptionAt } from '../support/described.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'
import { chunksOf, messagesOf, serveEngine, serving, turn, type Serving } from './serving.ts'

const answering = () =>
  defineAgent({ name: 'a', model: scriptedModel(() => [...textParts('Hello'), finishPart()]) })

/** Begins to answer and goes on when it is let. */
const waiting = () => {
  const barrier = createBarrier()
  const model = scriptedModel(async function* () {
    yield { type: 'text-start', id: '0' }
    yield { type: 'text-delta', id: '0', delta: 'First' }
    await barrier.wait()
    yield { type: 'text-end', id: '0' }
    yield finishPart()
  })
  return { agent: defineAgent({ name: 'a', model }), barrier }
}

const say = async (server: Serving, chatId: string, text: string, id?: string) =>
  chunksOf(await server.post('/ai-chat', turn(chatId, text, id)))

type Chat = { id: string; title: string | null; latestRun: { status: string } | null }
type Listed = { chats: Chat[]; after?: string }
type Opened = {
  chat: Chat
  messages: { id: string }[]
  activeRun: { id: string } | null
  before?: string
}

const read = async <T>(server: Serving, path: string): Promise<T> =>
  (await (await server.get(path)).json()) as T

const send = (server: Serving, method: string, path: string, body?: unknown) =>
  server.get(path, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })

/** The same server as somebody else of the same workspace sees it. */
const asStranger = async (server: Serving) => {
  const principal = { workspaceId: 'w1', userId: 'stranger' }
  await server.outlast.principals.ensure(principal)
  const { http, url } = await serveEngine(server.outlast, server.errors, {}, principal)
  const check = describedBy(await descriptionAt(url))
  return {
    async request(method: string, path: string, body?: unknown) {
      const init = body === undefined ? { method } : { method, body: JSON.stringify(body) }
      const headers = { 'content-type': 'application/json' }
      return check({ method, url: path }, await fetch(`${url}${path}`, { ...init, headers }))
    },
    [Symbol.asyncDispose]: () => http.close(0),
  }
}

describe('the list of chats', () => {
  it('has those with the newest turn first, page after page, with titles and states', async () => {
    await using server = await serving(answering())
    for (const [chatId, text] of [
      ['one', 'Plan a trip'],
      ['two', '# Fix 100% of it'],
      ['three', 'Plan a party'],
    ] as const)
      await say(server, chatId, text)
    await say(server, 'one', 'And back', 'm2')
    const first = await read<Listed>(server, '/ai-chat/chats?limit=2')
    expect(first.chats).toMatchObject([
      { id: 'one', title: 'Plan a trip', latestRun: { status: 'succeeded' } },
      { id: 'three', title: 'Plan a party' },
    ])
    const second = await read<Listed>(server, `/ai-chat/chats?limit=2&after=${first.after}`)
    expect(second.chats).toMatchObject([{ id: 'two', title: 'Fix 100% of it' }])
    expect(second.after).toBeUndefined()
    const found = async (query: string) => {
      const { chats } = await read<Listed>(
        server,
        `/ai-chat/chats?${new URLSearchParams({ query })}`,
      )
      return chats.map(({ id }) => id)
    }
    expect(await found('PLAN')).toEqual(['one', 'three'])
    expect(await found('0% OF')).toEqual(['two'])
    expect(await found('_')).toEqual([])
    expect(await found('\\')).toEqual([])
    expect(await found('')).toHaveLength(3)
    expect(server.errors).toEqual([])
  })

  it('refuses limits and positions that are none, in a sentence', async () => {
    await using server = await serving(answering())
    for (const query of ['limit=0', 'limit=101', 'limit=x', 'limit=1.5', 'after=x', 'after=1.'])
      expect(await read(server, `/ai-chat/chats?${query}`), query).toMatchObject({
        code: 'INVALID_REQUEST',
        detail: expect.stringMatching(/^In the query, (limit|after): /),
      })
    expect((await server.get('/ai-chat/chats?query=%00&after=9007199254740991.x')).status).toBe(200)
    expect((await server.get('/ai-chat/chats?after=9999999999999999.x')).status).toBe(400)
  })
})

describe('a chat', () => {
  it('is read in one call: what was said, and the run that answers', async () => {
    const { agent, barrier } = waiting()
    await using server = await serving(agent)
    const response = await server.post('/ai-chat', turn('c1', 'Hi'))
    await barrier.reached
    const { chat, messages, activeRun } = await read<Opened>(server, '/ai-chat/c1')
    expect(chat).toMatchObject({ id: 'c1', title: 'Hi', latestRun: { status: 'running' } })
    expect(messages).toMatchObject([{ id: 'c1-m1', role: 'user' }])
    expect(activeRun).toMatchObject({ chatId: 'c1', status: 'running' })
    barrier.release()
    await chunksOf(response)
    const after = await read<Opened>(server, '/ai-chat/c1')
    expect(after).toMatchObject({ messages: [{}, { role: 'assistant' }], activeRun: null })
    expect(await read(server, '/ai-chat/unknown')).toMatchObject({ code: 'CHAT_NOT_FOUND' })
  })

  it('has its messages in pages, from the last one on', async () => {
    await using server = await serving(answering())
    for (const id of ['m1', 'm2', 'm3']) await say(server, 'c1', id, id)
    const all = await read<Opened>(server, '/ai-chat/c1/messages')
    expect(all.messages).toHaveLength(6)
    expect(all.before).toBeUndefined()
    const pages: string[][] = []
    for (let query = 'limit=4'; query !== '';) {
      const page = await read<Opened>(server, `/ai-chat/c1/messages?${query}`)
      pages.unshift(page.messages.map(({ id }) => id))
      query = page.before === undefined ? '' : `limit=4&before=${page.before}`
    }
    expect(pages.map(({ length }) => length)).toEqual([2, 4])
    expect(pages.flat()).toEqual(all.messages.map(({ id }) => id))
    const rest = await read<Opened>(server, '/ai-chat/c1?before=m2')
    expect(rest.messages).toHaveLength(2)
    expect(await read(server, '/ai-chat/c1/messages?before=m9')).toMatchObject({
      code: 'MESSAGE_NOT_FOUND',
    })
  })

  it('is called what somebody calls it, until that is taken back', async () => {
    await using server = await serving(answering())
    await say(server, 'c1', 'Plan a trip')
    await say(server, 'c2', 'Other')
    const rename = async (title: unknown) =>
      (await (await send(server, 'PATCH', '/ai-chat/c1', { title })).json()) as unknown
    expect(await rename('  My\ntrip ')).toMatchObject({ chat: { id: 'c1', title: 'My trip' } })
    await say(server, 'c1', 'More', 'm2')
    await say(server, 'c2', 'More', 'm2')
    expect(await rename('Trip')).toMatchObject({ chat: { title: 'Trip' } })
    const { chats } = await read<Listed>(server, '/ai-chat/chats')
    expect(chats.map(({ id }) => id)).toEqual(['c2', 'c1'])
    expect(await rename(null)).toMatchObject({ chat: { title: 'Plan a trip' } })
    for (const title of ['', ' \n', 'x'.repeat(201), 1, undefined])
      expect(await rename(title)).toMatchObject({
        code: 'INVALID_REQUEST',
        detail: expect.stringContaining('In the body, title: a title'),
      })
    expect(await read(server, '/ai-chat/c1')).toMatchObject({ chat: { title: 'Plan a trip' } })
  })

  it('is exported as a file whose name is safe', async () => {
    await using server = await serving(answering())
    await say(server, 'c1', '../é "a"\\b:c')
    const response = await server.get('/ai-chat/c1/export')
    expect(response.headers.get('content-type')).toBe('text/markdown; charset=utf-8')
    expect(response.headers.get('content-disposition')).toBe(
      `attachment; filename="_ a b c.md"; filename*=UTF-8''%C3%A9%20a%20b%20c.md`,
    )
    const markdown = await response.text()
    expect(markdown).toContain('## User\n\n> ../é "a"\\b:c\n\n## Assistant\n\n> Hello\n')
  })

  it('of somebody else looks like none, on every route', async () => {
    await using server = await serving(answering())
    await say(server, 'c1', 'Secret')
    await using stranger = await asStranger(server)
    const ask = async (method: string, path: string, body?: unknown) =>
      (await (await stranger.request(method, path, body)).json()) as unknown
    const missing = { status: 404, code: 'CHAT_NOT_FOUND' }
    for (const id of ['c1', 'none']) {
      const same = { ...missing, detail: `There is no chat ${id} here.` }
      expect(await ask('GET', `/ai-chat/${id}`)).toMatchObject(same)
      expect(await ask('PATCH', `/ai-chat/${id}`, { title: 'Mine' })).toMatchObject(same)
      expect(await ask('DELETE', `/ai-chat/${id}`)).toMatchObject(same)
      expect(await ask('GET', `/ai-chat/${id}/export`)).toMatchObject(same)
      expect(await ask('GET', `/ai-chat/${id}/messages?before=c1-m1`)).toEqual({
        messages: [],
        activeRun: null,
      })
    }
    expect(await ask('GET', '/ai-chat/chats')).toEqual({ chats: [] })
    expect(await read(server, '/ai-chat/c1')).toMatchObject({ chat: { title: 'Secret' } })
  })
})

describe('a chat that is removed', () => {
  it('is gone with everything that was known of it, and its id is free', async () => {
    await using server = await serving(answering())
    await say(server, 'c1', 'Hi')
    await say(server, 'c2', 'Hi')
    expect((await send(server, 'DELETE', '/ai-chat/c1')).status).toBe(204)
    expect((await send(server, 'DELETE', '/ai-chat/c1')).status).toBe(404)
    const { db } = server.outlast
    for (const table of ['aiChats', 'aiChatRuns', 'aiChatRunSteps'] as const)
      expect(await db.selectFrom(table).selectAll().execute(), table).toHaveLength(1)
    expect(await db.selectFrom('aiChatMessages').selectAll().execute()).toHaveLength(2)
    await say(server, 'c1', 'Again')
    expect(await read(server, '/ai-chat/c1')).toMatchObject({ chat: { title: 'Again' } })
    expect(server.errors).toEqual([])
  })

  it('has its run stopped first, and readers get the end of it', async () => {
    const { agent, barrier } = waiting()
    await using server = await serving(agent)
    const reader = await server.post('/ai-chat', turn('c1', 'Hi'))
    await barrier.reached
    expect((await send(server, 'DELETE', '/ai-chat/c1')).status).toBe(204)
    const messages = await messagesOf(reader)
    expect(messages.slice(-3).map(({ data }) => data)).toEqual([
      '{"type":"abort"}',
      '{"type":"finish"}',
      '[DONE]',
    ])
    const { id } = messages[0]!
    const { runId } = (JSON.parse(messages[0]!.data) as { messageMetadata: { runId: string } })
      .messageMetadata
    expect(await read(server, `/ai-chat/runs/${runId}/stream?after=${id}`)).toMatchObject({
      code: 'RUN_NOT_FOUND',
    })
    expect(await read(server, `/ai-chat/c1/stream?after=${runId}/${id}`)).toMatchObject({
      code: 'OFFSET_GONE',
    })
    expect((await server.get('/ai-chat/c1/stream')).status).toBe(204)
    expect(server.errors).toEqual([])
    barrier.release()
  })
})
