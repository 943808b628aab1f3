/** What tells of a run while nobody looks: notifications, which are asked for by a click, and the title of the tab. */
import { tool } from 'ai'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../../src/agent/define-agent.ts'
import type { RunRecord } from '../../../src/domain/run.ts'
import { createOutlastHandler, toNodeHandler } from '../../../src/handler.ts'
import { createBarrier } from '../../support/barrier.ts'
import {
  complaintsOf,
  launchPersonalBrowser,
  type Complaints,
  type PersonalBrowser,
} from '../../support/browser.ts'
import { testOutlast, withRealClock, type TestOutlast } from '../../support/engine.ts'
import {
  finishPart,
  scriptedModel,
  textParts,
  toolCallParts,
} from '../../support/scripted-model.ts'
import { keepPicture } from './following.ts'

const PATIENCE = { timeout: 20_000 }

let outlast: TestOutlast
let server: Server
let url: string
let browser: PersonalBrowser
let watched: Complaints[]
let gate = createBarrier()

/** Answers when the gate is open; asks before it pays. */
const agent = defineAgent({
  name: 'a',
  tools: {
    pay: tool({ inputSchema: z.object({}), needsApproval: true, execute: () => 'paid' }),
  },
  model: scriptedModel(async function* (call, { prompt }) {
    await gate.wait()
    const isToPay = JSON.stringify(prompt.at(-1)).includes('Pay')
    yield* isToPay ? toolCallParts({ id: `k${call}`, name: 'pay', input: {} }) : textParts('Done')
    yield finishPart(isToPay ? 'tool-calls' : 'stop')
  }),
})

beforeAll(async () => {
  outlast = await testOutlast([agent], {}, withRealClock)
  const handler = createOutlastHandler(outlast, {
    authenticate: () => outlast.principal,
    page: true,
  })
  server = createServer(toNodeHandler(handler)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://localhost:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server?.closeAllConnections()
  server?.close()
  await outlast?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  gate = createBarrier()
  watched = []
  browser = await launchPersonalBrowser()
  await browser.context.grantPermissions(['notifications'], { origin: url })
})
afterEach(async () => {
  gate.release()
  await browser[Symbol.asyncDispose]()
  const { chats, principal } = outlast
  const listed = await chats.list(principal, {}, { limit: 100 })
  for (const { id } of listed.chats) await chats.remove(principal, id)
  expect(watched.flatMap(({ list }) => list)).toEqual([])
})

type Notice = { readonly title: string; readonly body: string }

/** Notifications are real; the page also keeps a list of them. */
const recordNotices = (page: Page) =>
  page.addInitScript(() => {
    const notices: Notification[] = []
    const asked = { times: 0 }
    const Original = window.Notification
    class Recorded extends Original {
      constructor(title: string, options?: NotificationOptions) {
        super(title, options)
        notices.push(this)
      }
      static override requestPermission() {
        asked.times += 1
        return Original.requestPermission()
      }
    }
    Object.assign(window, { Notification: Recorded, notices, asked })
  })

const noticesOf = (page: Page): Promise<Notice[]> =>
  page.evaluate<Notice[]>('notices.map(({ title, body }) => ({ title, body }))')

const open = async (path = '/'): Promise<Page> => {
  const page = await browser.context.newPage()
  page.setDefaultTimeout(PATIENCE.timeout)
  watched.push(await complaintsOf(page))
  await recordNotices(page)
  await page.goto(url + path)
  await page.getByRole('navigation').waitFor()
  return page
}

/** Somebody looks at another page of the browser. */
const lookElsewhere = async (...pages: Page[]): Promise<Page> => {
  const front = await browser.context.newPage()
  await front.bringToFront()
  for (const page of pages)
    await expect.poll(() => page.evaluate('document.visibilityState'), PATIENCE).toBe('hidden')
  return front
}

const bell = (page: Page) => page.getByRole('button', { name: 'Notifications', exact: true })

const switchOn = async (page: Page) => {
  await bell(page).click()
  await expect.poll(() => bell(page).getAttribute('aria-pressed'), PATIENCE).toBe('true')
}

/** Waits until a tab has decided whether to tell of the end of a run. */
const decided = (page: Page, { id }: RunRecord) =>
  page.evaluate((name) => navigator.locks.request(name, () => {}), `outlast told ${id} succeeded`)

const all = async (pages: readonly Page[]): Promise<Notice[]> =>
  (await Promise.all(pages.map(noticesOf))).flat()

/** A run of a chat that the page knows to be active. */
const begin = async (page: Page, question: string, chatId: string): Promise<RunRecord> => {
  const run = await outlast.ask(question, chatId)
  await page.getByRole('img', { name: 'Is being answered' }).first().waitFor({ state: 'attached' })
  return run
}

test('an end that nobody sees is told once for all tabs, and a click on it opens the chat', async () => {
  const one = await open()
  const other = await open()
  await one.bringToFront()
  await switchOn(one)
  await expect.poll(() => bell(other).getAttribute('aria-pressed'), PATIENCE).toBe('true')
  await keepPicture(one, 'notifications on')
  const run = await begin(one, 'Write it', 'told')
  await lookElsewhere(one, other)
  gate.release()
  await outlast.settled(run)
  for (const page of [one, other])
    await expect.poll(() => page.title(), PATIENCE).toMatch(/^\(1\) /)
  await expect
    .poll(() => all([one, other]), PATIENCE)
    .toEqual([{ title: 'Write it', body: 'Answered, not read yet' }])
  const [teller] = (await noticesOf(one)).length > 0 ? [one] : [other]
  await teller!.evaluate('notices[0].dispatchEvent(new Event("click"))')
  await expect.poll(() => new URL(teller!.url()).pathname, PATIENCE).toBe('/chats/told')
  await teller!.bringToFront()
  await expect.poll(() => one.title(), PATIENCE).not.toMatch(/^\(/)
})

test('a run that needs a person is told, and the title of its tab says that it waits', async () => {
  const page = await open('/chats/payment')
  await switchOn(page)
  await begin(page, 'Pay it', 'payment')
  const front = await lookElsewhere(page)
  gate.release()
  await expect
    .poll(() => noticesOf(page), PATIENCE)
    .toEqual([{ title: 'Pay it', body: 'Waits for you' }])
  await expect.poll(() => page.title(), PATIENCE).toBe('(1) ✋ Pay it – Outlast')
  await expect
    .poll(() => page.locator('link[rel="icon"]').getAttribute('href'))
    .toContain('icon-badge')
  await front.close()
  await page.bringToFront()
  await expect.poll(() => page.title(), PATIENCE).toBe('✋ Pay it – Outlast')
})

test('nothing is asked of the browser and nothing told until somebody wants it, nor while one tab is looked at', async () => {
  const page = await open()
  const quiet = await begin(page, 'Write quietly', 'quiet')
  const front = await lookElsewhere(page)
  gate.release()
  await outlast.settled(quiet)
  await expect.poll(() => page.title(), PATIENCE).toMatch(/^\(/)
  expect(await noticesOf(page)).toEqual([])
  expect(await page.evaluate('asked.times')).toBe(0)
  await front.close()
  await page.bringToFront()
  await switchOn(page)
  expect(await page.evaluate('asked.times')).toBe(1)
  gate = createBarrier()
  const seen = await begin(page, 'Write openly', 'seen')
  const visible = await open()
  await visible.bringToFront()
  await expect.poll(() => page.evaluate('document.visibilityState'), PATIENCE).toBe('hidden')
  gate.release()
  await outlast.settled(seen)
  for (const one of [page, visible])
    await expect.poll(() => one.title(), PATIENCE).toMatch(/^\(2\) /)
  for (const one of [page, visible]) await decided(one, seen)
  expect(await all([page, visible])).toEqual([])
})
