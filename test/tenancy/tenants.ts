/** Tenants of one server, each with a chat, its run and a file; and what each of them could call its own. */
import { tool } from 'ai'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import type { TestOutlast } from '../support/engine.ts'
import type { OutlastHandler } from '../../src/handler.ts'
import { jsonPost } from '../http/serving.ts'
import { finishPart, scriptedModel, textParts, toolCallParts } from '../support/scripted-model.ts'
import { KEY, type Ids } from './requests.ts'

/** Every tenant's first message has this id, and stands in a chat with the same name as everybody else's. */
export const CHAT = 'shared-chat'
export const QUESTION = 'shared-message'

/** A model that is asked this says nothing until somebody stops it. */
const SILENCE = 'Say nothing.'
/** A model that is asked this wants to pay, and to be told where the person is. */
const PAY = 'Pay.'

/** Repeats the secret that it is told. */
const model = scriptedModel(async function* (_call, { prompt, abortSignal }) {
  const asked = JSON.stringify(prompt.at(-1))
  if (asked.includes(SILENCE)) await aborted(abortSignal!)
  if (asked.includes(PAY)) {
    yield* toolCallParts({ id: 'call-pay', name: 'pay', input: {} })
    yield* toolCallParts({ id: 'call-locate', name: 'locate', input: {} })
    return yield finishPart('tool-calls')
  }
  yield* textParts(`You said ${/secret-of-[\w-]+/.exec(asked)?.[0] ?? 'something'}.`)
  yield finishPart()
})

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })

export const agent = defineAgent({
  name: 'a',
  model,
  callOptionsSchema: z.looseObject({}),
  tools: {
    pay: tool({ inputSchema: z.object({}), needsApproval: true, execute: () => 'Paid.' }),
    locate: tool({ inputSchema: z.object({}), outputSchema: z.string() }),
  },
})

export type Caller = { readonly workspaceId: string; readonly userId: string }

/** Whoever the header says: `workspace/user`. */
export const byHeader = (request: Request): Caller | null => {
  const [workspaceId = '', userId = ''] = request.headers.get('x-caller')?.split('/') ?? []
  return userId === '' ? null : { workspaceId, userId }
}

export const as = ({ workspaceId, userId }: Caller, init: RequestInit = {}): RequestInit => {
  const headers = new Headers(init.headers)
  headers.set('x-caller', `${workspaceId}/${userId}`)
  return { ...init, headers }
}

export type Tenant = {
  readonly caller: Caller
  readonly ids: Ids
  /** Stands in each text that is its own. */
  readonly secret: string
}

type Ask = (path: string, init: RequestInit) => Promise<Response>

/** Has a chat with an answered message in it, and an uploaded file. */
export const settle = async (handler: OutlastHandler, caller: Caller): Promise<Tenant> => {
  const secret = `secret-of-${caller.workspaceId}-${caller.userId}`
  const ask = askAs(handler, caller)
  await say(ask, CHAT, QUESTION, secret)
  const { messages } = (await (await ask(`/ai-chat/${CHAT}/messages`, {})).json()) as {
    messages: { id: string; metadata?: { runId?: string } }[]
  }
  const { runs, after: _ } = (await (await ask('/ai-chat/runs', {})).json()) as {
    runs: { id: string }[]
    after?: string
  }
  const file = await ask(`/ai-chat/files?filename=${secret}.txt`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: secret,
  })
  const { url } = (await file.json()) as { url: string }
  const ids = {
    chatId: CHAT,
    messageId: QUESTION,
    answerId: messages.at(-1)!.id,
    runId: runs[0]!.id,
    fileId: url.slice(url.lastIndexOf('/') + 1),
    approvalId: 'none-approval',
    toolCallId: 'none-call',
  }
  return { caller, ids, secret }
}

type Part = { readonly toolCallId?: string; readonly approval?: { readonly id: string } }
type Latest = {
  readonly run: { readonly id: string }
  readonly message: { readonly id: string; readonly parts: readonly Part[] }
}

/** Has a run, in a chat of its own, that lasts until it is stopped. */
export const keepBusy = (handler: OutlastHandler, tenant: Tenant): Promise<Ids> =>
  keepActive(handler, tenant, 'busy-chat', SILENCE, (answer) => answer.body!.cancel())

/** Has a run, in a chat of its own, that waits for two decisions. */
export const keepWaiting = (
  handler: OutlastHandler,
  tenant: Tenant,
  chatId = 'waiting-chat',
): Promise<Ids> => keepActive(handler, tenant, chatId, PAY, (answer) => answer.text())

/** Has a chat that nobody has said anything in; applications make such ones. */
export const keepQuiet = async (
  { db }: TestOutlast,
  { caller: { workspaceId, userId: creatorId }, ids }: Tenant,
): Promise<Ids> => {
  const chatId = 'quiet-chat'
  await db.insertInto('aiChats').values({ workspaceId, creatorId, clientId: chatId }).execute()
  return { ...ids, chatId }
}

const keepActive = async (
  handler: OutlastHandler,
  { caller, ids }: Tenant,
  chatId: string,
  text: string,
  read: (answer: Response) => Promise<unknown>,
): Promise<Ids> => {
  const ask = askAs(handler, caller)
  const message = { id: QUESTION, parts: [{ type: 'text', text }] }
  await read(await ask('/ai-chat', keyed({ chatId, message })))
  const latest = (await (await ask('/ai-chat/run', jsonPost({ chatId }))).json()) as Latest
  const { parts } = latest.message
  const approvalId = parts.find(({ approval }) => approval)?.approval?.id ?? ids.approvalId
  const toolCallId =
    parts.find((part) => part.toolCallId && !part.approval)?.toolCallId ?? ids.toolCallId
  const own = { runId: latest.run.id, answerId: latest.message.id, approvalId, toolCallId }
  return { ...ids, ...own, chatId }
}

/** A request under the key that everybody uses. */
const keyed = (body: object): RequestInit => {
  const post = jsonPost(body)
  return { ...post, headers: { ...post.headers, 'idempotency-key': KEY } }
}

const askAs =
  (handler: OutlastHandler, caller: Caller): Ask =>
  (path, init) =>
    handler(new Request(`http://app.example${path}`, as(caller, init)))

const say = async (ask: Ask, chatId: string, id: string, text: string): Promise<void> => {
  const message = { id, parts: [{ type: 'text', text }] }
  const answer = await ask('/ai-chat', keyed({ chatId, message }))
  await answer.text()
}

const TABLES = [
  'workspaces',
  'users',
  'tokens',
  'aiChats',
  'aiChatMessages',
  'aiChatRuns',
  'aiChatRunSteps',
  'aiChatRunToolCalls',
  'aiChatFiles',
  'aiChatFilePieces',
  'aiChatFileUses',
] as const

/** A process renews these while it executes a run. */
const LEASE_COLUMNS = new Set(['leaseExpiresAt', 'updatedAt'])

/** Each row of the database, in words. */
export const rowsOf = async ({ db }: TestOutlast): Promise<Set<string>> => {
  const rows = new Set<string>()
  for (const table of TABLES)
    for (const row of await db.selectFrom(table).selectAll().execute()) {
      const kept = Object.entries(row).filter(
        ([column]) =>
          !(table === 'aiChatRuns' && LEASE_COLUMNS.has(column)) &&
          // Users of one workspace take turns with others together.
          !(table === 'workspaces' && column === 'runAdmittedAt'),
      )
      rows.add(`${table} ${JSON.stringify(Object.fromEntries(kept))}`)
    }
  return rows
}
