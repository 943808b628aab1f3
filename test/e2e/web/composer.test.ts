/** Where one writes: what becomes of the text and the files, whatever happens before they are sent. */
import { Buffer } from 'node:buffer'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { defineAgent } from '../../../src/agent/define-agent.ts'
import { createBarrier } from '../../support/barrier.ts'
import { finishPart, scriptedModel, textParts } from '../../support/scripted-model.ts'
import { answers, ask, ended, questions } from '../pages.ts'
import { expectAccessible } from './accessible.ts'
import { useInProcess } from './in-process.ts'

const PATIENCE = { timeout: 20_000 }
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const model = scriptedModel(() => [...textParts('Understood.'), finishPart()])
const pages = useInProcess([defineAgent({ name: 'a', model })], { limits: { fileBytes: 100_000 } })

const box = (page: Page) => page.getByLabel('Your message')
const files = (page: Page) => page.getByRole('list', { name: 'Attached files' })
const image = { name: 'dot.png', mimeType: 'image/png', buffer: Buffer.from(PIXEL, 'base64') }
const notes = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('Some notes') }

const pick = async (page: Page, ...picked: (typeof image)[]) => {
  const choosing = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Attach files' }).click()
  await (await choosing).setFiles(picked)
}

/** What a person does who drops a file, or pastes one. */
const give = (page: Page, event: 'drop' | 'paste', name: string) =>
  box(page).evaluate(
    (target, { event, name }) => {
      const dataTransfer = new DataTransfer()
      dataTransfer.items.add(new File(['Some notes'], name, { type: 'text/plain' }))
      const init = { bubbles: true, cancelable: true }
      target.dispatchEvent(
        event === 'paste'
          ? new ClipboardEvent('paste', { ...init, clipboardData: dataTransfer })
          : new DragEvent('drop', { ...init, dataTransfer }),
      )
    },
    { event, name },
  )

test('Enter sends, Shift+Enter begins a new line, and nothing but blanks is not sent', async () => {
  const page = await pages.open('/chats/enter')
  await ask(page, '   ')
  await box(page).fill('first line')
  await box(page).press('Shift+Enter')
  await page.keyboard.type('second line')
  const one = await box(page).boundingBox()
  await box(page).press('Enter')
  await ended(page)
  await expect.poll(() => questions(page).allInnerTexts()).toEqual(['first line\nsecond line'])
  await expect
    .poll(async () => (await box(page).boundingBox())!.height, PATIENCE)
    .toBeLessThan(one!.height)
})

test('the Enter that ends a word of an input method does not send', async () => {
  const page = await pages.open('/chats/ime')
  await box(page).focus()
  const session = await page.context().newCDPSession(page)
  await session.send('Input.imeSetComposition', {
    text: 'にほん',
    selectionStart: 3,
    selectionEnd: 3,
  })
  await box(page).dispatchEvent('keydown', {
    key: 'Enter',
    keyCode: 229,
    isComposing: true,
    bubbles: true,
  })
  await session.send('Input.insertText', { text: '日本' })
  await expect.poll(() => questions(page).count()).toBe(0)
  await box(page).press('Enter')
  await ended(page)
  await expect.poll(() => questions(page).allInnerTexts()).toEqual(['日本'])
})

test('the box grows with its text up to a limit, and scrolls then', async () => {
  const page = await pages.open('/chats/grow')
  const height = async () => (await box(page).boundingBox())!.height
  const small = await height()
  await box(page).fill('line\n'.repeat(5))
  await expect.poll(height, PATIENCE).toBeGreaterThan(small * 3)
  await box(page).fill('line\n'.repeat(100))
  await expect.poll(height, PATIENCE).toBeLessThan(400)
  expect(await box(page).evaluate((one) => one.scrollHeight > one.clientHeight)).toBe(true)
})

test('a draft with its files belongs to its chat, survives a reload, and is gone when it is sent', async () => {
  const page = await pages.open('/chats/draft-1')
  await box(page).fill('half a thought')
  await pick(page, notes)
  await files(page).getByText('notes.txt').waitFor()
  await page.getByRole('link', { name: 'New chat' }).click()
  await expect.poll(() => box(page).inputValue(), PATIENCE).toBe('')
  await expect
    .poll(() => box(page).evaluate((one) => one === document.activeElement), PATIENCE)
    .toBe(true)
  await page.goBack()
  await expect.poll(() => box(page).inputValue(), PATIENCE).toBe('half a thought')
  await page.reload()
  await expect.poll(() => box(page).inputValue(), PATIENCE).toBe('half a thought')
  await files(page).getByText('notes.txt').waitFor()
  await box(page).press('Enter')
  await ended(page)
  await questions(page).getByText('notes.txt').waitFor()
  await page.reload()
  await questions(page).getByText('half a thought').waitFor()
  await expect.poll(() => box(page).inputValue(), PATIENCE).toBe('')
  const drafts = () =>
    page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes('draft')))
  await expect.poll(drafts, PATIENCE).toEqual([])
})

test('files are picked, dropped and pasted, taken back, and sent with the text', async () => {
  const page = await pages.open('/chats/with-files')
  await pick(page, image)
  await give(page, 'drop', 'dropped.txt')
  await give(page, 'paste', 'pasted.txt')
  for (const name of ['dot.png', 'dropped.txt', 'pasted.txt'])
    await files(page).getByText(name).waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Remove dropped.txt' }).click()
  await expect.poll(() => files(page).getByRole('listitem').count()).toBe(2)
  await ask(page, 'Look at these')
  await ended(page)
  await questions(page).locator('img').waitFor()
  await questions(page).getByText('pasted.txt').waitFor()
  await expect.poll(() => questions(page).getByText('dropped.txt').count()).toBe(0)
  const width = () =>
    questions(page)
      .locator('img')
      .evaluate((one) => (one as HTMLImageElement).naturalWidth)
  await expect.poll(width, PATIENCE).toBe(1)
})

test('a file that is too large says so and does not hold up the others', async () => {
  const page = await pages.open('/chats/large', /413/)
  await pick(page, { ...notes, name: 'huge.bin', buffer: Buffer.alloc(200_000) }, notes)
  await page.getByText('huge.bin was not attached. It is too large').waitFor()
  await expectAccessible(page)
  await files(page).getByText('notes.txt').waitFor()
  await page.getByRole('button', { name: 'Remove huge.bin' }).click()
  await ask(page, 'Look at this')
  await ended(page)
  await expect.poll(() => answers(page).count()).toBe(1)
})

test('a message waits for its files, and says so', async () => {
  const page = await pages.open('/chats/slow')
  const gate = createBarrier()
  await page.route('**/files?**', async (route) => {
    await gate.wait()
    await route.continue()
  })
  await pick(page, notes)
  await page.getByLabel('Uploading notes.txt').waitFor()
  await ask(page, 'Look at this')
  await page.getByText('when the files are there').waitFor()
  await expect.poll(() => questions(page).count()).toBe(0)
  gate.release()
  await expect
    .poll(() => page.getByRole('button', { name: 'Send' }).isEnabled(), PATIENCE)
    .toBe(true)
  await box(page).press('Enter')
  await ended(page)
  await questions(page).getByText('notes.txt').waitFor()
})

test('words that are on their way when the page is left are in the box again, and go once', async () => {
  const page = await pages.open('/chats/left')
  await box(page).waitFor()
  await page.route('**/ai-chat', () => undefined)
  const sent = page.waitForRequest('**/ai-chat')
  await ask(page, 'Precious words')
  await sent
  await page.reload()
  await page.unroute('**/ai-chat')
  await expect.poll(() => box(page).inputValue(), PATIENCE).toBe('Precious words')
  await box(page).press('Enter')
  await ended(page)
  await page.reload()
  await answers(page).waitFor()
  await expect.poll(() => box(page).inputValue(), PATIENCE).toBe('')
  await expect.poll(() => questions(page).allInnerTexts()).toEqual(['Precious words'])
})
