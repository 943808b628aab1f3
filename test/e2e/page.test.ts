/** The page in a real browser against the real server: what is shown is what the database has. */
import { expect, test } from 'vitest'
import { ask, chatOf, ended, seen, shownText, storedText, usePages } from './pages.ts'
import { serve } from './served.ts'

const README = '# Notes\n\nThe second line of the notes.\n'

const pages = usePages(async () => ({ files: { 'README.md': README } }))

/** The numbers in the last paragraph of the answer, where the demo model counts. */
const counted = (texts: readonly unknown[]): number[] => {
  const paragraph = String(texts.at(-1)).split('\n\n').at(-1) ?? ''
  return [...paragraph.matchAll(/\d+/g)].map(([digits]) => Number(digits))
}

const oneTo = (end: number) => Array.from({ length: end }, (_, index) => index + 1)

test('an answer streams with its tool calls as cards and ends as it is stored', async () => {
  const { page } = await pages.open()
  await page.getByText('It is not a language model').waitFor()
  await ask(page, 'list files then read README.md')
  const cards = page.locator('.card')
  await cards.nth(1).getByText('done').waitFor()
  await cards.nth(1).getByText('The second line of the notes.').waitFor()
  await ended(page)
  const { run, message } = await pages.server.latest(chatOf(page))
  expect(run.status).toBe('succeeded')
  expect(await shownText(page)).toEqual(storedText(message))
  const calls = message.parts.filter(({ type }) => type.startsWith('tool-'))
  expect(await cards.locator('header code').allTextContents()).toEqual(
    calls.map(({ type }) => type.slice('tool-'.length)),
  )
})

test('a tool that fails shows why', async () => {
  const { page } = await pages.open()
  await ask(page, 'read missing.txt')
  await page.locator('.card.failed').waitFor()
  await ended(page)
  expect(await page.locator('.card .value').last().textContent()).toMatch(/^Error.*missing\.txt/)
})

test('a tool shows its output so far while it runs', async () => {
  const { page } = await pages.open()
  await ask(page, 'wait 1 second')
  await page.locator('.card.running').getByText('So far').waitFor()
  await page.locator('.card.done').waitFor()
  await ended(page)
  expect(await page.getByText('So far').count()).toBe(0)
})

test('a reload in mid-answer shows all of it, once', async () => {
  const { page } = await pages.open()
  await ask(page, 'calculate 2+3*4 then count to 30')
  await seen(page, 8)
  await page.reload()
  await seen(page, 9)
  await ended(page)
  const { message } = await pages.server.latest(chatOf(page))
  expect(await shownText(page)).toEqual(storedText(message))
  expect(counted(await shownText(page))).toEqual(oneTo(30))
  expect(await page.locator('.card').count()).toBe(1)
})

test('an answer goes on without the page and is there when it is opened again', async () => {
  const { page } = await pages.open()
  await ask(page, 'count to 20')
  await seen(page, 2)
  const chatId = chatOf(page)
  await page.close()
  await pages.server.settled(chatId)
  const { page: later } = await pages.open()
  await seen(later, 20)
  expect(chatOf(later)).toBe(chatId)
  const { run, message } = await pages.server.latest(chatId)
  expect(run.status).toBe('succeeded')
  expect(await shownText(later)).toEqual(storedText(message))
})

test('Stop ends the answer for good: a reload shows the same, and says that it was stopped', async () => {
  const { page } = await pages.open()
  await ask(page, 'count to 500')
  await seen(page, 5)
  await page.getByRole('button', { name: 'Stop' }).click()
  await page.getByText('Stopped.').waitFor()
  await ended(page)
  const { run, message } = await pages.server.latest(chatOf(page))
  expect(run.status).toBe('aborted')
  expect(await shownText(page)).toEqual(storedText(message))
  expect(counted(storedText(message))).not.toContain(500)
  await page.reload()
  await page.getByText('Stopped.').waitFor()
  expect(await shownText(page)).toEqual(storedText(message))
  await ask(page, 'count to 3')
  await page.locator('.assistant').nth(1).getByText(/\b3\b/).waitFor()
  await ended(page)
})

test('a second tab shows the answer that the first one asked for', async () => {
  const { page: first } = await pages.open()
  const { page: second } = await pages.open(`/?chat=${chatOf(first)}`)
  await ask(first, 'count to 30')
  await seen(first, 3)
  await second.reload()
  await seen(second, 4)
  await Promise.all([ended(first), ended(second)])
  const stored = storedText((await pages.server.latest(chatOf(first))).message)
  expect(await shownText(first)).toEqual(stored)
  expect(await shownText(second)).toEqual(stored)
})

test('a question into a busy chat is given back with a way to the answer that is being written', async () => {
  const { page: first } = await pages.open()
  const { page: second, complaints } = await pages.open(`/?chat=${chatOf(first)}`)
  complaints.expect(/409/)
  await ask(first, 'count to 100')
  await seen(first, 2)
  await ask(second, 'my precious question')
  await second.getByRole('alert').getByText('This chat is busy').waitFor()
  await second.getByRole('button', { name: 'Show that answer' }).click()
  await seen(second, 3)
  expect(await second.getByLabel('Your message').inputValue()).toBe('my precious question')
  expect(await second.locator('.user').allTextContents()).toEqual(['count to 100'])
  await second.getByRole('button', { name: 'Stop' }).click()
  await Promise.all([ended(first), ended(second)])
  await first.getByText('Stopped.').waitFor()
})

test('a question that cannot be delivered is given back and counts once when it is sent again', async () => {
  const { page, complaints } = await pages.open()
  complaints.expect(/ERR_FAILED|ERR_CONNECTION/)
  // The question arrives, the answer does not.
  await page.route('**/ai-chat', async (route) => {
    await route.fetch()
    await route.abort()
  })
  await ask(page, 'count to 4')
  await page.getByRole('alert').getByText('cannot be reached').waitFor()
  expect(await page.getByLabel('Your message').inputValue()).toBe('count to 4')
  await page.unroute('**/ai-chat')
  await page.getByLabel('Your message').press('Enter')
  await seen(page, 4)
  await ended(page)
  await page.reload()
  await seen(page, 4)
  expect(await page.locator('.user').allTextContents()).toEqual(['count to 4'])
})

test('a killed server finishes the answer after its restart, and Reconnect shows it', async () => {
  await using own = await serve()
  const { page, complaints } = await pages.open('/', own)
  complaints.expect(/ERR_|network error/)
  await ask(page, 'calculate 2+3*4 then count to 30')
  await seen(page, 5)
  await own.kill()
  await page.getByRole('alert').getByText('connection to the server was lost').waitFor()
  await own.start()
  await page.getByRole('button', { name: 'Reconnect' }).click()
  await seen(page, 30)
  await ended(page)
  const { run, message } = await own.latest(chatOf(page))
  expect(run.status).toBe('succeeded')
  expect(await shownText(page)).toEqual(storedText(message))
  expect(counted(await shownText(page))).toEqual(oneTo(30))
  expect(await page.locator('.card').count()).toBe(1)
})
