/** The chats at the side, the box of commands, and what surrounds each page. */
import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { createBarrier } from '../../support/barrier.ts'
import { chatOf, usePages } from '../pages.ts'
import { expectAccessible } from './accessible.ts'

const PATIENCE = { timeout: 20_000 }

const pages = usePages(async () => ({}))

const begin = async (chatId: string, text: string) => {
  const answer = await fetch(new URL('/ai-chat', pages.server.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ chatId, message: { parts: [{ type: 'text', text }] } }),
  })
  expect(answer.status).toBe(200)
  return { end: () => answer.text() }
}

const api = (path: string, init?: RequestInit) =>
  fetch(new URL(`/ai-chat${path}`, pages.server.url), init)

const chats = (page: Page) => page.getByRole('list', { name: 'Chats' })
const chat = (page: Page, title: string) =>
  chats(page).getByRole('link', { name: title, exact: false })
const choose = async (page: Page, title: string, action: string) => {
  await chat(page, title).hover()
  await page.getByLabel(`Actions for ${title}`).click()
  await page.getByRole('menuitem', { name: action }).click()
}

test('each chat shows its state as it is: at work, answered and not read, read', async () => {
  const { page } = await pages.open('/')
  const answer = await begin('state', 'count to 300')
  await chats(page).getByRole('img', { name: 'Is being answered' }).waitFor()
  await answer.end()
  await chats(page).getByRole('img', { name: 'Answered, not read yet' }).waitFor()
  await chat(page, 'count to 300').click()
  await chats(page)
    .getByRole('img', { name: 'Answered, not read yet' })
    .waitFor({ state: 'detached' })
  expect(chatOf(page)).toBe('state')
})

test('a chat is found by words of its title, and a search that finds nothing says so', async () => {
  await (await begin('find-1', 'say apples')).end()
  await (await begin('find-2', 'say oranges')).end()
  const { page } = await pages.open('/')
  await chat(page, 'say oranges').waitFor()
  await page.getByRole('searchbox', { name: 'Search chats' }).fill('appl')
  await chat(page, 'say oranges').waitFor({ state: 'detached' })
  await chat(page, 'say apples').waitFor()
  await page.getByRole('searchbox', { name: 'Search chats' }).fill('no such fruit')
  await page.getByText('No chat is called that.').waitFor()
})

test('whoever searches while a new chat is loaded goes on searching', async () => {
  await (await begin('typed', 'say cherries')).end()
  const { page } = await pages.open('/chats/typed')
  await chat(page, 'say cherries').waitFor()
  const gate = createBarrier()
  await page.route(/\/messages(\?|$)/, async (route) => {
    await gate.wait()
    await route.continue()
  })
  await page.getByRole('link', { name: 'New chat' }).click()
  await gate.reached
  await page.getByRole('searchbox', { name: 'Search chats' }).pressSequentially('cher')
  gate.release()
  await page.getByText('close this tab while it works').waitFor()
  await page.keyboard.type('ries')
  await expect
    .poll(() => page.getByRole('searchbox', { name: 'Search chats' }).inputValue())
    .toBe('cherries')
  await expect.poll(() => page.getByLabel('Your message').inputValue()).toBe('')
})

test('a chat is renamed, in every tab, and gets its automatic title back', async () => {
  await (await begin('name', 'say a name')).end()
  const { page } = await pages.open('/')
  const { page: other } = await pages.open('/')
  await choose(page, 'say a name', 'Rename')
  await page.getByLabel('Title').fill('Names of <b>things</b>')
  await page.getByRole('button', { name: 'Save' }).click()
  await chat(page, 'Names of <b>things</b>').waitFor()
  await chat(other, 'Names of <b>things</b>').waitFor()
  await choose(page, 'Names of <b>things</b>', 'Rename')
  await page.getByRole('button', { name: 'Name it by its first message' }).click()
  await chat(page, 'say a name').waitFor()
})

test('a chat is exported as a Markdown file with its name', async () => {
  await (await begin('take-out', 'say export: me')).end()
  const { page } = await pages.open('/')
  const downloading = page.waitForEvent('download')
  await choose(page, 'say export: me', 'Export as Markdown')
  const download = await downloading
  expect(download.suggestedFilename()).toBe('say export me.md')
  expect(await readFile(await download.path(), 'utf8')).toBe(
    await (await api('/take-out/export')).text(),
  )
})

test('a chat is deleted after a question, with its active run, and the page leaves it', async () => {
  const answer = await begin('gone', 'count to 500')
  const { page } = await pages.open('/chats/gone')
  await choose(page, 'count to 500', 'Delete')
  await page.getByText('A run that is still active is stopped.').waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Cancel' }).click()
  expect((await api('/gone')).status).toBe(200)
  await choose(page, 'count to 500', 'Delete')
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await chat(page, 'count to 500').waitFor({ state: 'detached' })
  await answer.end()
  expect((await api('/gone')).status).toBe(404)
  await expect.poll(() => chatOf(page), PATIENCE).not.toBe('gone')
})

test('everything is reached by keyboard: skip link, commands, a chat, a new chat', async () => {
  await (await begin('keys', 'say keys')).end()
  await (await begin('keys-before', 'say before')).end()
  // A new chat has the focus where one writes.
  const { page } = await pages.open('/chats/keys-before')
  await chat(page, 'say keys').waitFor()
  await page.keyboard.press('Tab')
  await expect
    .poll(() => page.evaluate(() => document.activeElement?.textContent))
    .toBe('Skip to the content')
  await page.keyboard.press('Enter')
  await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('content')
  await page.keyboard.press('Control+K')
  await page.getByLabel('Commands').fill('say k')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect.poll(() => chatOf(page), PATIENCE).toBe('keys')
  await page.locator('#content').focus()
  await page.keyboard.press('Alt+N')
  await expect.poll(() => chatOf(page), PATIENCE).not.toBe('keys')
})

test('colours follow the system until somebody chooses, and the choice stays', async () => {
  const { page } = await pages.open('/')
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  await page.emulateMedia({ colorScheme: 'dark' })
  await expect.poll(ground, PATIENCE).toBe('rgb(23, 25, 26)')
  await page.getByLabel('Settings').click()
  await page.getByRole('menuitemradio', { name: 'Light' }).click()
  await expect.poll(ground, PATIENCE).toBe('rgb(251, 250, 247)')
  await page.reload()
  await expect.poll(ground, PATIENCE).toBe('rgb(251, 250, 247)')
})

test.each(['light', 'dark'] as const)(
  'the side is accessible in %s colours',
  async (colorScheme) => {
    await (await begin(`look-${colorScheme}`, 'say look')).end()
    const { page } = await pages.open('/')
    await page.emulateMedia({ colorScheme })
    await chat(page, 'say look').first().waitFor()
    await page.getByLabel('Your message').waitFor()
    await expectAccessible(page)
  },
)

test('on a phone the chats are behind a button, and go when one is chosen', async () => {
  await (await begin('phone', 'say phone')).end()
  const { page } = await pages.open('/')
  await page.setViewportSize({ width: 390, height: 780 })
  await page.getByLabel('Menu', { exact: true }).click()
  await expectAccessible(page)
  await page.getByRole('dialog').getByRole('link', { name: 'say phone' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  expect(chatOf(page)).toBe('phone')
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
})

test('an address that leads nowhere says so and leads on', async () => {
  const { page } = await pages.open('/no/such/page')
  await page.getByRole('heading', { name: 'There is nothing here' }).waitFor()
  await page.getByRole('link', { name: 'Begin a new chat' }).click()
  await expect.poll(() => chatOf(page), PATIENCE).not.toBe('')
})
