/** A browser, a server and what one does on its page, for a whole test file. A complaint of the browser fails the test. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { complaintsOf, launchBrowser, type Complaints } from '../support/browser.ts'
import { serve, type Served, type ServedMessage, type ServeOptions } from './served.ts'

export type Pages = {
  readonly server: Served
  /** Opens the page in a tab of its own; all tabs of a test belong to one browser profile. */
  open(path?: string, server?: Served): Promise<{ page: Page; complaints: Complaints }>
}

/** Registers the hooks of a test file. */
export const usePages = (options: () => Promise<ServeOptions>): Pages => {
  let browser: Browser
  let server: Served
  let context: BrowserContext
  let watched: Complaints[]

  beforeAll(async () => {
    browser = await launchBrowser()
    server = await serve(await options())
  })
  afterAll(async () => {
    await browser?.close()
    await server?.[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    watched = []
    context = await browser.newContext()
    // Before the test itself is given up: the error then says what was waited for.
    context.setDefaultTimeout(20_000)
  })
  afterEach(async () => {
    await context.close()
    expect(watched.flatMap(({ list }) => list)).toEqual([])
  })

  return {
    get server() {
      return server
    },
    open: async (path = '/', from = server) => {
      const page = await context.newPage()
      const complaints = await complaintsOf(page)
      watched.push(complaints)
      await page.goto(new URL(path, from.url).href)
      await page.getByLabel('Your message').waitFor()
      return { page, complaints }
    },
  }
}

export const chatOf = (page: Page): string => new URL(page.url()).searchParams.get('chat') ?? ''

/** Sends a question by keyboard. */
export const ask = async (page: Page, text: string): Promise<void> => {
  await page.getByLabel('Your message').fill(text)
  await page.getByLabel('Your message').press('Enter')
}

/** Waits until the last answer shows this word; numbers count as words. */
export const seen = (page: Page, word: string | number): Promise<void> =>
  page
    .locator('.assistant .text', { hasText: new RegExp(`\\b${word}\\b`) })
    .last()
    .waitFor()

/** Waits until one may ask again. */
export const ended = (page: Page): Promise<void> =>
  page.getByRole('button', { name: 'Send' }).waitFor()

/** The texts of the last answer. */
export const shownText = (page: Page): Promise<string[]> =>
  page.locator('.assistant').last().locator('> .text').allTextContents()

export const storedText = ({ parts }: ServedMessage): unknown[] =>
  parts.filter(({ type, text }) => type === 'text' && text !== '').map(({ text }) => text)
