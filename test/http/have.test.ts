/** A reader of a chat that says which message it has last gets the answer that came meanwhile, and none that it has. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { createBarrier } from '../support/barrier.ts'
import { messageParts } from '../support/engine.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'
import { chunksOf, serveEngine, serving, turn, type Serving } from './serving.ts'

let server: Serving
let gate: ReturnType<typeof createBarrier> | undefined

beforeAll(async () => {
  const model = scriptedModel(async function* (call) {
    await gate?.wait()
    yield* [...textParts(`Answer ${call}`), finishPart()]
  })
  server = await serving(defineAgent({ name: 'a', model }))
})
afterAll(() => server[Symbol.asyncDispose]())

const say = async (body: object): Promise<string> => {
  const [start] = await chunksOf(await server.post('/ai-chat', body))
  return start?.type === 'start' ? start.messageId! : ''
}

/** `m1` with two answers, of which the second replaced the first, then `m2` edited, and its answer. */
const talk = async (chatId: string = crypto.randomUUID()) => {
  const replaced = await say(turn(chatId, 'One', 'm1'))
  const again = { ...turn(chatId, 'One', 'm1'), trigger: 'regenerate-message' }
  const first = await say({ ...again, messageId: replaced })
  await say(turn(chatId, 'Two', 'm2'))
  const last = await say({ ...turn(chatId, 'Too', 'm2b'), messageId: 'm2' })
  return { chatId, replaced, first, last }
}

const attach = (chatId: string, have: string, url = server.url) =>
  fetch(`${url}/ai-chat/${chatId}/stream${have}`)

it('the latest answer is replayed to whoever has an earlier message, also a replaced one', async () => {
  const { chatId, replaced, first, last } = await talk()
  const { messages } = await server.outlast.chats.messages(server.outlast.principal, chatId, {})
  for (const id of ['m1', replaced, first, 'm2', 'm2b']) {
    const response = await attach(chatId, `?have=${id}`)
    expect(response.status, id).toBe(200)
    const chunks = await chunksOf(response)
    expect(chunks[0]).toMatchObject({ type: 'start', messageId: last })
    expect(await messageParts(chunks)).toEqual(messages.at(-1)!.parts)
  }
})

it('who has the latest answer, or does not say what it has, gets nothing', async () => {
  const { chatId, last } = await talk()
  for (const have of [`?have=${last}`, '', '?have='])
    expect((await attach(chatId, have)).status, have).toBe(204)
})

it('an id of another chat or of another owner says as little as one that nobody has', async () => {
  const { chatId, last } = await talk()
  const other = await talk()
  for (const id of ['unknown', other.first, other.last])
    expect((await attach(chatId, `?have=${id}`)).status, id).toBe(204)

  const somebody = { workspaceId: 'w2', userId: 'u1' }
  await server.outlast.principals.ensure(somebody)
  const stranger = await serveEngine(server.outlast, server.errors, {}, somebody)
  for (const id of ['m1', 'm2b', last, 'unknown'])
    expect((await attach(chatId, `?have=${id}`, stranger.url)).status, id).toBe(204)
  await stranger.http.close(1000)
})

it('an active run is streamed whatever the reader has', async () => {
  const { chatId, last } = await talk()
  gate = createBarrier()
  const sent = await server.post('/ai-chat', turn(chatId, 'Three', 'm3'))
  await gate.reached
  const attached = await Promise.all(
    [last, 'm3', 'unknown'].map((id) => attach(chatId, `?have=${id}`)),
  )
  gate.release()
  gate = undefined
  const expected = await messageParts(await chunksOf(sent))
  for (const response of attached)
    expect(await messageParts(await chunksOf(response))).toEqual(expected)
})

it('an id that no message can have is refused', async () => {
  const response = await attach('c1', '?have=a%2Fb')
  expect([response.status, await response.json()]).toMatchObject([400, { code: 'INVALID_REQUEST' }])
})

it('a position says more than the last message', async () => {
  const { chatId } = await talk()
  const whole = await (await attach(chatId, '?after=0-0')).text()
  expect(await (await attach(chatId, '?after=0-0&have=m1')).text()).toBe(whole)
  expect(whole).not.toContain('"start"')
})

it('an answer that was bound to another connection is not replayed', async () => {
  const model = scriptedModel(() => [...textParts('Done'), finishPart()])
  const agent = defineAgent({ name: 'a', model })
  await using bound = await serving(agent, { autonomousRuns: false })
  await chunksOf(await bound.post('/ai-chat', turn('c1', 'One', 'm1')))
  expect((await attach('c1', '?have=m1', bound.url)).status).toBe(204)
})
