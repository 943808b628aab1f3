/** Three tabs that do whatever they like, over a network that breaks: at rest each shows what the server has. */
import type { Chat } from '@ai-sdk/react'
import { lastAssistantMessageIsCompleteWithApprovalResponses, tool, type UIMessage } from 'ai'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { finishPart, scriptedModel, toolCallParts } from '../support/scripted-model.ts'
import { chatting, expectStored, plain, storedMessages, type Chatting } from './chatting.ts'
import { followedTab, type FollowedTab } from './followed-tab.ts'
import { eventually } from '../support/eventually.ts'

const TABS = 3

const tab = fc.nat({ max: TABS - 1 })
const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('send' as const), tab }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('send twice' as const), tab }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('send and stop' as const), tab }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('decide' as const), tab, approved: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('regenerate' as const), tab }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('edit' as const), tab, which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stop' as const), tab }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('elsewhere' as const), tab }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('earlier' as const), tab }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reload' as const), tab }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut' as const), tab }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const), tab }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), tab, ms: fc.nat(40) }) },
)
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never

const pay = tool({ inputSchema: z.object({}), needsApproval: true, execute: () => 'paid' })

/** Word by word, each in a turn of the event loop of its own; every third time it asks first. */
const agent = defineAgent({
  name: 'a',
  tools: { pay },
  model: scriptedModel(async function* (call, { prompt }) {
    if (call % 3 === 1 && prompt.at(-1)?.role === 'user') {
      const parts = toolCallParts({ id: `k${call}`, name: 'pay', input: {} })
      yield* [...parts, finishPart('tool-calls')]
      return
    }
    yield { type: 'text-start', id: '0' }
    for (const word of ['Answer ', `${call}`, ' in ', 'words']) {
      await new Promise((resolve) => setTimeout(resolve, 4))
      yield { type: 'text-delta', id: '0', delta: word }
    }
    yield { type: 'text-end', id: '0' }
    yield finishPart()
  }),
})

/** The first tab shows everything; the others the end, and as much before it as they were asked for. */
const PAGE_SIZES = [undefined, 2, 3]

const openTab = (setting: Chatting, chatId: string, index: number): FollowedTab =>
  followedTab(setting, {
    chatId,
    pageSize: PAGE_SIZES[index],
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
  })

const perform = async (setting: Chatting, chatId: string, tabs: FollowedTab[], one: Action) => {
  const { chat, followed, close } = tabs[one.tab]!
  const send = () => void chat.sendMessage({ text: `Question of ${one.tab}` })
  switch (one.kind) {
    case 'send':
      return send()
    case 'send twice':
      send()
      return send()
    case 'send and stop':
      send()
      return void followed.stop()
    case 'decide':
      return decide(chat, one.approved)
    case 'regenerate':
      // Without an answer there is nothing that it could mean.
      return void (chat.messages.length > 1 && chat.regenerate().catch(refused))
    case 'edit': {
      const questions = chat.messages.filter(({ role }) => role === 'user')
      const question = questions[one.which % Math.max(questions.length, 1)]
      const edit = question && { text: `Edit of ${one.tab}`, messageId: question.id }
      return void (edit && chat.sendMessage(edit).catch(refused))
    }
    case 'stop':
      return void followed.stop().catch(refused)
    case 'elsewhere':
      return void setting.server.outlast.ask('Elsewhere', chatId).catch(refused)
    case 'earlier':
      return void followed.loadEarlier()
    case 'reload':
      return followed.reload()
    case 'cut':
      return setting.network.cut()
    case 'reopen':
      close()
      tabs[one.tab] = openTab(setting, chatId, one.tab)
      return undefined
    case 'pass':
      return new Promise<void>((resolve) => setTimeout(resolve, one.ms))
    default:
      return one satisfies never
  }
}

const decide = (chat: Chat<UIMessage>, approved: boolean) => {
  for (const part of chat.messages.at(-1)?.parts ?? [])
    if ('state' in part && part.state === 'approval-requested')
      void chat.addToolApprovalResponse({ id: part.approval.id, approved })
}

/** Some of what they do cannot be: another run is active, the message was replaced. */
const refused = (error: unknown) => expect(error).toBeInstanceOf(Error)

const atRest = async ({ server }: Chatting, chatId: string, tabs: readonly FollowedTab[]) => {
  const { activeRun } = await server.outlast.chats.messages(server.outlast.principal, chatId, {})
  expect(activeRun?.status ?? 'waiting').toBe('waiting')
  for (const { chat, followed } of tabs) {
    expect(chat.status).toMatch(/ready|error/)
    const atRest = { isStopping: false, isReading: false, isLoadingEarlier: false }
    expect(followed.state.get()).toMatchObject(atRest)
  }
  for (const one of tabs) await expectStoredFrom(one, server)
}

/** What is shown is what the server has from there on; `hasEarlier` says whether it has more, and `loadEarlier` gets that. */
const expectStoredFrom = async ({ chat, followed }: FollowedTab, server: Chatting['server']) => {
  const stored = await storedMessages(server, chat.id)
  const { hasEarlier } = followed.state.get()
  expect(chat.messages.length > 0 || stored.length === 0).toBe(true)
  expect(plain(chat.messages)).toEqual(plain(stored.slice(stored.length - chat.messages.length)))
  expect(hasEarlier).toBe(stored.length > chat.messages.length)
  if (stored.length > 0) expect(chat.messages[0]?.role).toBe('user')
}

const showAll = async (setting: Chatting, chatId: string, tabs: readonly FollowedTab[]) => {
  for (const { followed } of tabs)
    while (followed.state.get().hasEarlier) await followed.loadEarlier()
  await atRest(setting, chatId, tabs)
  for (const one of tabs) await expectStored(one, setting.server)
}

it('three tabs end with what the server has', { timeout: 300_000 }, async () => {
  await using setting = await chatting(agent)
  let chats = 0
  const numRuns = Number(process.env['OUTLAST_PROPERTY_RUNS'] ?? 25)
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 4, maxLength: 25 }), async (actions) => {
      const chatId = `c${(chats += 1)}`
      const tabs: FollowedTab[] = []
      for (let index = 0; index < TABS; index += 1) tabs.push(openTab(setting, chatId, index))
      try {
        for (const one of actions) await perform(setting, chatId, tabs, one)
        await eventually(() => atRest(setting, chatId, tabs), { timeout: 25_000, interval: 50 })
        await eventually(() => showAll(setting, chatId, tabs), { timeout: 25_000, interval: 50 })
      } finally {
        for (const { close } of tabs) close()
      }
    }),
    { numRuns, endOnFailure: true },
  )
  expect(setting.server.errors).toEqual([])
})
