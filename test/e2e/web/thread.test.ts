/** A long chat: few of its messages are in the document, and whoever reads it stays where they are. */
import { isDeepStrictEqual } from 'node:util'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { defineAgent } from '../../../src/agent/define-agent.ts'
import { createBarrier, type Barrier } from '../../support/barrier.ts'
import { finishPart, scriptedModel } from '../../support/scripted-model.ts'
import { answers, ask } from '../pages.ts'
import { expectAccessible } from './accessible.ts'
import { useInProcess } from './in-process.ts'

const PATIENCE = { timeout: 30_000 }

const LINE = 'one more line of an answer that grows\n\n'

/** Each piece is written when its gate is opened. */
let gates: Barrier[] = []
const model = scriptedModel(async function* () {
  yield { type: 'text-start', id: '0' }
  yield { type: 'text-delta', id: '0', delta: LINE.repeat(30) }
  for (const [index, gate] of gates.entries()) {
    await gate.wait()
    yield { type: 'text-delta', id: '0', delta: `${LINE.repeat(10)}piece ${index}\n\n` }
  }
  yield { type: 'text-end', id: '0' }
  yield finishPart()
})

const pages = useInProcess([defineAgent({ name: 'a', model })])

const SORTS = [
  (n: number) => `Message ${n}.`,
  (n: number) => `Message ${n}. ${'It says a little more. '.repeat(20)}`,
  (n: number) => `Message ${n}.\n\n\`\`\`ts\n${'const a = 1\n'.repeat(12)}\`\`\``,
  (n: number) => `Message ${n}.\n\n| a | b |\n|---|---|\n${'| 1 | 2 |\n'.repeat(8)}`,
]

/** Puts messages into a chat, numbered from 1. */
const seed = async (chatId: string, count: number): Promise<void> => {
  const { db, principal } = pages.outlast
  const { id, workspaceId } = await db
    .insertInto('aiChats')
    .values({ workspaceId: principal.workspaceId, creatorId: principal.userId, clientId: chatId })
    .returning(['id', 'workspaceId'])
    .executeTakeFirstOrThrow()
  const rows = Array.from({ length: count }, (_, index) => ({
    chatId: id,
    workspaceId,
    role: index % 2 === 0 ? ('user' as const) : ('assistant' as const),
    content: SORTS[index % SORTS.length]!(index + 1),
  }))
  for (let at = 0; at < rows.length; at += 1000)
    await db
      .insertInto('aiChatMessages')
      .values(rows.slice(at, at + 1000))
      .execute()
}

const thread = (page: Page) => page.getByRole('region', { name: 'Conversation' })

/** The numbers of the messages in sight, and how many are in the document. */
const look = (page: Page) =>
  thread(page).evaluate((box) => {
    const { top, bottom } = box.getBoundingClientRect()
    const articles = [...box.querySelectorAll('article')]
    const inSight = articles.filter((one) => {
      const place = one.getBoundingClientRect()
      return place.bottom > top && place.top < bottom
    })
    const numbers = inSight.flatMap((one) => /Message (\d+)\./.exec(one.innerText)?.[1] ?? [])
    return {
      numbers: numbers.map(Number),
      count: articles.length,
      height: box.scrollHeight,
      rest: Math.round(box.scrollHeight - box.scrollTop - box.clientHeight),
      top: Math.round(articles.find((one) => inSight[0] === one)?.getBoundingClientRect().top ?? 0),
    }
  })

/** Whether scrolling has come to rest, and what it brought into the document has its size. */
const isStill = async (page: Page): Promise<boolean> => {
  const before = await look(page)
  await page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
  )
  return isDeepStrictEqual(await look(page), before)
}

const placeOf = async (page: Page, number: number): Promise<number> => {
  const box = await page.locator('article', { hasText: `Message ${number}.` }).boundingBox()
  return box!.y
}

const focusedText = (page: Page) =>
  page.evaluate(() => (document.activeElement as HTMLElement | null)?.innerText ?? '')

const atEnd = (page: Page) =>
  expect.poll(async () => (await look(page)).rest, PATIENCE).toBeLessThan(2)

/** Scrolls as a wheel does, until the message is in sight. */
const scrollUpTo = async (page: Page, number: number) => {
  await thread(page).hover()
  await expect
    .poll(
      async () => {
        const { numbers } = await look(page)
        if (!numbers.some((one) => one <= number)) await page.mouse.wheel(0, -6000)
        return Math.min(...numbers)
      },
      { timeout: 60_000, interval: 30 },
    )
    .toBeLessThanOrEqual(number)
}

test('a chat of 10,000 messages opens at its end, with few of them in the document', async () => {
  await seed('long', 10_000)
  const page = await pages.open('/chats/long')
  await expect.poll(async () => (await look(page)).numbers.at(-1), PATIENCE).toBe(10_000)
  await atEnd(page)
  expect((await look(page)).count).toBeLessThan(40)
  await expectAccessible(page)
})

test('earlier messages come as one scrolls up, without a jump, and one reads on where one was', async () => {
  await seed('up', 1000)
  const page = await pages.open('/chats/up')
  await atEnd(page)
  await scrollUpTo(page, 700)
  await expect.poll(() => isStill(page), PATIENCE).toBe(true)
  const { numbers, count } = await look(page)
  expect(count).toBeLessThan(40)
  // In sight is one piece of the chat, in its order.
  expect(numbers).toEqual(numbers.map((_, index) => numbers[0]! + index))
  await page.reload()
  await expect.poll(async () => (await look(page)).numbers, PATIENCE).toEqual(numbers)
  await page.getByRole('button', { name: 'To the newest' }).click()
  await atEnd(page)
  expect((await look(page)).numbers.at(-1)).toBe(1000)
})

test('earlier messages that arrive above do not move what one reads', async () => {
  await seed('still', 400)
  const page = await pages.open('/chats/still')
  // Not before texts are set as Markdown, which takes another place.
  await thread(page).locator('table').first().waitFor()
  await atEnd(page)
  const gate = createBarrier()
  await page.route(/before=/, async (route) => {
    await gate.wait()
    await route.continue()
  })
  await thread(page).hover()
  await page.mouse.wheel(0, -50_000)
  await gate.reached
  await expect.poll(() => isStill(page), PATIENCE).toBe(true)
  const before = await look(page)
  const place = await placeOf(page, 341)
  const arrived = page.waitForResponse(/before=/)
  gate.release()
  await arrived
  await expect.poll(async () => (await look(page)).height, PATIENCE).toBeGreaterThan(before.height)
  expect(Math.abs((await placeOf(page, 341)) - place)).toBeLessThan(3)
  expect((await look(page)).numbers).toEqual(expect.arrayContaining(before.numbers))
})

test('an answer that grows is followed at the end, and not by who has scrolled up', async () => {
  gates = [createBarrier(), createBarrier(), createBarrier()]
  const page = await pages.open('/chats/growing')
  await ask(page, 'Write')
  await gates[0]!.reached
  gates[0]!.release()
  // Not before the text is set as Markdown.
  await answers(page).locator('p', { hasText: 'piece 0' }).waitFor()
  await atEnd(page)
  await thread(page).hover()
  await page.mouse.wheel(0, -400)
  await page.getByRole('button', { name: 'To the newest' }).waitFor()
  await expect.poll(() => isStill(page), PATIENCE).toBe(true)
  const { top } = await look(page)
  gates[1]!.release()
  const newText = page.getByRole('button', { name: 'New text below' })
  await newText.waitFor()
  expect((await look(page)).top).toBe(top)
  await newText.click()
  await answers(page).getByText('piece 1').waitFor()
  await atEnd(page)
  gates[2]!.release()
  await answers(page).getByText('piece 2').waitFor()
  await atEnd(page)
  await expect.poll(() => newText.count(), PATIENCE).toBe(0)
})

test('a message is found by its words wherever it is, by keyboard alone, and has the focus then', async () => {
  await seed('find', 600)
  const page = await pages.open('/chats/find')
  await atEnd(page)
  await page.keyboard.press('Control+F')
  await page.getByLabel('Find in this chat').fill('Message 2.')
  await page.getByText('1 of 1', { exact: true }).waitFor()
  await page.locator('[data-found]').getByText('Message 2.').waitFor()
  await expect.poll(async () => (await look(page)).numbers, PATIENCE).toContain(2)
  const marks = () => page.evaluate(() => CSS.highlights.get('found')?.size)
  await expect.poll(marks, PATIENCE).toBe(1)
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  await expect.poll(() => focusedText(page), PATIENCE).toContain('Message 2.')
  await page.keyboard.press('j')
  await expect.poll(() => focusedText(page), PATIENCE).toContain('Message 3.')
  await page.keyboard.press('Control+F')
  await page.getByLabel('Find in this chat').fill('no such words')
  await page.getByText('Not found').waitFor()
})

test('the focus stays on a message that scrolls out of sight', async () => {
  await seed('focus', 300)
  const page = await pages.open('/chats/focus')
  await atEnd(page)
  await page.keyboard.press('k')
  await expect.poll(() => focusedText(page), PATIENCE).toContain('Message 29')
  const [message] = /Message \d+\./.exec(await focusedText(page))!
  await scrollUpTo(page, 100)
  await expect.poll(() => focusedText(page), PATIENCE).toContain(message)
  expect((await look(page)).count).toBeLessThan(40)
})

test('while an answer is written, nothing of the messages before it is touched', async () => {
  await seed('untouched', 40)
  gates = [createBarrier()]
  const page = await pages.open('/chats/untouched')
  await atEnd(page)
  await ask(page, 'Write')
  await gates[0]!.reached
  await answers(page).last().getByText('one more line').first().waitFor()
  await thread(page).evaluate((box) => {
    const last = [...box.querySelectorAll('article')].at(-1)!
    const touched: string[] = []
    new MutationObserver((changes) =>
      touched.push(
        ...changes.flatMap(({ target }) => {
          const article = (target as Element).closest?.('article')
          return article && article !== last ? [article.innerText.slice(0, 40)] : []
        }),
      ),
    ).observe(box, { subtree: true, childList: true, characterData: true })
    Object.assign(globalThis, { touched })
  })
  gates[0]!.release()
  await answers(page).last().getByText('piece 0').waitFor()
  expect(await page.evaluate('touched')).toEqual([])
})

test('what stands in a message can be clicked while the thread scrolls', async () => {
  await seed('clicked', 100)
  const page = await pages.open('/chats/clicked')
  await atEnd(page)
  const hit = await thread(page).evaluate(async (box) => {
    box.scrollTo({ top: box.scrollHeight - box.clientHeight - 100 })
    await new Promise((done) => box.addEventListener('scroll', done, { once: true }))
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
    const { left, top, width, height } = box.getBoundingClientRect()
    const target = document.elementFromPoint(left + width / 2, top + height / 2)
    return target?.closest('article') ? 'a message' : target?.outerHTML.slice(0, 200)
  })
  expect(hit).toBe('a message')
})
