/** One chat in a real browser against the real server: what is shown is what the database has. */
import { expect, test } from 'vitest'
import { LATE_MARK } from '../../support/browser.ts'
import {
  answers,
  ask,
  chatOf,
  ended,
  questions,
  seen,
  shownText,
  storedText,
  usePages,
  wordsOf,
} from '../pages.ts'
import { expectAccessible } from './accessible.ts'

const PATIENCE = { timeout: 20_000 }

const README = 'The second line of the notes.\n'

const pages = usePages(async () => ({ files: { 'README.md': README } }))

const expectStored = async (page: Parameters<typeof chatOf>[0]) => {
  const { run, message } = await pages.server.latest(chatOf(page))
  // The last words are drawn after the state has changed.
  await expect.poll(() => shownText(page), PATIENCE).toEqual(storedText(message))
  return run
}

/** The numbers that the demo model has counted. */
const counted = (texts: readonly string[]): number[] =>
  [...(texts.at(-1) ?? '').matchAll(/\d+/g)].map(([digits]) => Number(digits))

const oneTo = (end: number) => Array.from({ length: end }, (_, index) => index + 1)

test('an empty chat says what is special, and with the demo model what to try; one press asks it', async () => {
  const { page } = await pages.open()
  await page.getByText('close this tab while it works').waitFor()
  await page.getByText('It is not a language model').waitFor()
  await expect
    .poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label')), PATIENCE)
    .toBe('Your message')
  await expectAccessible(page)
  await page.getByRole('button', { name: 'list files then read README.md' }).click()
  await ended(page)
  await seen(page, 'README')
  await expect.poll(() => questions(page).innerText()).toContain('list files then read README.md')
  expect((await expectStored(page)).status).toBe('succeeded')
})

test('an answer streams with its tool calls and ends as it is stored', async () => {
  const { page } = await pages.open()
  await ask(page, 'list files then read README.md')
  await page.locator('[data-part="tool"][data-state="done"]').nth(1).waitFor()
  await ended(page)
  expect((await expectStored(page)).status).toBe('succeeded')
  await page.getByText('The answer is complete.').waitFor({ state: 'attached' })
  await expectAccessible(page)
})

test('a reload in mid-answer shows all of it, once', async () => {
  const { page } = await pages.open()
  await ask(page, 'calculate 2+3*4 then count to 30')
  await seen(page, 8)
  await page.reload()
  await seen(page, 9)
  await ended(page)
  await expectStored(page)
  expect(counted(await shownText(page)).slice(-30)).toEqual(oneTo(30))
  await expect.poll(() => page.locator('[data-part="tool"]').count()).toBe(1)
})

test('an answer goes on without the page and is there when it is opened again', async () => {
  const { page } = await pages.open()
  await ask(page, 'count to 20')
  await seen(page, 2)
  const chatId = chatOf(page)
  await page.close()
  await pages.server.settled(chatId)
  const { page: later } = await pages.open(`/chats/${chatId}`)
  await seen(later, 20)
  expect((await expectStored(later)).status).toBe('succeeded')
})

test('Stop is a stop: what was written stays, and a reload says the same', async () => {
  const { page } = await pages.open()
  await ask(page, 'count to 500')
  await seen(page, 5)
  await page.getByRole('button', { name: 'Stop' }).click()
  await page.getByText('Stopped. What').waitFor()
  await ended(page)
  expect((await expectStored(page)).status).toBe('aborted')
  expect(counted(await shownText(page))).not.toContain(500)
  await page.getByText('The answer was stopped.').waitFor({ state: 'attached' })
  await page.reload()
  await page.getByText('Stopped. What').waitFor()
  await expectStored(page)
  await ask(page, 'count to 3')
  await answers(page).nth(1).getByText(/\b3\b/).waitFor()
  await ended(page)
  await page.getByText('Stopped. What').waitFor()
})

test('Esc stops when it is pressed twice, and says so after the first time', async () => {
  const { page } = await pages.open()
  await ask(page, 'count to 500')
  await seen(page, 3)
  await page.keyboard.press('Escape')
  await page.getByText('Press Esc again').waitFor()
  await page.keyboard.press('Escape')
  await page.getByText('Stopped. What').waitFor()
  expect((await expectStored(page)).status).toBe('aborted')
})

test('a second tab shows the question, the answer as it grows, and the stop of the first', async () => {
  const { page: first } = await pages.open()
  await first.getByLabel('Your message').waitFor()
  const { page: second } = await pages.open(`/chats/${chatOf(first)}`)
  await ask(first, 'count to 300')
  await seen(second, 4)
  await second.getByRole('button', { name: 'Stop' }).click()
  await first.getByText('Stopped. What').waitFor()
  await Promise.all([ended(first), ended(second)])
  await expectStored(first)
  await expectStored(second)
})

test('what is written while an answer is written is kept, and sent when that is over', async () => {
  const { page } = await pages.open()
  await ask(page, 'count to 500')
  await seen(page, 2)
  await ask(page, 'say second')
  await page.getByText('You can send this when it is over').waitFor()
  await expect.poll(() => questions(page).count()).toBe(1)
  await page.getByRole('button', { name: 'Stop' }).click()
  await ended(page)
  await expect.poll(() => page.getByLabel('Your message').inputValue()).toBe('say second')
  await page.getByLabel('Your message').press('Enter')
  await seen(page, 'second')
  await ended(page)
  await expect.poll(() => questions(page).count()).toBe(2)
})

test('a question is edited in its place, and the old answer makes way', async () => {
  const { page } = await pages.open()
  await ask(page, 'say apples')
  await ended(page)
  await ask(page, 'say pears')
  await ended(page)
  await questions(page).first().hover()
  await questions(page).first().getByRole('button', { name: 'Edit' }).click()
  const box = page.getByLabel('Edit your message')
  await page.getByText('Everything after it makes way').waitFor()
  await expectAccessible(page)
  await box.fill('never sent')
  await box.press('Escape')
  await expect.poll(() => questions(page).allInnerTexts()).toEqual(['say apples', 'say pears'])
  await questions(page).first().getByRole('button', { name: 'Edit' }).click()
  await box.fill('say plums')
  await box.press('Enter')
  await seen(page, 'plums')
  await ended(page)
  await expect.poll(() => questions(page).allInnerTexts()).toEqual(['say plums'])
  await expect.poll(() => answers(page).count()).toBe(1)
  await page.reload()
  await seen(page, 'plums')
  await expect.poll(() => questions(page).allInnerTexts()).toEqual(['say plums'])
})

test('an edit whose message is replaced by another tab comes back to the box', async () => {
  const { page } = await pages.open()
  await ask(page, 'say apples')
  await ended(page)
  await ask(page, 'say pears')
  await ended(page)
  const { page: other } = await pages.open(`/chats/${chatOf(page)}`)
  await questions(page).last().getByRole('button', { name: 'Edit' }).click()
  await page.getByLabel('Edit your message').fill('say plums')
  await questions(other).first().hover()
  await questions(other).first().getByRole('button', { name: 'Edit' }).click()
  await other.getByLabel('Edit your message').fill('say cherries')
  await other.getByLabel('Edit your message').press('Enter')
  await seen(page, 'cherries')
  await page.getByText('Your change was not sent. What you wrote is in the box.').waitFor()
  const box = page.getByLabel('Your message')
  await expect.poll(() => box.inputValue()).toBe('say plums')
  await ended(page)
  await box.press('Enter')
  await seen(page, 'plums')
  await ended(page)
  await expect.poll(() => questions(page).allInnerTexts()).toEqual(['say cherries', 'say plums'])
  await expect.poll(() => page.getByRole('alert').count()).toBe(0)
})

test('arrow up in the empty box edits the last question', async () => {
  const { page } = await pages.open()
  await ask(page, 'say appels')
  await ended(page)
  await page.getByLabel('Your message').press('ArrowUp')
  const box = page.getByLabel('Edit your message')
  await expect.poll(() => box.inputValue()).toBe('say appels')
  await box.fill('say apples')
  await box.press('Enter')
  await seen(page, 'apples')
  await ended(page)
  await expect
    .poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label')))
    .toBe('Your message')
})

test('another answer takes the place of the last one at once, of an earlier one after a question', async () => {
  const { page } = await pages.open()
  await ask(page, 'say one')
  await ended(page)
  await ask(page, 'say two')
  await ended(page)
  const idsOf = () => answers(page).evaluateAll((all) => all.map((one) => one.dataset['messageId']))
  const [first, second] = await idsOf()
  await answers(page).last().getByRole('button', { name: 'Answer again' }).click()
  await expect.poll(async () => (await idsOf())[1], PATIENCE).not.toBe(second)
  await ended(page)
  expect((await idsOf())[0]).toBe(first)
  await answers(page).first().hover()
  await answers(page).first().getByRole('button', { name: 'Answer again' }).click()
  await page.getByText('Everything after this answer makes way').waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Answer again' }).click()
  await expect.poll(() => questions(page).count(), PATIENCE).toBe(1)
  await ended(page)
  await expect.poll(idsOf, PATIENCE).toEqual([expect.not.stringContaining(first!)])
  await expectStored(page)
})

test('an answer is copied as Markdown and as plain text, and leads to its run', async () => {
  const { page } = await pages.open()
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  const copied = () => page.evaluate(() => navigator.clipboard.readText())
  await ask(page, 'read README.md')
  await ended(page)
  const { run, message } = await pages.server.latest(chatOf(page))
  const text = message.parts.flatMap((part) => (part.type === 'text' ? [part['text']] : []))
  await answers(page).getByRole('button', { name: 'Copy as Markdown' }).click()
  await expect.poll(copied, PATIENCE).toBe(text.join('\n\n'))
  await answers(page).getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'Copy as plain text' }).click()
  await expect.poll(copied, PATIENCE).not.toContain('```')
  expect(wordsOf(await copied())).toContain(wordsOf(README))
  await answers(page).getByRole('link', { name: 'Inspect the run' }).click()
  await page.waitForURL(`**/runs/${run.id}`)
})

test('a chat that is deleted elsewhere says so, and leads to a new one', async () => {
  const { page, complaints } = await pages.open()
  complaints.expect(LATE_MARK)
  await ask(page, 'say hello')
  await ended(page)
  const chatId = chatOf(page)
  await fetch(new URL(`/ai-chat/${chatId}`, pages.server.url), { method: 'DELETE' })
  await page.getByText('This chat was deleted.').waitFor()
  await page.getByRole('link', { name: 'Begin a new chat' }).click()
  await expect.poll(() => chatOf(page), PATIENCE).not.toBe(chatId)
  await page.getByLabel('Your message').waitFor()
})

test('a chat that is deleted where it is open says so in the other tab', async () => {
  const { page } = await pages.open()
  await ask(page, 'say hello')
  await ended(page)
  const { page: other, complaints } = await pages.open(new URL(page.url()).pathname)
  complaints.expect(LATE_MARK)
  await seen(other, 'hello')
  await page.getByRole('button', { name: 'Actions for say hello' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await other.getByText('This chat was deleted.').waitFor()
  await expect.poll(() => other.getByLabel('Your message').count()).toBe(0)
})

test('the keys of a chat are those of the list that ? shows', async () => {
  const { page } = await pages.open()
  await ask(page, 'say one')
  await ended(page)
  await ask(page, 'say two')
  await ended(page)
  await page.keyboard.press('Escape')
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keys' }).waitFor()
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.keyboard.press('k')
  const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '')
  await page.keyboard.press('k')
  await page.keyboard.press('j')
  await expect.poll(focused).toContain('one')
  await page.keyboard.press('c')
  await expect
    .poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label')))
    .toBe('Your message')
})
