/** Every operation that a server describes, asked by somebody else with ids that are not theirs. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createOutlastHandler, type OutlastHandler } from '../../src/handler.ts'
import { ROUTES } from '../../src/protocol/routes.ts'
import { jsonPost } from '../http/serving.ts'
import { testOutlast, type TestOutlast } from '../support/engine.ts'
import { textOf } from '../support/never-ending.ts'
import {
  operationsOf,
  requestsOf,
  takesTicket,
  unknownIn,
  type Asking,
  type Description,
  type Ids,
} from './requests.ts'
import {
  as,
  byHeader,
  CHAT,
  keepBusy,
  QUESTION,
  rowsOf,
  settle,
  agent,
  keepQuiet,
  keepWaiting,
  type Caller,
  type Tenant,
} from './tenants.ts'

vi.setConfig({ testTimeout: 120_000 })

const OWNER: Caller = { workspaceId: 'w1', userId: 'u1' }

/** A new one each time: what a stranger begins is its own from then on. */
let strangers = 0
const STRANGERS = {
  'another workspace': (): Caller => ({ workspaceId: `w-${(strangers += 1)}`, userId: 'u1' }),
  'another user of the workspace': (): Caller => ({
    workspaceId: 'w1',
    userId: `u-${(strangers += 1)}`,
  }),
}
const KINDS = Object.entries(STRANGERS)

/** Ids that nobody has ever had, not even the stranger before. */
const nobodys = (): Ids => ({
  chatId: `nobodys-chat-${randomUUID()}`,
  messageId: `nobodys-message-${randomUUID()}`,
  answerId: randomUUID(),
  runId: randomUUID(),
  fileId: randomUUID(),
  approvalId: 'nobodys-approval',
  toolCallId: 'nobodys-call',
})

let outlast: TestOutlast
let handler: OutlastHandler
let api: Description
let owner: Tenant
/** The ids that somebody could ask the owner's things with: of a chat that rests, of one that is answered, of one that waits, and of one without a run. */
let owned: readonly Ids[]
/** All rows there are before any stranger comes. */
let rows: Set<string>

beforeAll(async () => {
  // On the clock of the world: a run that waits is not given up.
  outlast = await testOutlast([agent], {}, (ports) => ports)
  handler = createOutlastHandler(outlast, { authenticate: byHeader })
  api = (await (await ask(undefined, ROUTES.openapi)).json()) as Description
  owner = await settle(handler, OWNER)
  owned = [
    owner.ids,
    await keepBusy(handler, owner),
    await keepWaiting(handler, owner),
    await keepQuiet(outlast, owner),
  ]
  rows = await rowsOf(outlast)
})
afterAll(async () => {
  const errors = [...outlast.errors]
  await outlast[Symbol.asyncDispose]()
  expect(errors).toEqual([])
})

const ask = (caller: Caller | undefined, path: string, init: RequestInit = {}) =>
  handler(new Request(`http://app.example${path}`, caller ? as(caller, init) : init))

type Seen = { readonly status: number; readonly headers: object; readonly body: string }

/** An answer whose stream ends by itself, or follows. */
const seen = async (response: Response, url: string): Promise<Seen> => ({
  status: response.status,
  headers: Object.fromEntries(response.headers),
  body: await textOf(response, url),
})

const seenOf = async (
  caller: Caller | undefined,
  { path, init }: { readonly path: string; readonly init?: RequestInit },
): Promise<Seen> => seen(await ask(caller, path, init), path)

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
const TICKET = /olt_[\w-]{43}/g
/** Those of strangers, who are told their own. */
const STRANGER = /\b[wu]-\d+\b/g
const TIME = /\d{4}-\d\d-\d\dT[\d:.]+Z/g

/** The same text with each of these ids called by what it is, and all that is made anew for each request by its kind. */
const anonymous = ({ status, headers, body }: Seen, ids: Ids): Seen => {
  const rename = (text: string) =>
    Object.entries(ids)
      .toSorted(([, one], [, other]) => other.length - one.length)
      .reduce((renamed, [name, id]) => renamed.replaceAll(id, `<${name}>`), text)
      .replaceAll(UUID, '<uuid>')
      .replaceAll(TICKET, '<ticket>')
      .replaceAll(STRANGER, '<stranger>')
      .replaceAll(TIME, '<time>')
  return {
    status,
    headers: JSON.parse(rename(JSON.stringify(headers))) as object,
    body: rename(body),
  }
}

const lostRows = async (before = rows) => {
  const now = await rowsOf(outlast)
  return [...before].filter((row) => !now.has(row))
}

/** What of this tenant's, and of nobody else's, the answer says although the request did not. */
const tellsOf = ({ ids, secret }: Tenant, { body, headers }: Seen, { path, init }: Asking) => {
  const asked = `${path} ${JSON.stringify(init)}`
  const told = body + JSON.stringify(headers)
  const { answerId, runId, fileId } = ids
  return [secret, answerId, runId, fileId].filter(
    (own) => told.includes(own) && !asked.includes(own),
  )
}

const ticketOf = async (caller: Caller): Promise<string> => {
  const answer = await ask(caller, ROUTES.tickets, jsonPost({}))
  return ((await answer.json()) as { ticket: string }).ticket
}

/** The same request of somebody who has nothing but a ticket. */
const askByTicket = async ({ path, init }: Asking, ticket: string): Promise<Response> =>
  ask(undefined, `${path}${path.includes('?') ? '&' : '?'}ticket=${ticket}`, init)

/** Of the operations that a ticket opens. */
const openedOf = (ids: Ids): Asking[] => {
  const opened = operationsOf(api).filter(({ operation }) => takesTicket(operation))
  const names = new Set(opened.map(({ operation }) => operation.operationId))
  return requestsOf(api, ids).filter((asking) => names.has(operationOf(asking)))
}

const operationOf = ({ name }: Asking): string => name.split(' ')[0]!

describe('the walk', () => {
  it('knows every parameter of every operation', () => {
    expect(unknownIn(api)).toEqual([])
  })

  it.each([
    [
      { parameters: [{ in: 'path', name: 'teamId' }] },
      'The path of newRoute has the parameter teamId.',
    ],
    [
      { requestBody: { content: { 'application/json': { schema: {} } } } },
      'newRoute takes a body.',
    ],
    [
      {
        requestBody: {
          content: { 'application/json': { schema: { anyOf: [{ properties: { teamId: {} } }] } } },
        },
      },
      'The body of newRoute has the key teamId.',
    ],
  ])('asks to be taught a new operation %j', (operation, sentence) => {
    const get = { operationId: 'newRoute', ...operation } as never
    const unknown = unknownIn({ ...api, paths: { '/new': { get } } })
    expect(unknown).toContainEqual(expect.stringContaining(sentence))
  })

  it('asks everything that the server offers', () => {
    const asked = new Set(requestsOf(api, owner.ids).map(operationOf))
    expect([...asked].toSorted()).toEqual(
      operationsOf(api)
        .map(({ operation }) => operation.operationId)
        .toSorted(),
    )
  })

  it('finds what a tenant sees of its own', async () => {
    for (const asking of requestsOf(api, owner.ids)) {
      if (asking.init.method !== 'GET' || asking.name.includes('=')) continue
      const { status, body } = await seenOf(OWNER, asking)
      expect([asking.name, status]).toEqual([
        asking.name,
        asking.name.startsWith('streamChat') ? 204 : 200,
      ])
      const says =
        /^(getChat|listMessages|exportChat|getRun|listSteps|getPrompt|streamRun|downloadFile|listChats|followChat) /
      if (says.test(asking.name)) expect(body, asking.name).toContain(owner.secret)
    }
  })
})

describe.each(KINDS)('%s', (_kind, stranger) => {
  it('gets the answer that it would get if there were nothing', async () => {
    for (const ids of owned) {
      const compare = async (asking: Asking) => {
        const missing = nobodys()
        const { path, init } = requestsOf(api, missing).find(({ id }) => id === asking.id)!
        const foreign = await seenOf(stranger(), asking)
        const absent = await seenOf(stranger(), { path, init })
        expect(anonymous(foreign, ids), asking.name).toEqual(anonymous(absent, missing))
        expect(tellsOf({ ...owner, ids }, foreign, asking), asking.name).toEqual([])
      }
      for (const [operation, askings] of Map.groupBy(requestsOf(api, ids), operationOf)) {
        await Promise.all(askings.map(compare))
        expect(await lostRows(), operation).toEqual([])
      }
    }
  })

  it('with a ticket gets the answer that it would get if there were nothing', async () => {
    expect(openedOf(owner.ids).length).toBeGreaterThan(5)
    for (const ids of owned)
      for (const asking of openedOf(ids)) {
        const missing = nobodys()
        const other = openedOf(missing).find(({ id }) => id === asking.id)!
        const foreign = await seen(
          await askByTicket(asking, await ticketOf(stranger())),
          asking.path,
        )
        const absent = await seen(await askByTicket(other, await ticketOf(stranger())), other.path)
        expect(anonymous(foreign, ids), asking.name).toEqual(anonymous(absent, missing))
        expect(tellsOf({ ...owner, ids }, foreign, asking), asking.name).toEqual([])
      }
    expect(await lostRows()).toEqual([])
  })

  it('with the same ids of its own sees, changes and removes its own', async () => {
    const [twin, other] = await Promise.all([
      settle(handler, stranger()),
      settle(handler, stranger()),
    ])
    for (const [operation, askings] of Map.groupBy(requestsOf(api, twin.ids), operationOf)) {
      for (const asking of askings) {
        const answer = await seenOf(twin.caller, asking)
        const told = [owner, other].flatMap((tenant) => tellsOf(tenant, answer, asking))
        expect(told, asking.name).toEqual([])
      }
      expect(await lostRows(), operation).toEqual([])
    }
    const left = await seenOf(other.caller, { path: `/ai-chat/${CHAT}/messages` })
    expect(left.body).toContain(other.secret)
  })

  it('is told nothing of others by any list', async () => {
    const { caller } = await settle(handler, stranger())
    const chats = (await (await ask(caller, ROUTES.chats)).json()) as { chats: { id: string }[] }
    expect(chats.chats.map(({ id }) => id)).toEqual([CHAT])
    const runs = (await (await ask(caller, ROUTES.runs)).json()) as { runs: { chatId: string }[] }
    expect(runs.runs.map(({ chatId }) => chatId)).toEqual([CHAT])
    const found = await ask(caller, `${ROUTES.chats}?query=${owner.secret}`)
    expect(await found.json()).toEqual({ chats: [] })
    const message = await ask(caller, `/ai-chat/${CHAT}?before=${QUESTION}`)
    expect(await message.json()).toMatchObject({ messages: [] })
  })
})

it('nobody gets nothing but 401, whatever is asked', async () => {
  for (const asking of requestsOf(api, owner.ids)) {
    const open = /^(getHealth|getReadiness|getApiDescription) /.test(asking.name)
    const { status, body } = await seenOf(undefined, asking)
    expect([asking.name, status]).toEqual([asking.name, open ? 200 : 401])
    if (!open) expect(JSON.parse(body)).toMatchObject({ code: 'NOT_AUTHENTICATED' })
    const guessed = await askByTicket(asking, `olt_${'a'.repeat(43)}`)
    expect([asking.name, guessed.status]).toEqual([asking.name, open ? 200 : 401])
  }
  expect(await lostRows()).toEqual([])
})
