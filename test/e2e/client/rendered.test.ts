/** A page that the server has rendered: its history is there from the first moment to the last, and the answer goes on. */
import { expect, test } from 'vitest'
import { barrier, createBarrier, finish, text } from '../../support/fake-provider.ts'
import { expectSeamless, useApplication, type Shown, type Tab } from './tabs.ts'

const application = useApplication()

const HISTORY = ['Hello', 'Good morning.']

/** A chat with a turn that has ended. */
const withHistory = async (): Promise<Tab> => {
  application.provider.script([[text('Good morning.'), finish()]])
  const tab = await application.open()
  await tab.ask('Hello')
  await tab.runIs('succeeded')
  await tab.isNow('ready connected')
  return tab
}

/** And one that stops in its middle. */
const withAnswer = async () => {
  const tab = await withHistory()
  const gate = createBarrier()
  application.provider.script([
    [text('The first half'), barrier(gate), text(' and the rest.'), finish()],
  ])
  await tab.ask('Go on')
  await tab.shows(...HISTORY, 'Go on', 'The first half')
  return gate
}

/** What was there at first was there at each moment, in its place. */
const expectNoFlash = async ({ page }: Tab, history: readonly string[]): Promise<void> => {
  const views = await page.evaluate<Shown[][]>('views')
  for (const view of views)
    expect(view.slice(0, history.length).map((message) => message.text)).toEqual(history)
}

test('a page that is rendered in the middle of an answer shows the history at once and streams on', async () => {
  const gate = await withAnswer()
  const tab = await application.open({ isRendered: true })
  await tab.shows(...HISTORY, 'Go on', 'The first half')
  await tab.isNow('streaming connected')
  gate.release()
  await tab.runIs('succeeded')
  await tab.isNow('ready connected')
  await expectSeamless(tab, application)
  await expectNoFlash(tab, [...HISTORY, 'Go on'])
  expect((await tab.states()).join(' > ')).toMatch(
    /^ready idle > (ready|submitted) connecting > .*streaming connected > ready connected$/,
  )
})

test('a page that is rendered at rest asks for nothing that it has', async () => {
  await withHistory()
  const { requests } = application.network
  const before = requests.length
  const tab = await application.open({ isRendered: true })
  await tab.isNow('ready connected')
  await tab.runIs('succeeded')
  await expectNoFlash(tab, HISTORY)
  const asked = requests.slice(before).map(({ path }) => path)
  expect(asked.filter((path) => /messages|stream/.test(path))).toEqual([])
})

test('an answer that ended between rendering and the first script is shown whole', async () => {
  const gate = await withAnswer()
  const script = createBarrier()
  const tab = await application.open({
    isRendered: true,
    prepare: (page) =>
      page.route('**/page.js', async (route) => {
        await script.wait()
        await route.continue()
      }),
  })
  await script.reached
  expect(await tab.texts()).toEqual([...HISTORY, 'Go on'])
  gate.release()
  await application.settled(tab.chatId)
  script.release()
  await tab.shows(...HISTORY, 'Go on', 'The first half and the rest.')
  await tab.isNow('ready connected')
  await expectSeamless(tab, application)
  await expectNoFlash(tab, [...HISTORY, 'Go on'])
})

test('a turn that another began between rendering and the first script is shown', async () => {
  const first = await withHistory()
  const script = createBarrier()
  const tab = await application.open({
    isRendered: true,
    prepare: (page) =>
      page.route('**/page.js', async (route) => {
        await script.wait()
        await route.continue()
      }),
  })
  await script.reached
  application.provider.script([[text('Later.'), finish()]])
  await first.ask('And now?')
  await first.shows(...HISTORY, 'And now?', 'Later.')
  script.release()
  await tab.shows(...HISTORY, 'And now?', 'Later.')
  await tab.isNow('ready connected')
  await expectSeamless(tab, application)
  await expectNoFlash(tab, HISTORY)
})
