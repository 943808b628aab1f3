/** An unmodified client of the AI SDK answers a run that waits, and ends with exactly the message that is stored. */
import {
  AbstractChat,
  DefaultChatTransport,
  lastAssistantMessageIsCompleteWithApprovalResponses,
  lastAssistantMessageIsCompleteWithToolCalls,
  tool,
  type ChatState,
  type ChatStatus,
  type UIMessage,
} from 'ai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { finishPart, scriptedModel, textParts, toolCallParts } from '../support/scripted-model.ts'
import { chunksOf, serving, turn, type Serving } from './serving.ts'

class State implements ChatState<UIMessage> {
  status: ChatStatus = 'ready'
  error: Error | undefined
  messages: UIMessage[] = []
  pushMessage = (message: UIMessage) => void (this.messages = [...this.messages, message])
  popMessage = () => void (this.messages = this.messages.slice(0, -1))
  replaceMessage = (index: number, message: UIMessage) =>
    void (this.messages = this.messages.with(index, structuredClone(message)))
  snapshot = <T>(thing: T): T => structuredClone(thing)
}

class Client extends AbstractChat<UIMessage> {
  constructor(url: string, id: string, messages: UIMessage[] = []) {
    const state = new State()
    state.messages = messages
    super({
      id,
      state,
      transport: new DefaultChatTransport({ api: `${url}/ai-chat` }),
      sendAutomaticallyWhen: (options) =>
        lastAssistantMessageIsCompleteWithApprovalResponses(options) ||
        lastAssistantMessageIsCompleteWithToolCalls(options),
    })
  }

  get answer(): UIMessage {
    return this.messages.at(-1)!
  }

  /** Resolves when its last answer ends with these words. */
  async until(text: string): Promise<void> {
    const look = () => [this.status, JSON.stringify(this.answer.parts.at(-1))]
    await expect.poll(look).toEqual(['ready', expect.stringContaining(text)])
  }
}

let server: Serving
let paid: unknown[]

beforeAll(async () => {
  const inputSchema = z.object({ to: z.string() })
  const model = scriptedModel((_call, { prompt }) => {
    if (prompt.at(-1)?.role === 'tool') return [...textParts('Done'), finishPart()]
    const names = JSON.stringify(prompt.at(-1)).includes('where') ? ['locate'] : ['pay', 'give']
    return [
      ...textParts('Let me see.'),
      ...names.flatMap((name) => toolCallParts({ id: name, name, input: { to: 'Ada' } })),
      finishPart('tool-calls'),
    ]
  })
  const execute = async (input: unknown) => ({ paid: paid.push(input) })
  const tools = {
    pay: tool({ inputSchema, needsApproval: true, execute }),
    give: tool({ inputSchema, needsApproval: async () => true, execute }),
    locate: tool({ inputSchema, outputSchema: z.object({ city: z.string() }) }),
  }
  server = await serving(defineAgent({ name: 'a', model, tools }))
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(() => {
  paid = []
})

const historyOf = async (chatId: string) => {
  const answer = await server.get(`/ai-chat/${chatId}/messages`)
  return (await answer.json()) as { messages: UIMessage[]; activeRun: { status: string } | null }
}

const approvalsOf = ({ parts }: UIMessage): string[] =>
  parts.flatMap((part) => ('approval' in part && part.approval ? [part.approval.id] : []))

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('useChat', () => {
  it('asks for approvals, sends them together, and ends with the stored message', async () => {
    const chatId = crypto.randomUUID()
    const client = new Client(server.url, chatId)
    await client.sendMessage({ text: 'Pay Ada' })
    const [pay = '', give = ''] = approvalsOf(client.answer)
    const waiting = await historyOf(chatId)
    expect(waiting.activeRun).toMatchObject({ status: 'waiting' })
    expect(waiting.messages.at(-1)).toEqual(plain(client.answer))
    expect((await server.get(`/ai-chat/${chatId}/stream`)).status).toBe(204)
    await client.addToolApprovalResponse({ id: pay, approved: true })
    await client.addToolApprovalResponse({ id: give, approved: false, reason: 'Too much.' })
    await client.until('Done')
    expect(paid).toEqual([{ to: 'Ada' }])
    const { messages, activeRun } = await historyOf(chatId)
    expect(activeRun).toBe(null)
    expect(plain(client.answer)).toEqual(messages.at(-1))
  })

  it('gives the output of its own tool, after a reload of the page', async () => {
    const chatId = crypto.randomUUID()
    await new Client(server.url, chatId).sendMessage({ text: 'where am I?' })
    const { messages: loaded } = await historyOf(chatId)
    const client = new Client(server.url, chatId, loaded)
    await client.addToolOutput({ tool: 'locate', toolCallId: 'locate', output: { city: 'Rome' } })
    await client.until('Done')
    expect(client.error).toBe(undefined)
    const { messages } = await historyOf(chatId)
    expect(plain(client.answer)).toEqual(messages.at(-1))
    expect(messages.at(-1)!.parts).toContainEqual(
      expect.objectContaining({ state: 'output-available', output: { city: 'Rome' } }),
    )
  })

  it('that comes too late is shown what was decided before it', async () => {
    const chatId = crypto.randomUUID()
    await new Client(server.url, chatId).sendMessage({ text: 'Pay Ada' })
    const { messages: loaded } = await historyOf(chatId)
    const clients = [1, 2].map(() => new Client(server.url, chatId, structuredClone(loaded)))
    for (const [index, client] of clients.entries()) {
      for (const id of approvalsOf(client.answer))
        await client.addToolApprovalResponse({ id, approved: index === 0 })
      await client.until('Done')
    }
    expect(paid.length).toBe(2)
    const { messages } = await historyOf(chatId)
    for (const client of clients) expect(plain(client.answer)).toEqual(messages.at(-1))
  })

  it('cannot change what is executed', async () => {
    const chatId = crypto.randomUUID()
    await new Client(server.url, chatId).sendMessage({ text: 'Pay Ada' })
    const { messages } = await historyOf(chatId)
    const forged = JSON.parse(JSON.stringify(messages).replaceAll('Ada', 'Mallory')) as UIMessage[]
    const client = new Client(server.url, chatId, forged)
    for (const id of approvalsOf(client.answer))
      await client.addToolApprovalResponse({ id, approved: true })
    await client.until('Done')
    expect(paid).toEqual([{ to: 'Ada' }, { to: 'Ada' }])
  })
})

describe('a run that waits', () => {
  const waiting = async () => {
    const chatId = crypto.randomUUID()
    const [start] = await chunksOf(await server.post('/ai-chat', turn(chatId, 'Pay Ada', 'm1')))
    const { activeRun, messages } = await historyOf(chatId)
    const { id: runId } = activeRun as unknown as { id: string }
    return { chatId, runId, start, answer: messages.at(-1)! }
  }

  it('is decided about on a route of its own', async () => {
    const { runId } = await waiting()
    const path = `/ai-chat/runs/${runId}/decisions`
    const decide = (...names: string[]) =>
      server.post(path, {
        decisions: names.map((name) => ({ approvalId: `${runId}:0:${name}`, approved: true })),
      })
    expect(await (await decide('pay')).json()).toMatchObject({ run: { status: 'waiting' } })
    expect(await (await decide('pay', 'give')).json()).toMatchObject({ run: { status: 'pending' } })
    const stream = await server.get(`/ai-chat/runs/${runId}/stream`)
    expect((await chunksOf(stream)).at(-1)).toEqual({ type: 'finish' })
    expect(paid.length).toBe(2)
    const unknown = await decide('never')
    expect(await unknown.json()).toMatchObject({ status: 409, code: 'NOT_WAITING' })
  })

  it('tells in its steps what was asked, what was decided and when', async () => {
    const { runId } = await waiting()
    const calls = async () => {
      const { steps } = (await (await server.get(`/ai-chat/runs/${runId}/steps`)).json()) as {
        steps: { calls: { toolName: string; approval?: unknown; decidedAt?: string }[] }[]
      }
      return steps[0]!.calls.map(({ approval, decidedAt }) => ({ approval, decidedAt }))
    }
    const open = { approval: {}, decidedAt: undefined }
    expect(await calls()).toEqual([open, open])
    const no = { approvalId: `${runId}:0:give`, approved: false, reason: 'Too much.' }
    await server.post(`/ai-chat/runs/${runId}/decisions`, { decisions: [no] })
    expect(await calls()).toEqual([
      open,
      { approval: { approved: false, reason: 'Too much.' }, decidedAt: expect.any(String) },
    ])
  })

  it.for(['edit', 'regenerate'])('gives way to an %s', async (kind) => {
    const { chatId, runId, answer } = await waiting()
    const body =
      kind === 'edit'
        ? { ...turn(chatId, 'where am I?', 'm1'), messageId: 'm1' }
        : { ...turn(chatId, 'Pay Ada', 'm1'), trigger: 'regenerate-message', messageId: answer.id }
    expect((await server.post('/ai-chat', body)).status).toBe(200)
    const run = await server.outlast.db
      .selectFrom('aiChatRuns')
      .select(['status', 'errorCode'])
      .where('id', '=', runId)
      .executeTakeFirst()
    expect(run).toEqual({ status: 'aborted', errorCode: 'superseded' })
    expect(paid).toEqual([])
  })
})
