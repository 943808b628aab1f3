/** The table of PROTOCOL.md, row by row; and that a chat of somebody else changes none of its answers. */
import { readFileSync } from 'node:fs'
import { tool } from 'ai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { createBarrier, type Barrier } from '../support/barrier.ts'
import { finishPart, scriptedModel, textParts, toolCallParts } from '../support/scripted-model.ts'
import { rowsBelow } from '../support/tables.ts'
import { chunksOf, jsonPost, serveEngine, serving, turn, type Serving } from './serving.ts'

type State = 'none' | 'settled' | 'active' | 'stopping'
const STATES: readonly State[] = ['none', 'settled', 'active', 'stopping']

type Ids = { readonly chat: string; readonly answer: string }
type Body = (ids: Ids) => object

type Case = {
  /** Which of its bodies it is, where a row speaks of several. */
  readonly is?: string
  readonly body: Body
  /** Begins the run that is in the state, after `m1` and its answer; default: the new message `m2`. */
  readonly making?: Body
  /** The `Idempotency-Key` of this request and of the one that made the state. */
  readonly key?: string
  /** What the row says after "409;". */
  readonly attaches?: true
}

const user = (text: string, id?: string) => ({ id, role: 'user', parts: [{ type: 'text', text }] })
const as = (role: string) => ({ ...user('x', 'm9'), role })
const send =
  (message: object, rest: object = {}): Body =>
  ({ chat }) => ({ id: chat, messages: [message], trigger: 'submit-message', ...rest })
const edit = (messageId: string, message: object): Body => send(message, { messageId })
const again = (message: object, messageId?: string): Body =>
  send(message, { trigger: 'regenerate-message', messageId })
const anAnswer =
  (body: (answer: string) => Body): Body =>
  (ids) =>
    body(ids.answer)(ids)

const newMessage = send(user('Second', 'm2'))
const withoutId = send(user('Second'))
const edited = edit('m1', user('Changed', 'm1'))
const movedAway = edit('m1', user('Changed', 'm1b'))
const anotherAnswer = anAnswer((answer) => again(user('First', 'm1'), answer))

/** Bodies for the first three cells of a row. */
const CASES: Readonly<Record<string, readonly Case[]>> = {
  'any, with the key of a run of the chat | any | user, all as it was asked then': [
    { is: 'a new message', key: 'k1', body: newMessage },
    { is: 'without an id', key: 'k1', making: withoutId, body: withoutId },
    {
      is: 'in the other form',
      key: 'k1',
      body: ({ chat }) => ({ chatId: chat, message: user('Second', 'm2') }),
    },
    { is: 'an edit', key: 'k1', making: edited, body: edited },
    { is: 'another answer', key: 'k1', making: again(user('x')), body: again(user('x')) },
  ],
  'any, with the key of a run of the chat | any | user, anything else': [
    { is: 'a new message', key: 'k1', body: send(user('x', 'm9')) },
    { is: 'another text', key: 'k1', body: send(user('Changed', 'm2')) },
    { is: 'another agent', key: 'k1', body: send(user('Second', 'm2'), { agent: 'a' }) },
    { is: 'other options', key: 'k1', body: send(user('Second', 'm2'), { options: { a: 1 } }) },
    { is: 'an edit', key: 'k1', body: edit('m2', user('Second', 'm2')) },
    { is: 'another answer', key: 'k1', body: again(user('Second', 'm2')) },
  ],
  'submit | none | user, a new id or none': [
    { is: 'a new id', body: send(user('x', 'm9')) },
    { is: 'no id and no trigger', body: send(user('x'), { trigger: undefined }) },
    { is: 'the short form', body: ({ chat }) => ({ chatId: chat, message: user('x', 'm9') }) },
  ],
  'submit | none | user, an id it was sent with before': [
    { body: newMessage },
    { is: 'of an edited message', making: edited, body: send(user('First', 'm1')) },
  ],
  'submit | none | user, the id of an answer': [
    { body: anAnswer((answer) => send(user('x', answer))) },
  ],
  'submit | a message of the user | user, another content': [
    { is: 'of the newest', body: edit('m2', user('Changed', 'm2')) },
    { is: 'of an older one', body: edit('m1', user('Changed', 'm1')) },
    { is: 'with a new id', body: edit('m1', user('Changed', 'm9')) },
    { is: 'without an id', body: edit('m1', user('Changed')) },
    { is: 'of an edited one', making: edited, body: edit('m1', user('Again', 'm1')) },
    { is: 'of one that was never edited', body: edit('m1', user('First', 'm1')) },
  ],
  'submit | a message of the user | user, what the last edit made of it': [
    { making: edited, body: edited },
    { is: 'with a new id', making: movedAway, body: movedAway },
  ],
  'submit | a message of the user | user, the id of another message': [
    { is: "of the user's", body: edit('m1', user('Changed', 'm2')) },
    { is: 'of an answer', body: anAnswer((answer) => edit('m1', user('Changed', answer))) },
  ],
  'submit | an answer | user': [{ body: anAnswer((answer) => edit(answer, user('x', 'm9'))) }],
  'submit | replaced | user': [
    { making: movedAway, body: edit('m1', user('Changed otherwise', 'm1')) },
    {
      is: 'an answer',
      making: edited,
      body: anAnswer((answer) => edit(answer, user('x', 'm9'))),
    },
  ],
  'submit | unknown | user': [{ body: edit('m0', user('x', 'm9')) }],
  'regenerate | an answer | user': [
    { body: anotherAnswer },
    {
      is: 'in the short form',
      body: ({ chat, answer }) => ({
        chatId: chat,
        trigger: 'regenerate-message',
        messageId: answer,
      }),
    },
  ],
  'regenerate | an answer that was made again | user': [
    { making: anotherAnswer, body: anotherAnswer },
  ],
  'regenerate | a message of the user | user': [
    { is: 'the newest', body: again(user('Second', 'm2'), 'm2') },
    { is: 'an older one', body: again(user('First', 'm1'), 'm1') },
    { making: anotherAnswer, body: again(user('First', 'm1'), 'm1'), attaches: true },
  ],
  'regenerate | none | user, an id it was sent with before': [
    { is: 'the newest', body: again(user('Second', 'm2')) },
    { is: 'an older one', body: again(user('First', 'm1')) },
    { making: anotherAnswer, body: again(user('First', 'm1')), attaches: true },
  ],
  'regenerate | none | user, a new id': [{ body: again(user('x', 'm9')) }],
  'regenerate | none | user, no id': [
    { body: again(user('x')) },
    {
      is: 'in the short form',
      body: ({ chat }) => ({ chatId: chat, trigger: 'regenerate-message' }),
    },
    { making: anotherAnswer, body: again(user('x')), attaches: true },
  ],
  'regenerate | replaced by an edit | user': [
    { is: 'an answer', making: edited, body: anotherAnswer },
    { is: 'a message', making: movedAway, body: again(user('First', 'm1'), 'm1') },
    { is: 'the last one', making: movedAway, body: again(user('First', 'm1')) },
  ],
  'regenerate | unknown | user': [{ body: again(user('First', 'm1'), 'm0') }],
  'regenerate | any | an answer': [
    { body: again(as('assistant')) },
    { is: 'with its id', body: anAnswer((answer) => again(as('assistant'), answer)) },
  ],
  'submit | any | an answer that is not the newest': [
    { body: send({ ...as('assistant'), parts: [] }) },
    { is: 'an older one', body: anAnswer((id) => edit(id, { ...as('assistant'), id })) },
  ],
  'any | any | of another role': [
    { body: send(as('system')) },
    { is: 'regenerate', body: again(as('system')) },
  ],
  'another | any | user': [{ body: send(user('x', 'm9'), { trigger: 'resume-stream' }) }],
}

const rows = rowsBelow(readFileSync('PROTOCOL.md', 'utf8'), 'POST').slice(1)
const keyOf = (row: readonly string[]) => row.slice(0, 3).join(' | ')
const statesOf = (row: readonly string[]) => row[3]!.split(', ') as State[]

const CODES: Readonly<Record<string, string>> = {
  400: 'INVALID_REQUEST',
  404: 'MESSAGE_NOT_FOUND',
  409: 'A_RUN_ALREADY_ACTIVE',
}

type Expected = 'start' | 'attach' | number

const expectedOf = (answer: string, { attaches }: Case, state: State): Expected => {
  if (attaches && state === 'active') return 'attach'
  const word = /^\*\*(start|attach)\*\*|^(\d{3})/.exec(answer)
  return word?.[2] ? Number(word[2]) : (word?.[1] as 'start' | 'attach')
}

const tests = rows.flatMap((row) =>
  statesOf(row).flatMap((state) =>
    (CASES[keyOf(row)] ?? []).map((one) => ({
      says: `${keyOf(row)}${one.is ? ` (${one.is})` : one.making ? ' (repeated)' : ''}`,
      state,
      one,
      expected: expectedOf(row[4]!, one, state),
    })),
  ),
)

/** Answers at once; while `isHolding`, in a tool that does not hear a stop. */
let isHolding = false
let barrier: Barrier
let server: Serving
let stranger: Awaited<ReturnType<typeof serveEngine>>

beforeAll(async () => {
  const model = scriptedModel((_call, { prompt }) =>
    isHolding && prompt.at(-1)?.role === 'user'
      ? [...toolCallParts({ id: 't1', name: 'deaf', input: {} }), finishPart('tool-calls')]
      : [...textParts('Done'), finishPart()],
  )
  const deaf = tool({ inputSchema: z.object({}), execute: () => barrier.wait() })
  server = await serving(defineAgent({ name: 'a', model, tools: { deaf } }))
  const somebody = { workspaceId: 'w2', userId: 'u1' }
  await server.outlast.principals.ensure(somebody)
  stranger = await serveEngine(server.outlast, server.errors, {}, somebody)
})
afterAll(async () => {
  await stranger.http.close(1000)
  await server[Symbol.asyncDispose]()
})

/** A request with the key, where there is one. */
const keyed = (body: object, key: string | undefined): [object, RequestInit] => {
  const { headers } = jsonPost(body)
  return [body, { headers: { ...headers, ...(key ? { 'idempotency-key': key } : {}) } }]
}

const messageIdOf = async (answer: Response): Promise<string> => {
  const [start] = await chunksOf(answer)
  return start?.type === 'start' ? (start.messageId ?? '') : ''
}

/** Brings a new chat into the state. */
const chatThatIs = async (state: State, { making = newMessage, key }: Omit<Case, 'body'>) => {
  const chat = crypto.randomUUID()
  if (state === 'none') return { ids: { chat, answer: 'a1' }, first: undefined }
  const answer = await messageIdOf(await server.post('/ai-chat', turn(chat, 'First', 'm1')))
  const ids = { chat, answer }
  barrier = createBarrier()
  isHolding = state !== 'settled'
  const first = await server.post('/ai-chat', ...keyed(making(ids), key))
  expect(first.status).toBe(200)
  if (isHolding) await barrier.reached
  else await chunksOf(first)
  isHolding = false
  if (state === 'stopping') await server.post('/ai-chat/stop', { chatId: chat })
  return { ids, first: first.bodyUsed ? undefined : first }
}

const contentOf = async (chat: string) => {
  const { engine, principal, db } = server.outlast
  const runs = await db
    .selectFrom('aiChatRuns')
    .innerJoin('aiChats', 'aiChats.id', 'aiChatRuns.chatId')
    .select('aiChatRuns.id')
    .where('aiChats.publicId', '=', chat)
    .where('aiChats.workspaceId', '=', principal.workspaceId)
    .execute()
  const history = await server.outlast.chats.messages(principal, chat, {})
  const latest = await engine.latest(principal, chat)
  // A run that is stopping may settle at any moment, and only then is its answer in the history.
  const messages = history.messages.filter(({ id }) => id !== latest?.run?.assistantMessageId)
  return { runs: runs.length, messages, latest }
}

describe('a POST as PROTOCOL.md has it:', () => {
  it('each row has bodies, and each body a row for every state that it can meet', () => {
    expect(new Set(rows.map(keyOf))).toEqual(new Set(Object.keys(CASES)))
    for (const key of Object.keys(CASES)) {
      const listed = rows.filter((row) => keyOf(row) === key).flatMap(statesOf)
      const possible = listed.includes('none') ? STATES : STATES.slice(1)
      expect(listed.toSorted(), key).toEqual(possible.toSorted())
    }
  })

  it.for(tests)('$says, $state: $expected', async ({ state, one, expected }) => {
    const { ids, first } = await chatThatIs(state, one)
    const before = await contentOf(ids.chat)
    const answer = await server.post('/ai-chat', ...keyed(one.body(ids), one.key))
    if (typeof expected === 'number') {
      expect(answer.status).toBe(expected)
      const problem = (await answer.json()) as Record<string, unknown>
      expect(problem).toMatchObject({ status: expected, code: CODES[expected] })
      expect(problem['activeRunId']).toBe(expected === 409 ? before.latest!.run!.id : undefined)
      const after = await contentOf(ids.chat)
      expect([after.runs, after.messages]).toEqual([before.runs, before.messages])
    } else {
      expect(answer.status).toBe(200)
      const after = await contentOf(ids.chat)
      expect(after.runs).toBe(before.runs + (expected === 'start' ? 1 : 0))
      const runId = after.latest!.run!.id
      expect(runId === before.latest?.run?.id).toBe(expected === 'attach')
      if (state === 'active') await server.post('/ai-chat/stop', { chatId: ids.chat })
      const [start] = await chunksOf(answer)
      expect(start).toMatchObject({
        type: 'start',
        messageMetadata: { runId, chatId: ids.chat },
      })
    }
    if (state === 'active') await server.post('/ai-chat/stop', { chatId: ids.chat })
    if (first) await chunksOf(first)
    barrier?.release()
  })
})

describe('a POST to a chat of somebody else', () => {
  const ask = async (url: string, body: object, key: string | undefined) => {
    const [, init] = keyed(body, key)
    const answer = await fetch(`${url}/ai-chat`, { ...jsonPost(body), ...init })
    const text = await answer.text()
    return { status: answer.status, type: answer.headers.get('content-type'), text }
  }
  const once = Object.entries(CASES).flatMap(([key, cases]) =>
    cases.map((one) => ({ says: one.is ? `${key} (${one.is})` : key, one })),
  )

  it.for(once)('is answered as one to a chat that nobody has: $says', async ({ one }) => {
    const { ids, first } = await chatThatIs('active', one)
    const before = await contentOf(ids.chat)
    const probe = await ask(stranger.url, one.body(ids), one.key)
    const unused = { ...ids, chat: crypto.randomUUID() }
    const control = await ask(stranger.url, one.body(unused), one.key)
    // The ids that the server makes are the only difference, and the offsets, which say how the reader's batches fell.
    const plain = ({ text }: typeof probe, chat: string) =>
      text
        .replaceAll(ids.answer, '<answer>')
        .replaceAll(chat, '<chat>')
        .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
        .replaceAll(/^id: .*$/gm, '')
    expect([probe.status, probe.type]).toEqual([control.status, control.type])
    expect(plain(probe, ids.chat)).toBe(plain(control, unused.chat))
    const after = await contentOf(ids.chat)
    expect([after.runs, after.messages]).toEqual([before.runs, before.messages])
    await server.post('/ai-chat/stop', { chatId: ids.chat })
    await chunksOf(first!)
    barrier.release()
  })
})
