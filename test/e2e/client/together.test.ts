/** Tabs and devices on one chat: what one of them does the others show, and at rest all show what the database has. */
import { expect, test } from 'vitest'
import type { Barrier } from '../../support/barrier.ts'
import { LATE_MARK, launchPersonalBrowser } from '../../support/browser.ts'
import { barrier, createBarrier, finish, text, toolCall } from '../../support/fake-provider.ts'
import { expectSeamless, useApplication, type Tab } from './tabs.ts'

const application = useApplication()

/** Answers that stop in their middle: `Answer 1`, and after the gate ` ends.` */
const answers = (count: number): Barrier[] => {
  const gates = Array.from({ length: count }, () => createBarrier())
  application.provider.script(
    gates.map((gate, index) => [
      text(`Answer ${index + 1}`),
      barrier(gate),
      text(' ends.'),
      finish(),
    ]),
  )
  return gates
}

/** Two tabs of one browser, and one of another device. */
const three = async (): Promise<[Tab, Tab, Tab]> => {
  const one = await application.open()
  const other = await application.open()
  const far = await application.open({ device: await application.device() })
  for (const tab of [one, other, far]) await tab.isNow('ready connected')
  return [one, other, far]
}

const all = (tabs: readonly Tab[], ...texts: string[]) =>
  Promise.all(tabs.map((tab) => tab.shows(...texts)))

const allAtRest = async (tabs: readonly Tab[], run: string) => {
  for (const tab of tabs) {
    await tab.runIs(run)
    await tab.isNow('ready connected')
  }
}

test('question and answer appear everywhere as they come, also where the page was opened in between', async () => {
  const [gate] = answers(1)
  const tabs: Tab[] = await three()
  await tabs[0]!.ask('Hello')
  await all(tabs, 'Hello', 'Answer 1')
  tabs.push(await application.open())
  await all(tabs, 'Hello', 'Answer 1')
  for (const tab of tabs) await tab.isNow('streaming connected')
  gate!.release()
  await all(tabs, 'Hello', 'Answer 1 ends.')
  await allAtRest(tabs, 'succeeded')
  for (const tab of tabs) await expectSeamless(tab, application)
  const [, other] = tabs
  expect((await other!.states()).join(' > ')).toMatch(
    /ready connected( > submitted connected)? > streaming connected > ready connected$/,
  )
})

test('a stop of one is the end for all', async () => {
  answers(1)
  const tabs = await three()
  const [one, other] = tabs
  await one.ask('Hello')
  await all(tabs, 'Hello', 'Answer 1')
  await other.press('Stop')
  await allAtRest(tabs, 'aborted')
  for (const tab of tabs) await expectSeamless(tab, application)
})

test('an edit and another answer take the place of what was there', async () => {
  for (const gate of answers(3)) gate.release()
  const tabs = await three()
  const [one, other, far] = tabs
  await one.ask('Hello')
  await all(tabs, 'Hello', 'Answer 1 ends.')
  await allAtRest(tabs, 'succeeded')
  await far.press('Answer again')
  await all(tabs, 'Hello', 'Answer 2 ends.')
  await allAtRest(tabs, 'succeeded')
  await other.page.getByLabel('Your message').fill('Good morning')
  await other.press('Edit')
  await all(tabs, 'Good morning', 'Answer 3 ends.')
  await allAtRest(tabs, 'succeeded')
  const stored = await application.stored(one.chatId)
  expect(stored.map(({ role }) => role)).toEqual(['user', 'assistant'])
})

test('a call that one of them approves goes on in all', async () => {
  application.provider.script([
    [toolCall({ id: 'k1', name: 'pay', arguments: {} }), finish('tool_calls')],
    [text('It is paid.'), finish()],
  ])
  const tabs = await three()
  const [one, , far] = tabs
  await one.ask('Pay')
  for (const { page } of tabs) await page.getByText('pay approval-requested').waitFor()
  await allAtRest(tabs, 'waiting')
  await far.press('Approve')
  for (const { page } of tabs) await page.getByText('pay output-available').waitFor()
  await all(tabs, 'Pay', 'It is paid.')
  await allAtRest(tabs, 'succeeded')
  for (const tab of tabs) await expectSeamless(tab, application)
})

test('who sends into an answer that another began has the message back, and sends it afterwards', async () => {
  const [gate, second] = answers(2)
  const tabs = await three()
  const [one, other] = tabs
  await one.ask('Hello')
  await all(tabs, 'Hello', 'Answer 1')
  other.complaints.expect(/409/)
  await other.ask('My precious question')
  await other.page.locator('#unsent').getByText('My precious question').waitFor()
  await all(tabs, 'Hello', 'Answer 1')
  gate!.release()
  await allAtRest([one], 'succeeded')
  await all(tabs, 'Hello', 'Answer 1 ends.')
  await other.press('Take back')
  await other.page.getByLabel('Your message').press('Enter')
  second!.release()
  await all(tabs, 'Hello', 'Answer 1 ends.', 'My precious question', 'Answer 2 ends.')
  await allAtRest(tabs, 'succeeded')
  await expect.poll(() => other.page.locator('#unsent').count()).toBe(0)
  // All the while the answer of the other tab was being read.
  expect((await other.states()).join()).not.toContain('error')
  await expect.poll(() => other.page.getByRole('alert').count()).toBe(0)
})

test('a chat that one of them removes is removed for all', async () => {
  const [gate] = answers(1)
  gate!.release()
  const tabs = await three()
  const [one, other, far] = tabs
  await one.ask('Hello')
  await allAtRest(tabs, 'succeeded')
  for (const { complaints } of tabs) complaints.expect(LATE_MARK)
  await far.press('Remove the chat')
  for (const { page } of tabs) await page.getByText('This chat was removed.').waitFor()
  for (const { page } of [one, other])
    await page.getByRole('button', { name: one.chatId }).waitFor({ state: 'detached' })
})

test('lists tell of a chat that somebody else is busy in, and that its end was not seen', async () => {
  const [gate] = answers(1)
  const here = await application.open({ chatId: 'here' })
  const there = await application.open({ chatId: 'there', device: await application.device() })
  await here.isNow('ready connected')
  await there.ask('Hello')
  await here.page.getByRole('button', { name: 'there running' }).waitFor()
  await here.page.getByText('1 active').waitFor()
  await there.page.close()
  gate!.release()
  await here.page.getByRole('button', { name: 'there succeeded unread' }).click()
  await here.shows('Hello', 'Answer 1 ends.')
  await here.page.getByRole('button', { name: /^there succeeded$/ }).waitFor()
  await here.page.getByText('0 active').waitFor()
})

test('eight tabs have one long-lived connection together, which brings their answer once', async () => {
  const [gate] = answers(1)
  const tabs = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(() => application.open()))
  for (const tab of tabs) await tab.isNow('ready connected')
  await tabs[3]!.ask('Hello')
  await all(tabs, 'Hello', 'Answer 1')
  const { network } = application
  await network.until(({ path }) => path.startsWith('/ai-chat/follow') && path.includes('run='))
  const open = () => network.requests.filter(({ isOpen }) => isOpen).map(({ path }) => path)
  // One connection, on which one run is read.
  await expect.poll(open).toEqual([expect.stringMatching(/^\/ai-chat\/follow\?(?!.*run=.*run=)/)])
  gate!.release()
  await all(tabs, 'Hello', 'Answer 1 ends.')
  await allAtRest(tabs, 'succeeded')
  for (const tab of tabs) await expectSeamless(tab, application)
})

test('a tab that nobody looks at reads on, and its user has seen the end when it is looked at', async () => {
  const [gate] = answers(1)
  await using browser = await launchPersonalBrowser()
  const tab = await application.open({ device: browser.context })
  await tab.isNow('ready connected')
  await tab.ask('Hello')
  await tab.shows('Hello', 'Answer 1')
  const front = await browser.context.newPage()
  await front.bringToFront()
  await expect.poll(() => tab.page.evaluate('document.visibilityState')).toBe('hidden')
  gate!.release()
  await tab.shows('Hello', 'Answer 1 ends.')
  await tab.runIs('succeeded')
  const isUnread = async () =>
    (await application.chats()).find(({ id }) => id === tab.chatId)?.unread
  expect(await isUnread()).toBe(true)
  await tab.page.bringToFront()
  await expect.poll(isUnread, { timeout: 20_000 }).toBe(false)
  await expectSeamless(tab, application)
})
