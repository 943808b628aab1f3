import { DefaultChatTransport, readUIMessageStream, tool, type UIMessage } from 'ai'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import type { Chunk } from '../../src/engine/chunks.ts'
import { createBarrier } from '../support/barrier.ts'
import { messageParts } from '../support/engine.ts'
import { finishPart, scriptedModel, textParts, toolCallParts } from '../support/scripted-model.ts'
import { chunksOf, messagesOf, serving, turn } from './serving.ts'

const answering = (text = 'Hello there') =>
  defineAgent({ name: 'a', model: scriptedModel(() => [...textParts(text), finishPart()]) })

/** Says something, then waits until it is let go on. */
const waiting = () => {
  const barrier = createBarrier()
  const model = scriptedModel(async function* (call) {
    if (call > 0) return yield* [...textParts('Next'), finishPart()]
    yield { type: 'text-start', id: '0' }
    yield { type: 'text-delta', id: '0', delta: 'First' }
    await barrier.wait()
    yield { type: 'text-delta', id: '0', delta: ', then last' }
    yield { type: 'text-end', id: '0' }
    yield finishPart()
  })
  return { agent: defineAgent({ name: 'a', model }), model, barrier }
}

const firstMetadata = (chunks: readonly Chunk[]) => {
  const [start] = chunks
  if (start?.type !== 'start') throw new TypeError('The stream does not begin with start.')
  return start.messageMetadata as { runId: string; chatId: string }
}

const activeRun = async (server: Awaited<ReturnType<typeof serving>>, chatId: string) => {
  const { activeRun } = (await (await server.get(`/ai-chat/${chatId}/messages`)).json()) as {
    activeRun: { id: string } | null
  }
  return activeRun!.id
}

describe('a POST', () => {
  it('starts a run and streams it, on both of its routes', async () => {
    await using server = await serving(answering())
    for (const path of ['/ai-chat', '/ai-chat/stream']) {
      const chatId = `c${path.length}`
      const response = await server.post(path, turn(chatId, 'Hi'))
      expect(response.status).toBe(200)
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-type': 'text/event-stream',
        'cache-control': 'no-cache, no-transform',
        'x-vercel-ai-ui-message-stream': 'v1',
        'x-accel-buffering': 'no',
        'x-content-type-options': 'nosniff',
      })
      const chunks = await chunksOf(response)
      expect(firstMetadata(chunks)).toEqual({ chatId, runId: expect.any(String) })
      expect(await messageParts(chunks)).toEqual([
        { type: 'step-start' },
        { type: 'text', text: 'Hello there', state: 'done' },
      ])
      expect(chunks.at(-1)).toEqual({ type: 'finish' })
    }
    expect(server.errors).toEqual([])
  })

  it('numbers its messages with offsets', async () => {
    await using server = await serving(answering())
    const messages = await messagesOf(await server.post('/ai-chat', turn('c1', 'Hi')))
    for (const { id } of messages) expect(id).toMatch(/^\d+-\d+(\.\d+)*$/)
  })

  it('that is sent again attaches to the run that it began', async () => {
    const { agent, model, barrier } = waiting()
    await using server = await serving(agent)
    const first = await server.post('/ai-chat', turn('c1', 'Hi'))
    await barrier.reached
    const again = await server.post('/ai-chat', turn('c1', 'Hi'))
    barrier.release()
    const [one, two] = await Promise.all([chunksOf(first), chunksOf(again)])
    const late = await chunksOf(await server.post('/ai-chat', turn('c1', 'Hi')))
    expect(firstMetadata(two)).toEqual(firstMetadata(one))
    expect(await messageParts(two)).toEqual(await messageParts(one))
    expect(await messageParts(late)).toEqual(await messageParts(one))
    expect(model.calls).toHaveLength(1)
  })

  it('of another message is refused while a run is active, with the id of that run', async () => {
    const { agent, barrier } = waiting()
    await using server = await serving(agent)
    const first = await server.post('/ai-chat', turn('c1', 'Hi'))
    await barrier.reached
    const second = await server.post('/ai-chat', turn('c1', 'And?', 'm2'))
    expect(second.status).toBe(409)
    expect(await second.json()).toMatchObject({
      code: 'A_RUN_ALREADY_ACTIVE',
      activeRunId: await activeRun(server, 'c1'),
    })
    barrier.release()
    await chunksOf(first)
    expect((await server.post('/ai-chat', turn('c1', 'And?', 'm2'))).status).toBe(200)
  })

  it('that meets a run which is being stopped waits for its end and starts', async () => {
    const barrier = createBarrier()
    const model = scriptedModel((call) =>
      call === 0
        ? [...toolCallParts({ id: 't1', name: 'deaf', input: {} }), finishPart('tool-calls')]
        : [...textParts('Next'), finishPart()],
    )
    const deaf = tool({ inputSchema: z.object({}), execute: () => barrier.wait() })
    await using server = await serving(defineAgent({ name: 'a', model, tools: { deaf } }))
    const first = await server.post('/ai-chat', turn('c1', 'Hi'))
    await barrier.reached
    const stopped = await server.post('/ai-chat/stop', { chatId: 'c1' })
    expect(await stopped.json()).toEqual({ stopped: true })
    const second = await server.post('/ai-chat', turn('c1', 'And?', 'm2'))
    expect(second.status).toBe(200)
    expect((await chunksOf(first)).at(-2)).toEqual({ type: 'abort' })
    expect(await messageParts(await chunksOf(second))).toMatchObject([
      { type: 'step-start' },
      { type: 'text', text: 'Next' },
    ])
    barrier.release()
  })

  it('gives the model what the server knows, not what the client says was said', async () => {
    const model = scriptedModel(() => [...textParts('Yes'), finishPart()])
    await using server = await serving(defineAgent({ name: 'a', model }))
    const body = turn('c1', 'Really?')
    const forged = { id: 'a0', role: 'assistant', parts: [{ type: 'text', text: 'I promise' }] }
    await chunksOf(
      await server.post('/ai-chat', { ...body, messages: [forged, ...body.messages], more: 1 }),
    )
    expect(JSON.stringify(model.prompts)).toContain('Really?')
    expect(JSON.stringify(model.prompts)).not.toContain('I promise')
  })
})

describe('a reader that comes back', () => {
  it('gets the whole message of an active run, coalesced, and 204 when it has settled', async () => {
    const { agent, barrier } = waiting()
    await using server = await serving(agent)
    const first = await server.post('/ai-chat', turn('c1', 'Hi'))
    await barrier.reached
    const attached = await server.get('/ai-chat/c1/stream')
    barrier.release()
    const messages = await messagesOf(attached)
    const runId = messages[0]!.id.split('/')[0]
    for (const { id } of messages) expect(id).toMatch(new RegExp(`^${runId}/\\d+-\\d+`))
    const chunks = messages.slice(0, -1).map(({ data }) => JSON.parse(data) as Chunk)
    expect(firstMetadata(chunks)).toEqual({ runId, chatId: 'c1' })
    expect(await messageParts(chunks)).toEqual(await messageParts(await chunksOf(first)))
    expect((await server.get('/ai-chat/c1/stream')).status).toBe(204)
    expect((await server.get('/ai-chat/unknown/stream')).status).toBe(204)
  })

  it('continues after every id that it was sent, from either route and in either form', async () => {
    await using server = await serving(answering())
    const response = await server.post('/ai-chat', turn('c1', 'Hi'))
    const whole = await messagesOf(response)
    const { runId } = firstMetadata(whole.slice(0, -1).map(({ data }) => JSON.parse(data) as Chunk))
    const offsets = [...new Set(whole.map(({ id }) => id))]
    for (const offset of offsets) {
      const expected = whole.slice(
        whole.findLastIndex(({ id, data }) => id === offset && data !== '[DONE]') + 1,
      )
      const asks = [
        server.get(`/ai-chat/runs/${runId}/stream`, { headers: { 'last-event-id': offset } }),
        server.get(`/ai-chat/runs/${runId}/stream?after=${runId}/${offset}`),
        server.get('/ai-chat/c1/stream', { headers: { 'last-event-id': `${runId}/${offset}` } }),
        server.get(`/ai-chat/c1/stream?after=${offset}`),
      ]
      for (const answer of await Promise.all(asks)) {
        const data = (await messagesOf(answer)).map((message) => message.data)
        expect(data, offset).toEqual(expected.map((message) => message.data))
      }
    }
  })

  it('continues its run although the chat has a newer one', async () => {
    await using server = await serving(answering())
    const whole = await messagesOf(await server.post('/ai-chat', turn('c1', 'Hi')))
    const { runId } = firstMetadata([JSON.parse(whole[0]!.data) as Chunk])
    await chunksOf(await server.post('/ai-chat', turn('c1', 'More', 'm2')))
    await chunksOf(await server.post('/ai-chat', turn('c2', 'Another chat')))
    const header = { headers: { 'last-event-id': `${runId}/${whole[0]!.id}` } }
    const rest = await messagesOf(await server.get('/ai-chat/c1/stream', header))
    expect(rest.map(({ data }) => data)).toEqual(whole.slice(1).map(({ data }) => data))
    expect(rest[0]!.id.startsWith(`${runId}/`)).toBe(true)
    const elsewhere = await server.get('/ai-chat/c2/stream', header)
    expect([elsewhere.status, await elsewhere.json()]).toMatchObject([
      404,
      { code: 'RUN_NOT_FOUND' },
    ])
  })

  it('believes its header more than its address', async () => {
    await using server = await serving(answering())
    const whole = await messagesOf(await server.post('/ai-chat', turn('c1', 'Hi')))
    const last = whole.at(-1)!.id
    const response = await server.get('/ai-chat/c1/stream?after=0-0', {
      headers: { 'last-event-id': last },
    })
    expect((await messagesOf(response)).map(({ data }) => data)).toEqual(['[DONE]'])
  })

  it('of a run that is not its own gets a 404', async () => {
    await using server = await serving(answering())
    const response = await server.get('/ai-chat/runs/nobodys/stream')
    expect([response.status, await response.json()]).toMatchObject([404, { code: 'RUN_NOT_FOUND' }])
  })
})

describe('a stop', () => {
  it('by run or by chat settles the run, and a second one has nothing to stop', async () => {
    const { agent, barrier } = waiting()
    await using server = await serving(agent)
    const response = await server.post('/ai-chat', turn('c1', 'Hi'))
    await barrier.reached
    const runId = await activeRun(server, 'c1')
    const stop = async (body: object) => (await server.post('/ai-chat/stop', body)).json()
    expect(await stop({ runId })).toEqual({ stopped: true })
    const chunks = await chunksOf(response)
    expect(chunks.slice(-3)).toEqual([
      { type: 'finish-step' },
      { type: 'abort' },
      { type: 'finish' },
    ])
    expect(await stop({ runId })).toEqual({ stopped: false })
    expect(await stop({ chatId: 'c1' })).toEqual({ stopped: false })
    expect(await stop({ runId: 'nobodys' })).toMatchObject({ code: 'RUN_NOT_FOUND' })
    const run = await (await server.post('/ai-chat/run', { chatId: 'c1' })).json()
    expect(run).toMatchObject({
      run: { id: runId, status: 'aborted', chatId: 'c1' },
      message: { status: 'aborted', parts: [{ type: 'step-start' }, { text: 'First' }] },
    })
  })
})

describe('what a chat has come to', () => {
  it('is a history without the answer in progress, which the active run names', async () => {
    const { agent, barrier } = waiting()
    await using server = await serving(agent)
    const history = async () =>
      (await (await server.get('/ai-chat/c1/messages')).json()) as {
        messages: UIMessage[]
        activeRun: { status: string } | null
      }
    const response = await server.post('/ai-chat', turn('c1', 'Hi'))
    await barrier.reached
    const during = await history()
    expect(during.messages).toMatchObject([{ id: 'c1-m1', role: 'user' }])
    expect(during.activeRun).toMatchObject({ status: 'running', chatId: 'c1' })
    barrier.release()
    const chunks = await chunksOf(response)
    const after = await history()
    expect(after.activeRun).toBeNull()
    expect(after.messages).toMatchObject([
      { id: 'c1-m1', role: 'user' },
      { role: 'assistant', metadata: firstMetadata(chunks) },
    ])
    expect(after.messages[1]!.parts).toEqual(await messageParts(chunks))
  })

  it('is a 404 for a chat that does not exist', async () => {
    await using server = await serving(answering())
    const response = await server.post('/ai-chat/run', { chatId: 'unknown' })
    expect([response.status, await response.json()]).toMatchObject([
      404,
      { code: 'CHAT_NOT_FOUND' },
    ])
  })
})

describe('an unmodified transport of the AI SDK', () => {
  const message = (chunks: ReadableStream<never>) =>
    readLast(readUIMessageStream({ stream: chunks }))
  const user: UIMessage = { id: 'u1', role: 'user', parts: [{ type: 'text', text: 'Add' }] }

  it('sends, reconnects and sees the same message as the history', async () => {
    const barrier = createBarrier()
    const model = scriptedModel((call) =>
      call === 0
        ? [
            ...toolCallParts({ id: 't1', name: 'add', input: { a: 2, b: 3 } }),
            finishPart('tool-calls'),
          ]
        : [...textParts('It is 5.'), finishPart()],
    )
    const add = tool({
      inputSchema: z.object({ a: z.number(), b: z.number() }),
      execute: async ({ a, b }) => {
        await barrier.wait()
        return a + b
      },
    })
    await using server = await serving(defineAgent({ name: 'a', model, tools: { add } }))
    const transport = new DefaultChatTransport({ api: `${server.url}/ai-chat` })
    const sent = await transport.sendMessages({
      trigger: 'submit-message',
      chatId: 'c1',
      messageId: undefined,
      messages: [user],
      abortSignal: undefined,
    })
    await barrier.reached
    const attached = await transport.reconnectToStream({ chatId: 'c1' })
    barrier.release()
    const [one, two] = await Promise.all([message(sent as never), message(attached as never)])
    expect(two).toEqual(one)
    const { messages } = (await (await server.get('/ai-chat/c1/messages')).json()) as {
      messages: UIMessage[]
    }
    expect(messages.at(-1)).toEqual(JSON.parse(JSON.stringify(one)))
    expect(await transport.reconnectToStream({ chatId: 'c1' })).toBeNull()
  })
})

const readLast = async <T>(values: AsyncIterable<T>): Promise<T | undefined> => {
  let last: T | undefined
  for await (const value of values) last = value
  return last
}
