/** The real `useChat` edits and makes answers again; what it shows is what the database has. */
import { Chat } from '@ai-sdk/react'
import { DefaultChatTransport, tool, type UIMessage } from 'ai'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { createBarrier } from '../support/barrier.ts'
import { finishPart, scriptedModel, textParts, toolCallParts } from '../support/scripted-model.ts'
import { serving, type Serving } from './serving.ts'

const answering = () => {
  const model = scriptedModel((call) => [...textParts(`Answer ${call}`), finishPart()])
  return { model, agent: defineAgent({ name: 'a', model, maxRetries: 0 }) }
}

/** What the hook keeps, without a browser; like a page, it begins with the history. */
const open = async (server: Serving, fetching: typeof fetch = fetch) => {
  const transport = new DefaultChatTransport({ api: `${server.url}/ai-chat`, fetch: fetching })
  return new Chat<UIMessage>({ id: 'c1', transport, messages: await history(server) })
}

const history = async (server: Serving): Promise<UIMessage[]> => {
  const answer = await server.get('/ai-chat/c1/messages')
  return ((await answer.json()) as { messages: UIMessage[] }).messages
}

const plain = (messages: readonly UIMessage[]): unknown => JSON.parse(JSON.stringify(messages))

const textsOf = (messages: readonly UIMessage[]) =>
  messages.map(({ parts }) => parts.map((part) => (part.type === 'text' ? part.text : '')).join(''))

/** The chat shows these texts, and the database has the same messages. */
const expectBoth = async (server: Serving, chat: Chat<UIMessage>, texts: readonly string[]) => {
  expect(chat.error).toBeUndefined()
  expect(textsOf(chat.messages)).toEqual(texts)
  expect(plain(chat.messages)).toEqual(await history(server))
}

it('an edit takes everything after the message away, on both sides and for the model', async () => {
  const { agent, model } = answering()
  await using server = await serving(agent)
  const chat = await open(server)
  await chat.sendMessage({ text: 'One' })
  await chat.sendMessage({ text: 'Two' })
  await expectBoth(server, chat, ['One', 'Answer 0', 'Two', 'Answer 1'])
  const [one, , two] = chat.messages
  await chat.sendMessage({ text: 'Too', messageId: two!.id })
  await expectBoth(server, chat, ['One', 'Answer 0', 'Too', 'Answer 2'])
  expect(chat.messages[2]!.id).toBe(two!.id)
  await chat.sendMessage({ text: 'Uno', messageId: one!.id })
  await expectBoth(server, chat, ['Uno', 'Answer 3'])
  await chat.sendMessage({ text: 'Due' })
  await expectBoth(server, chat, ['Uno', 'Answer 3', 'Due', 'Answer 4'])
  const told = JSON.stringify(model.prompts.at(-1))
  for (const word of ['One', 'Two', 'Too', 'Answer 0', 'Answer 1', 'Answer 2'])
    expect(told).not.toContain(word)
  expect(told).toContain('Uno')
  expect(server.errors).toEqual([])
})

it('another answer is made of the newest message, of an older answer and of a message', async () => {
  const { agent } = answering()
  await using server = await serving(agent)
  const chat = await open(server)
  await chat.sendMessage({ text: 'One' })
  await chat.sendMessage({ text: 'Two' })
  await chat.regenerate()
  await expectBoth(server, chat, ['One', 'Answer 0', 'Two', 'Answer 2'])
  await chat.regenerate({ messageId: chat.messages[1]!.id })
  await expectBoth(server, chat, ['One', 'Answer 3'])
  await chat.regenerate({ messageId: chat.messages[0]!.id })
  await expectBoth(server, chat, ['One', 'Answer 4'])
  expect(server.errors).toEqual([])
})

it('another answer follows one that failed before its first word', async () => {
  const model = scriptedModel((call) => {
    if (call === 0) throw new TypeError('broken')
    return [...textParts('Well'), finishPart()]
  })
  await using server = await serving(defineAgent({ name: 'a', model, maxRetries: 0 }))
  const chat = await open(server)
  await chat.sendMessage({ text: 'One' })
  expect(chat.error).toBeDefined()
  await chat.regenerate()
  await expectBoth(server, chat, ['One', 'Well'])
})

it('another answer follows one that was stopped', async () => {
  const gate = createBarrier()
  const model = scriptedModel(async function* (call) {
    if (call > 0) return yield* [...textParts('Whole'), finishPart()]
    yield { type: 'text-start', id: '0' }
    yield { type: 'text-delta', id: '0', delta: 'Ha' }
    await gate.wait()
  })
  await using server = await serving(defineAgent({ name: 'a', model }))
  const chat = await open(server)
  const sent = chat.sendMessage({ text: 'One' })
  await gate.reached
  await server.post('/ai-chat/stop', { chatId: 'c1' })
  await sent
  await expectBoth(server, chat, ['One', 'Ha'])
  await chat.regenerate()
  await expectBoth(server, chat, ['One', 'Whole'])
  gate.release()
})

it('a stop before the first word of a later step is shown as it is stored', async () => {
  const gate = createBarrier()
  const model = scriptedModel(async function* (call) {
    if (call === 0) yield* [...toolCallParts({ id: 'c', name: 'nap', input: {} }), finishPart()]
    else await gate.wait()
  })
  const nap = tool({ inputSchema: z.object({}), execute: async () => 'rested' })
  await using server = await serving(defineAgent({ name: 'a', model, tools: { nap } }))
  const chat = await open(server)
  const sent = chat.sendMessage({ text: 'One' })
  await gate.reached
  await server.post('/ai-chat/stop', { chatId: 'c1' })
  await sent
  expect(chat.messages[1]!.parts.at(-1)).toEqual({ type: 'step-start' })
  await expectBoth(server, chat, ['One', ''])
  gate.release()
})

it('trying again sends a message that never arrived', async () => {
  const { agent } = answering()
  await using server = await serving(agent)
  let isOnline = true
  const chat = await open(server, (...args) =>
    isOnline ? fetch(...args) : Promise.reject(new TypeError('offline')),
  )
  await chat.sendMessage({ text: 'One' })
  isOnline = false
  await chat.sendMessage({ text: 'Two' })
  expect(chat.error).toBeDefined()
  isOnline = true
  await chat.regenerate()
  await expectBoth(server, chat, ['One', 'Answer 0', 'Two', 'Answer 1'])
})

it('trying again after a lost answer to an edit gives the answer that was made', async () => {
  const { agent, model } = answering()
  await using server = await serving(agent)
  let isLosing = false
  const chat = await open(server, async (...args) => {
    const answer = await fetch(...args)
    if (!isLosing) return answer
    await answer.text()
    throw new TypeError('lost')
  })
  await chat.sendMessage({ text: 'One' })
  const [{ id: messageId }] = chat.messages as [UIMessage]
  isLosing = true
  await chat.sendMessage({ text: 'Uno', messageId })
  expect(chat.error).toBeDefined()
  isLosing = false
  await chat.sendMessage({ text: 'Uno', messageId })
  await expectBoth(server, chat, ['Uno', 'Answer 1'])
  expect(model.calls).toHaveLength(2)
})

it('a tab that has not seen an edit of the other one is told so, and learns it from the history', async () => {
  const { agent } = answering()
  await using server = await serving(agent)
  const one = await open(server)
  await one.sendMessage({ text: 'One' })
  await one.sendMessage({ text: 'Two' })
  const other = await open(server)
  await one.sendMessage({ text: 'Uno', messageId: one.messages[0]!.id })
  await other.regenerate({ messageId: other.messages[3]!.id })
  expect(other.error?.message).toContain('MESSAGE_NOT_FOUND')
  await expectBoth(server, one, ['Uno', 'Answer 2'])
  const reloaded = await open(server)
  await reloaded.sendMessage({ text: 'Due' })
  await expectBoth(server, reloaded, ['Uno', 'Answer 2', 'Due', 'Answer 3'])
})
