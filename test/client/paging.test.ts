/** A chat that shows the end of its history, and what is before it when it is asked for. */
import { afterEach, expect, it } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'
import { chatting, plain, storedMessages, type Chatting } from './chatting.ts'
import { atRest, followedTab, shows, textsOf, type FollowedTab } from './followed-tab.ts'
import { eventually } from '../support/eventually.ts'

const tabs: FollowedTab[] = []
afterEach(() => {
  for (const { close } of tabs.splice(0)) close()
})

/** Answers `A1`, `A2` and so on, the sixth time when it may. */
const agent = (sixth = Promise.resolve()) =>
  defineAgent({
    name: 'a',
    model: scriptedModel(async function* (call) {
      if (call === 5) await sixth
      yield* [...textParts(`A${call + 1}`), finishPart()]
    }),
  })

const askAll = async ({ server }: Chatting, ...texts: string[]) => {
  for (const text of texts) await server.outlast.settled(await server.outlast.ask(text, 'c1'))
}

/** A chat of five turns, `Q1 A1` to `Q5 A5`, and a tab that shows so many messages of it. */
const withFive = async (pageSize: number, sixth?: Promise<void>) => {
  const setting = await chatting(agent(sixth))
  await askAll(setting, 'Q1', 'Q2', 'Q3', 'Q4', 'Q5')
  const tab = open(setting, { pageSize })
  return { setting, tab }
}

const open = (setting: Chatting, options: Parameters<typeof followedTab>[1]): FollowedTab => {
  const tab = followedTab(setting, options)
  tabs.push(tab)
  return tab
}

const historyRequests = ({ network }: Chatting) =>
  network.requests.filter(({ path }) => path.includes('/messages')).map(({ path }) => path)

it('the last messages are loaded, and each page before them when it is asked for', async () => {
  const { setting, tab } = await withFive(4)
  await using _ = setting
  await shows(tab, ['Q4', 'A4', 'Q5', 'A5'])
  expect(tab.followed.state.get()).toMatchObject({ hasEarlier: true, isLoadingEarlier: false })
  const loaded = tab.followed.loadEarlier()
  expect(tab.followed.state.get().isLoadingEarlier).toBe(true)
  // Who scrolls asks often.
  void tab.followed.loadEarlier()
  await loaded
  expect(textsOf(tab)).toEqual(['Q2', 'A2', 'Q3', 'A3', 'Q4', 'A4', 'Q5', 'A5'])
  await tab.followed.loadEarlier()
  expect(tab.followed.state.get()).toMatchObject({ hasEarlier: false, isLoadingEarlier: false })
  expect(plain(tab.chat.messages)).toEqual(plain(await storedMessages(setting.server)))
  await tab.followed.loadEarlier()
  expect(historyRequests(setting)).toHaveLength(3)
})

it('a page begins with a question, so that its answer can be made again', async () => {
  const { setting, tab } = await withFive(3)
  await using _ = setting
  await shows(tab, ['Q5', 'A5'])
  await tab.followed.loadEarlier()
  expect(textsOf(tab)).toEqual(['Q4', 'A4', 'Q5', 'A5'])
  await tab.chat.regenerate()
  await shows(tab, ['Q4', 'A4', 'Q5', 'A6'])
  await atRest(tab)
  expect(tab.followed.state.get().hasEarlier).toBe(true)
})

it('what happens elsewhere is shown behind the messages that are shown, without another look at them', async () => {
  const { promise, resolve: answer } = Promise.withResolvers<void>()
  const { setting, tab } = await withFive(2, promise)
  await using _ = setting
  await shows(tab, ['Q5', 'A5'])
  await setting.server.outlast.ask('Q6', 'c1')
  await eventually(() => expect(textsOf(tab)).toContain('Q6'))
  answer()
  await shows(tab, ['Q5', 'A5', 'Q6', 'A6'])
  await atRest(tab)
  expect(historyRequests(setting)).toHaveLength(1)
})

it('a reload leaves the earlier messages that are shown', async () => {
  const { setting, tab } = await withFive(4)
  await using _ = setting
  await shows(tab, ['Q4', 'A4', 'Q5', 'A5'])
  await tab.followed.loadEarlier()
  setting.network.down()
  await askAll(setting, 'Q6')
  setting.network.up()
  const expected = ['Q2', 'A2', 'Q3', 'A3', 'Q4', 'A4', 'Q5', 'A5', 'Q6', 'A6']
  await shows(tab, expected)
  await atRest(tab)
  const before = historyRequests(setting).length
  tab.followed.reload()
  await eventually(() => expect(historyRequests(setting).length).toBe(before + 1))
  await atRest(tab)
  await shows(tab, expected)
  expect(tab.followed.state.get().hasEarlier).toBe(true)
})

it('turns that were missed are read from the end on, as many as a page has', async () => {
  const { setting, tab } = await withFive(2)
  await using _ = setting
  await shows(tab, ['Q5', 'A5'])
  setting.network.down()
  await askAll(setting, 'Q6', 'Q7', 'Q8')
  setting.network.up()
  await shows(tab, ['Q8', 'A8'])
  await atRest(tab)
  await tab.followed.loadEarlier()
  expect(textsOf(tab)).toEqual(['Q7', 'A7', 'Q8', 'A8'])
})

it('an edit of the first message leaves nothing before it', async () => {
  const { setting, tab } = await withFive(2)
  await using _ = setting
  await shows(tab, ['Q5', 'A5'])
  const other = open(setting, {})
  await eventually(() => expect(other.chat.messages).toHaveLength(10))
  await other.chat.sendMessage({ text: 'Uno', messageId: other.chat.messages[0]!.id })
  await shows(tab, ['Uno', 'A6'])
  await atRest(tab)
  expect(tab.followed.state.get().hasEarlier).toBe(false)
})

it('an edit of the first message that is shown keeps what is before it', async () => {
  const { setting, tab } = await withFive(2)
  await using _ = setting
  await shows(tab, ['Q5', 'A5'])
  await tab.chat.sendMessage({ text: 'Five', messageId: tab.chat.messages[0]!.id })
  await shows(tab, ['Five', 'A6'])
  await atRest(tab)
  await tab.followed.loadEarlier()
  expect(textsOf(tab)).toEqual(['Q4', 'A4', 'Five', 'A6'])
  expect(historyRequests(setting)).toHaveLength(2)
})

it('a history that was given says whether there is more of it', async () => {
  const setting = await chatting(agent())
  await using _ = setting
  await askAll(setting, 'Q1', 'Q2', 'Q3')
  const answer = await setting.server.get('/ai-chat/c1/messages?limit=2')
  const history = (await answer.json()) as NonNullable<Parameters<typeof followedTab>[1]>
  const tab = open(setting, history)
  expect(textsOf(tab)).toEqual(['Q3', 'A3'])
  expect(tab.followed.state.get()).toMatchObject({ isLoading: false, hasEarlier: true })
  await tab.followed.loadEarlier()
  expect(textsOf(tab)).toEqual(['Q1', 'A1', 'Q2', 'A2', 'Q3', 'A3'])
  expect(tab.followed.state.get().hasEarlier).toBe(false)
})

it('earlier messages that do not come are told of, and can be asked for again', async () => {
  const { setting, tab } = await withFive(2)
  await using _ = setting
  await shows(tab, ['Q5', 'A5'])
  setting.network.each({ instead: 413 }, ({ path }) => path.includes('before='))
  await tab.followed.loadEarlier()
  expect(tab.followed.state.get()).toMatchObject({
    hasEarlier: true,
    isLoadingEarlier: false,
    trouble: { status: 413 },
  })
  setting.network.heal()
  await tab.followed.loadEarlier()
  expect(textsOf(tab)).toEqual(['Q4', 'A4', 'Q5', 'A5'])
  expect(tab.followed.state.get().trouble).toBeUndefined()
})
