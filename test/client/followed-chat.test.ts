/** Two tabs on one chat: what one does the other shows, and at rest both show what the server has. */
import { tool, type UIMessage } from 'ai'
import { afterEach, expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent, type AgentDefinition } from '../../src/agent/define-agent.ts'
import { createOutlastClient } from '../../src/client/client.ts'
import { RunAlreadyActiveError } from '../../src/domain/errors.ts'
import { createBarrier } from '../support/barrier.ts'
import { finishPart, scriptedModel, textParts, toolCallParts } from '../support/scripted-model.ts'
import { chatting, expectStored, storedMessages, type Chatting } from './chatting.ts'
import { atRest, followedTab, shows, type FollowedTab } from './followed-tab.ts'
import { eventually } from '../support/eventually.ts'

const tabs: FollowedTab[] = []
afterEach(() => {
  for (const { close } of tabs.splice(0)) close()
})

/** A tab as the React hook makes it: the history and the active run of the server, then following. */
const openTab = async ({ network }: Chatting, chatId = 'c1'): Promise<FollowedTab> => {
  const client = createOutlastClient<UIMessage>({ url: `${network.url}/ai-chat` })
  const tab = followedTab({ network }, { chatId, ...(await client.chats.messages(chatId)) })
  tabs.push(tab)
  return tab
}

/** Says the number of the call, and then waits until it may go on. */
const counting = () => {
  const gates = [createBarrier(), createBarrier(), createBarrier(), createBarrier()]
  const model = scriptedModel(async function* (call) {
    yield { type: 'text-start', id: '0' }
    yield { type: 'text-delta', id: '0', delta: `Answer ${call}` }
    await gates[call]?.wait()
    yield { type: 'text-delta', id: '0', delta: '.' }
    yield { type: 'text-end', id: '0' }
    yield finishPart()
  })
  return { gates, agent: defineAgent({ name: 'a', model }) }
}

const withTwoTabs = async (agent: AgentDefinition) => {
  const setting = await chatting(agent)
  return { setting, one: await openTab(setting), other: await openTab(setting) }
}

it('the other tab shows question, answer as it streams, and its end', async () => {
  const { gates, agent } = counting()
  const { setting, one, other } = await withTwoTabs(agent)
  await using _ = setting
  const sent = one.chat.sendMessage({ text: 'One' })
  await shows(other, ['One', 'Answer 0'])
  expect(other.chat.status).toBe('streaming')
  await eventually(() => expect(other.followed.state.get().run?.status).toBe('running'))
  gates[0]?.release()
  await sent
  await shows(other, ['One', 'Answer 0.'])
  await atRest(other)
  await eventually(() => expect(other.followed.state.get().run?.status).toBe('succeeded'))
  await expectStored(one, setting.server)
  await expectStored(other, setting.server)
})

it('an edit and another answer of one tab take the place of what the other shows', async () => {
  const { gates, agent } = counting()
  for (const gate of gates) gate.release()
  const { setting, one, other } = await withTwoTabs(agent)
  await using _ = setting
  await one.chat.sendMessage({ text: 'One' })
  await shows(other, ['One', 'Answer 0.'])
  await one.chat.sendMessage({ text: 'Two' })
  await shows(other, ['One', 'Answer 0.', 'Two', 'Answer 1.'])
  await one.chat.regenerate()
  await shows(other, ['One', 'Answer 0.', 'Two', 'Answer 2.'])
  await one.chat.sendMessage({ text: 'Uno', messageId: one.chat.messages[0]!.id })
  await shows(other, ['Uno', 'Answer 3.'])
  await atRest(other)
  await expectStored(other, setting.server)
})

it('a stop in one tab ends both, and both show what there is', async () => {
  const { agent } = counting()
  const { setting, one, other } = await withTwoTabs(agent)
  await using _ = setting
  const sent = one.chat.sendMessage({ text: 'One' })
  await shows(other, ['One', 'Answer 0'])
  await other.followed.stop()
  await sent
  await atRest(other)
  await eventually(() => expect(one.followed.state.get().run?.status).toBe('aborted'))
  await eventually(() => expect(other.followed.state.get().isStopping).toBe(false))
  await expectStored(one, setting.server)
  await expectStored(other, setting.server)
})

it.each([
  ['knows of it', false],
  ['does not know of it yet', true],
])(
  'who sends while a run is active and %s gets the message back, and sees that run',
  async (_, isDeaf) => {
    const { gates, agent } = counting()
    await using setting = await chatting(agent)
    if (isDeaf) setting.network.each({ at: { frames: 1 }, ends: 'stall' }, isFollowing)
    const one = await openTab(setting)
    const other = await openTab(setting)
    const sent = one.chat.sendMessage({ text: 'One' })
    await gates[0]?.reached
    if (!isDeaf) await shows(other, ['One', 'Answer 0'])
    await other.chat.sendMessage({ text: 'Two' })
    await eventually(() => expect(other.followed.state.get().unsent).toBeDefined())
    setting.network.heal()
    setting.network.cut()
    const { message, error } = other.followed.state.get().unsent!
    expect(message.parts).toEqual([{ type: 'text', text: 'Two' }])
    expect(error).toBeInstanceOf(RunAlreadyActiveError)
    await shows(other, ['One', 'Answer 0'])
    gates[0]?.release()
    await sent
    await shows(other, ['One', 'Answer 0.'])
    await atRest(other)
    const resent = other.chat.sendMessage(other.followed.takeUnsent()!.message)
    await shows(one, ['One', 'Answer 0.', 'Two', 'Answer 1'])
    gates[1]?.release()
    await resent
    await expectStored(other, setting.server)
  },
)

const isFollowing = ({ path }: { readonly path: string }) => path.includes('/follow')

it('a run that nobody in a browser began is shown', async () => {
  const { gates, agent } = counting()
  await using setting = await chatting(agent)
  const tab = await openTab(setting)
  await setting.server.outlast.ask('From elsewhere', 'c1')
  await shows(tab, ['From elsewhere', 'Answer 0'])
  gates[0]?.release()
  await atRest(tab)
  await expectStored(tab, setting.server)
})

it('what happened while the network was away is there when it is back', async () => {
  const { gates, agent } = counting()
  for (const gate of gates) gate.release()
  await using setting = await chatting(agent)
  const tab = await openTab(setting)
  await setting.server.outlast.settled(await setting.server.outlast.ask('One', 'c1'))
  await shows(tab, ['One', 'Answer 0.'])
  setting.network.down()
  await setting.server.outlast.settled(await setting.server.outlast.ask('Two', 'c1'))
  await setting.server.outlast.settled(await setting.server.outlast.ask('Three', 'c1'))
  setting.network.up()
  await shows(tab, ['One', 'Answer 0.', 'Two', 'Answer 1.', 'Three', 'Answer 2.'])
  await expectStored(tab, setting.server)
})

it('a call that one tab approves goes on in both', async () => {
  const model = scriptedModel((call) =>
    call === 0
      ? [...toolCallParts({ id: 'k1', name: 'pay', input: {} }), finishPart('tool-calls')]
      : [...textParts('Paid'), finishPart()],
  )
  const pay = tool({ inputSchema: z.object({}), needsApproval: true, execute: () => 'ok' })
  const agent = defineAgent({ name: 'a', model, tools: { pay } })
  const { setting, one, other } = await withTwoTabs(agent)
  await using _ = setting
  await one.chat.sendMessage({ text: 'Pay' })
  await eventually(() => expect(other.followed.state.get().run?.status).toBe('waiting'))
  await eventually(() => expectStored(other, setting.server))
  const part = other.chat.messages.at(-1)!.parts.find(({ type }) => type === 'tool-pay')
  const { approval } = part as { approval: { id: string } }
  await other.chat.addToolApprovalResponse({ id: approval.id, approved: true })
  await other.chat.sendMessage()
  await shows(one, ['Pay', 'Paid'])
  await atRest(one)
  await expectStored(one, setting.server)
  await expectStored(other, setting.server)
})

it('a message that comes instead of a decision ends, in both, what waited for it', async () => {
  const model = scriptedModel((call) =>
    call === 0
      ? [...toolCallParts({ id: 'k1', name: 'pay', input: {} }), finishPart('tool-calls')]
      : [...textParts('As you like.'), finishPart()],
  )
  const pay = tool({ inputSchema: z.object({}), needsApproval: true, execute: () => 'paid' })
  const { setting, one, other } = await withTwoTabs(
    defineAgent({ name: 'a', model, tools: { pay } }),
  )
  await using _ = setting
  await one.chat.sendMessage({ text: 'Pay' })
  const call = ({ chat }: FollowedTab) =>
    chat.messages[1]?.parts.at(-1) as { state?: string } | undefined
  await eventually(() => expect(call(other)?.state).toBe('approval-requested'))
  await one.chat.sendMessage({ text: 'Never mind' })
  for (const tab of [one, other]) {
    await shows(tab, ['Pay', '', 'Never mind', 'As you like.'])
    await eventually(() => expect(call(tab)?.state).toBe('output-denied'))
    await expectStored(tab, setting.server)
  }
})

it('a chat that one tab removes is removed in the other', async () => {
  const { gates, agent } = counting()
  gates[0]?.release()
  const { setting, one, other } = await withTwoTabs(agent)
  await using _ = setting
  await one.chat.sendMessage({ text: 'One' })
  await shows(other, ['One', 'Answer 0.'])
  await one.client.chats.remove('c1')
  await eventually(() => expect(other.followed.state.get().isRemoved).toBe(true))
})

it('a chat that is removed while a tab is without a connection is removed there, too, and stays so', async () => {
  const { gates, agent } = counting()
  gates[0]?.release()
  const { setting, one, other } = await withTwoTabs(agent)
  await using _ = setting
  await one.chat.sendMessage({ text: 'One' })
  await shows(other, ['One', 'Answer 0.'])
  await atRest(other)
  setting.network.down()
  await fetch(`${setting.server.url}/ai-chat/c1`, { method: 'DELETE' })
  setting.network.up()
  await eventually(() => expect(other.followed.state.get().isRemoved).toBe(true))
  const told = setting.network.requests.length
  setting.network.cut()
  await eventually(() => expect(setting.network.requests.length).toBeGreaterThan(told + 1))
  await setting.network.requests.findLast(isFollowing)!.answered
  expect(other.followed.state.get().isRemoved).toBe(true)
})

it('who looks at a chat when its run ends has seen it', async () => {
  const { gates, agent } = counting()
  gates[0]?.release()
  await using setting = await chatting(agent)
  await setting.server.outlast.settled(await setting.server.outlast.ask('One', 'c1'))
  const unread = async () => {
    const { chats } = (await (await setting.server.get('/ai-chat/chats')).json()) as {
      chats: { unread: boolean }[]
    }
    return chats.map((chat) => chat.unread)
  }
  expect(await unread()).toEqual([true])
  await openTab(setting)
  await eventually(async () => expect(await unread()).toEqual([false]))
})

it('a history that was not given is loaded', async () => {
  const { gates, agent } = counting()
  gates[0]?.release()
  await using setting = await chatting(agent)
  await setting.server.outlast.settled(await setting.server.outlast.ask('One', 'c1'))
  const tab = followedTab(setting)
  tabs.push(tab)
  await eventually(() => expect(tab.chat.messages).toHaveLength(2))
  expect(tab.chat.messages).toEqual(await storedMessages(setting.server))
})

it('another answer that is refused leaves nothing unsent: the question is stored', async () => {
  const { gates, agent } = counting()
  await using setting = await chatting(agent)
  gates[0]?.release()
  await setting.server.outlast.settled(await setting.server.outlast.ask('One', 'c1'))
  setting.network.each({ at: { frames: 1 }, ends: 'stall' }, isFollowing)
  const tab = await openTab(setting)
  await setting.server.outlast.ask('Two', 'c1')
  await gates[1]?.reached
  await tab.chat.regenerate()
  await eventually(() => expect(tab.chat.status).toBe('error'))
  await shows(tab, ['One', 'Answer 0.', 'Two', 'Answer 1'])
  expect(tab.followed.state.get().unsent).toBeUndefined()
  gates[1]?.release()
  await atRest(tab)
})

it('a refused message does not hide that an answer is being read', async () => {
  const { gates, agent } = counting()
  const { setting, one, other } = await withTwoTabs(agent)
  await using _ = setting
  const sent = one.chat.sendMessage({ text: 'One' })
  await shows(other, ['One', 'Answer 0'])
  expect(other.followed.state.get().isReading).toBe(true)
  await other.chat.sendMessage({ text: 'Two' })
  expect(other.chat.status).toBe('error')
  expect(other.followed.state.get().isReading).toBe(true)
  gates[0]?.release()
  await sent
  await atRest(other)
  expect(other.followed.state.get().isReading).toBe(false)
})

it('a stop that cannot be delivered is told, and not thrown at who pressed a button', async () => {
  const { gates, agent } = counting()
  const { setting, one, other } = await withTwoTabs(agent)
  await using _ = setting
  const sent = one.chat.sendMessage({ text: 'One' })
  await shows(other, ['One', 'Answer 0'])
  setting.network.each({ instead: 413 }, ({ path }) => path.endsWith('/stop'))
  await other.followed.stop()
  expect(other.followed.state.get()).toMatchObject({
    isStopping: false,
    trouble: { status: 413 },
  })
  setting.network.heal()
  const stopped = other.followed.stop()
  expect(other.followed.state.get()).toMatchObject({ isStopping: true, trouble: undefined })
  await stopped
  gates[0]?.release()
  await sent
  await atRest(other)
})

it('a stop is under way in all tabs until the run has settled', async () => {
  const model = scriptedModel((call) =>
    call === 0
      ? [...toolCallParts({ id: 'k1', name: 'hold', input: {} }), finishPart('tool-calls')]
      : [...textParts('Done'), finishPart()],
  )
  const gate = createBarrier()
  const hold = tool({ inputSchema: z.object({}), execute: () => gate.wait() })
  const agent = defineAgent({ name: 'a', model, tools: { hold } })
  const { setting, one, other } = await withTwoTabs(agent)
  await using _ = setting
  const sent = one.chat.sendMessage({ text: 'One' })
  await gate.reached
  await eventually(() => expect(other.followed.state.get().run?.status).toBe('running'))
  await one.followed.stop()
  await eventually(() => expect(other.followed.state.get().isStopping).toBe(true))
  gate.release()
  await sent
  await atRest(other)
  await eventually(() => expect(other.followed.state.get().run?.status).toBe('aborted'))
  expect(other.followed.state.get().isStopping).toBe(false)
})

it('says that the history is on its way, and why it does not come', async () => {
  const { agent } = counting()
  await using setting = await chatting(agent)
  await setting.server.outlast.ask('One', 'c1')
  setting.network.each({ instead: 413 }, ({ path }) => path.endsWith('/messages'))
  const tab = followedTab(setting)
  tabs.push(tab)
  const { chat, followed } = tab
  expect(followed.state.get().isLoading).toBe(true)
  await eventually(() => expect(followed.state.get().trouble).toBeDefined())
  setting.network.heal()
  followed.reload()
  await eventually(() => {
    expect(followed.state.get()).toMatchObject({ isLoading: false, trouble: undefined })
    expect(chat.messages.length).toBeGreaterThan(0)
  })
})

it('says why the server tells nothing', async () => {
  const { agent } = counting()
  await using setting = await chatting(agent)
  setting.network.each({ instead: 403 }, isFollowing)
  const tab = await openTab(setting)
  await eventually(() => expect(tab.followed.state.get().trouble).toMatchObject({ status: 403 }))
})

it('news that are older than the end of an answer do not begin it again', async () => {
  const { gates, agent } = counting()
  await using setting = await chatting(agent)
  const run = await setting.server.outlast.ask('One', 'c1')
  await gates[0]?.reached
  setting.network.each({ delayMs: 1500, at: { frames: 2 }, ends: 'stall' }, isFollowing)
  const tab = await openTab(setting)
  const ofHistory = tab.followed.state.get().run
  await setting.network.until(isFollowing).then(({ answered }) => answered)
  // Who asks later is told later: by now the server has said that the run is active.
  const direct = createOutlastClient({ url: `${setting.server.url}/ai-chat` })
  for await (const _ of direct.follow('c1')) break
  gates[0]?.release()
  await setting.server.outlast.settled(run)
  await shows(tab, ['One', 'Answer 0.'])
  await atRest(tab)
  await eventually(() => expect(tab.followed.state.get().run).not.toBe(ofHistory))
  expect(tab.followed.state.get().run?.status).toBe('running')
  setting.network.heal()
  setting.network.cut()
  await eventually(() => expect(tab.followed.state.get().run?.status).toBe('succeeded'))
  await expectStored(tab, setting.server)
  const attached = setting.network.requests.filter(({ path }) => path.includes('/stream'))
  expect(attached).toHaveLength(1)
})
