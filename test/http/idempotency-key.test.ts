/** A key of the client's own makes any turn repeatable; it belongs to one request of one chat. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'
import { chunksOf, jsonPost, serving, turn, type Serving } from './serving.ts'

let server: Serving
let calls = 0
beforeAll(async () => {
  const model = scriptedModel(() => [...textParts(`Answer ${(calls += 1)}`), finishPart()])
  server = await serving(defineAgent({ name: 'a', model }))
})
afterAll(() => server[Symbol.asyncDispose]())

const send = (body: object, key?: string, path = '/ai-chat') => {
  const { headers } = jsonPost(body)
  return server.post(path, body, {
    headers: key === undefined ? headers : { ...headers, 'idempotency-key': key },
  })
}
/** The run that answered. */
const runOf = async (answer: Response): Promise<string> => {
  expect(answer.status).toBe(200)
  const [start] = await chunksOf(answer)
  return (start as { messageMetadata: { runId: string } }).messageMetadata.runId
}
const again = (id: string) => ({ chatId: id, trigger: 'regenerate-message' })

describe('a request with a key', () => {
  it('finds its run whatever became of the chat since', async () => {
    const chat = crypto.randomUUID()
    const run = await runOf(await send(turn(chat, 'Hi', 'm1'), 'k1'))
    const edit = { ...turn(chat, 'Changed', 'm1'), messageId: 'm1' }
    const edited = await runOf(await send(edit, 'k2'))
    const other = await runOf(await send(again(chat), 'k3'))
    expect(new Set([run, edited, other]).size).toBe(3)
    expect(await runOf(await send(turn(chat, 'Hi', 'm1'), 'k1', '/ai-chat/stream'))).toBe(run)
    expect(await runOf(await send(edit, 'k2'))).toBe(edited)
    expect(await runOf(await send(again(chat), 'k3'))).toBe(other)
    expect(await runOf(await send(again(chat)))).not.toBe(other)
  })

  it('begins one run when it comes several times at the same moment', async () => {
    for (const chat of [crypto.randomUUID(), 'a-chat-that-is-there']) {
      await runOf(await send(turn('a-chat-that-is-there', 'Hi')))
      const body = { chatId: chat, message: { parts: [{ type: 'text', text: 'Hi' }] } }
      const answers = await Promise.all(Array.from({ length: 10 }, () => send(body, 'k')))
      expect(new Set(await Promise.all(answers.map(runOf))).size).toBe(1)
    }
  })

  it('that is new changes nothing for a message that is known', async () => {
    const chat = crypto.randomUUID()
    const run = await runOf(await send(turn(chat, 'Hi', 'm1'), 'k1'))
    expect(await runOf(await send(turn(chat, 'Hi', 'm1'), 'k2'))).toBe(run)
    expect(await runOf(await send(turn(chat, 'Hi', 'm1')))).toBe(run)
    // It began nothing, so it is free.
    expect(await runOf(await send(turn(chat, 'More', 'm2'), 'k2'))).not.toBe(run)
  })

  it('is an edit that is recognised without it too', async () => {
    const chat = crypto.randomUUID()
    await runOf(await send(turn(chat, 'Hi', 'm1')))
    const edit = { ...turn(chat, 'Changed', 'm1'), messageId: 'm1' }
    const edited = await runOf(await send(edit, 'k1'))
    expect(await runOf(await send(edit))).toBe(edited)
  })

  it('that was refused may be corrected under the same one', async () => {
    const chat = crypto.randomUUID()
    const wrong = { ...turn(chat, 'Hi', 'm1'), messageId: 'm0' }
    expect((await send(wrong, 'k1')).status).toBe(404)
    await runOf(await send(turn(chat, 'Hi', 'm1'), 'k1'))
  })

  it('of another chat, or of a chat that was removed, is a new one', async () => {
    const chats = [crypto.randomUUID(), crypto.randomUUID()]
    const runs = []
    for (const chat of chats) runs.push(await runOf(await send(turn(chat, 'Hi', 'm1'), 'k1')))
    await server.get(`/ai-chat/${chats[0]}`, { method: 'DELETE' })
    runs.push(await runOf(await send(turn(chats[0]!, 'Other', 'm1'), 'k1')))
    expect(new Set(runs).size).toBe(3)
  })

  it('is told when the key is that of another request', async () => {
    const chat = crypto.randomUUID()
    await runOf(await send(turn(chat, 'Hi', 'm1'), 'k1'))
    const refused = await send(turn(chat, 'More', 'm2'), 'k1')
    expect(await refused.json()).toMatchObject({
      status: 400,
      code: 'INVALID_REQUEST',
      detail: expect.stringMatching(/^This Idempotency-Key began a run of this chat for another/),
    })
  })

  it.each(['', 'two words', 'x'.repeat(201), 'k\u00fc', 'a, b'])('%j is none', async (key) => {
    const refused = await send(turn(crypto.randomUUID(), 'Hi'), key)
    expect(await refused.json()).toMatchObject({
      status: 400,
      detail: 'The header Idempotency-Key has 1 to 200 visible ASCII characters.',
    })
  })

  it.each(['"8e03978e-40d5-43e8-bc93-6894a57f9324"', '!', '~'.repeat(200)])(
    '%s is one, taken as it is',
    async (key) => {
      const chat = crypto.randomUUID()
      const body = { chatId: chat, message: { parts: [{ type: 'text', text: 'Hi' }] } }
      const run = await runOf(await send(body, key))
      expect(await runOf(await send(body, key))).toBe(run)
      expect(await runOf(await send(body, key.slice(1) || 'other'))).not.toBe(run)
    },
  )
})
