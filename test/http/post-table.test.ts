import { tool } from 'ai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { createBarrier, type Barrier } from '../support/barrier.ts'
import { finishPart, scriptedModel, textParts, toolCallParts } from '../support/scripted-model.ts'
import { chunksOf, serving, turn, type Serving } from './serving.ts'

/** Answers at once, except where it is told to `hold`: there it waits in a tool that does not hear a stop. */
let barrier: Barrier
let server: Serving

beforeAll(async () => {
  const model = scriptedModel((_call, { prompt }) => {
    const last = JSON.stringify(prompt.at(-1))
    return last.includes('"hold"')
      ? [...toolCallParts({ id: 't1', name: 'deaf', input: {} }), finishPart('tool-calls')]
      : [...textParts('Done'), finishPart()]
  })
  const deaf = tool({ inputSchema: z.object({}), execute: () => barrier.wait() })
  server = await serving(defineAgent({ name: 'a', model, tools: { deaf } }))
})
afterAll(() => server[Symbol.asyncDispose]())

type State = 'none' | 'active' | 'stopping' | 'settled'

/** Brings a new chat into the state; its message has the id `m1`, its answer the id that is returned. */
const chatThatIs = async (state: State) => {
  const chatId = crypto.randomUUID()
  if (state === 'none') return { chatId, first: undefined }
  barrier = createBarrier()
  const answer = await server.post(
    '/ai-chat',
    turn(chatId, state === 'settled' ? 'go' : 'hold', 'm1'),
  )
  if (state !== 'settled') {
    await barrier.reached
    if (state === 'stopping') await server.post('/ai-chat/stop', { chatId })
    return { chatId, first: answer }
  }
  const [start] = await chunksOf(answer)
  return { chatId, first: undefined, answerId: start?.type === 'start' ? start.messageId : '' }
}

type Row = {
  readonly says: string
  readonly state: State
  readonly change: (body: ReturnType<typeof turn>, answerId: string) => object
  readonly answer: 'start' | 'attach' | 400 | 404 | 409
}

const as = (role: string) => (body: ReturnType<typeof turn>) => ({
  ...body,
  messages: body.messages.map((message) => ({ ...message, role })),
})
const withId = (id: string) => (body: ReturnType<typeof turn>) => ({
  ...body,
  messages: body.messages.map((message) => ({ ...message, id })),
})

const edit = (body: ReturnType<typeof turn>) => ({ ...withId('m1')(body), messageId: 'm1' })
const again = (body: ReturnType<typeof turn>) => ({ ...body, trigger: 'regenerate-message' })
const edits: readonly Row[] = [
  { says: 'an edit', state: 'none', change: edit, answer: 404 },
  { says: 'an edit', state: 'active', change: edit, answer: 409 },
  { says: 'a wish for another answer', state: 'active', change: again, answer: 409 },
]

const rows: readonly Row[] = [
  { says: 'a new message', state: 'none', change: (body) => body, answer: 'start' },
  { says: 'a new message', state: 'settled', change: (body) => body, answer: 'start' },
  { says: 'a new message', state: 'active', change: (body) => body, answer: 409 },
  { says: 'a new message', state: 'stopping', change: (body) => body, answer: 'start' },
  {
    says: 'a message without an id and a trigger',
    state: 'none',
    change: (body) => ({ id: body.id, messages: [{ ...body.messages[0], id: undefined }] }),
    answer: 'start',
  },
  { says: 'a known message', state: 'active', change: withId('m1'), answer: 'attach' },
  { says: 'a known message', state: 'stopping', change: withId('m1'), answer: 'attach' },
  { says: 'a known message', state: 'settled', change: withId('m1'), answer: 'attach' },
  {
    says: 'a message with the id of an answer',
    state: 'settled',
    change: (body, answerId) => withId(answerId)(body),
    answer: 400,
  },
  ...edits,
  ...(['none', 'active', 'settled'] as const).flatMap((state): Row[] => [
    {
      says: 'an answer to go on with',
      state,
      change: (body, answerId) => ({ ...as('assistant')(body), messageId: answerId }),
      answer: 400,
    },
    { says: 'a system message', state, change: as('system'), answer: 400 },
  ]),
]

describe('a POST with', () => {
  it.for(rows)('$says in a chat whose run is $state: $answer', async (row) => {
    const { chatId, first, answerId = 'a1' } = await chatThatIs(row.state)
    const before = await server.outlast.engine.latest(server.outlast.principal, chatId)
    const body = row.change(turn(chatId, 'go', 'm2'), answerId)
    const answer = await server.post('/ai-chat', body)
    const stored = await server.outlast.engine.history(server.outlast.principal, chatId)
    const sent = stored.messages.filter(({ role }) => role === 'user').length
    const known = row.state === 'none' ? 0 : 1
    if (typeof row.answer === 'number') {
      expect(answer.status).toBe(row.answer)
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
      expect(sent).toBe(known)
    } else {
      expect(answer.status).toBe(200)
      expect(sent).toBe(row.answer === 'start' ? known + 1 : known)
    }
    if (row.state === 'active') await server.post('/ai-chat/stop', { chatId })
    if (first) await chunksOf(first)
    if (answer.status === 200) {
      const [start] = await chunksOf(answer)
      const latest = await server.outlast.engine.latest(server.outlast.principal, chatId)
      const run = latest!.run!
      expect(start).toMatchObject({ type: 'start', messageMetadata: { runId: run.id, chatId } })
      expect(run.id === before?.run?.id).toBe(row.answer === 'attach')
    }
    barrier?.release()
  })
})
