/** A browser, a server and what one does on its page, for a whole test file. A complaint of the browser fails the test. */
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { serve, type Served, type ServedMessage, type ServeOptions } from './served.ts'
import { browserTabs, type Tab } from './tabs.ts'

export type Pages = {
  readonly server: Served
  /** Opens the page in a tab of its own; all tabs of a test belong to one browser profile. */
  open(path?: string, server?: Served): Promise<Tab>
}

/** Registers the hooks of a test file. */
export const usePages = (options: () => Promise<ServeOptions>): Pages => {
  let server: Served

  beforeAll(async () => {
    server = await serve(await options())
  })
  afterAll(() => server?.[Symbol.asyncDispose]())
  const tabs = browserTabs()

  return {
    get server() {
      return server
    },
    open: async (path = '/', from = server) => {
      const tab = await tabs.open()
      await tab.page.goto(new URL(path, from.url).href)
      await tab.page.getByRole('main').waitFor()
      return tab
    },
  }
}

/** The chat that the address names. */
export const chatOf = (page: Page): string =>
  decodeURIComponent(/^\/chats\/([^/]+)/.exec(new URL(page.url()).pathname)?.[1] ?? '')

/** Sends a question by keyboard. */
export const ask = async (page: Page, text: string): Promise<void> => {
  await page.getByLabel('Your message').fill(text)
  await page.getByLabel('Your message').press('Enter')
}

/** Waits until the last answer shows this word; numbers count as words. */
export const seen = (page: Page, word: string | number): Promise<void> =>
  answers(page)
    .locator('[data-part="text"]', { hasText: new RegExp(`\\b${word}\\b`) })
    .last()
    .waitFor()

/** Waits until one may ask again. */
export const ended = (page: Page): Promise<void> =>
  page.getByRole('button', { name: 'Send' }).waitFor()

export const answers = (page: Page): Locator => page.locator('article[data-role="assistant"]')

export const questions = (page: Page): Locator => page.locator('article[data-role="user"]')

/** The words of each text of the last answer: how they are set is left out. */
export const shownText = async (page: Page): Promise<string[]> => {
  const texts = answers(page).last().locator('[data-part="text"]')
  return (await texts.evaluateAll(readTexts)).map(wordsOf)
}

/** Runs in the page. What stands beside a text, such as the head of a code block, is not of it. */
const readTexts = (parts: readonly Element[]): string[] =>
  parts.map((part) => {
    const nodes = document.createTreeWalker(part, NodeFilter.SHOW_TEXT)
    let text = ''
    while (nodes.nextNode())
      if (!nodes.currentNode.parentElement?.closest('[data-chrome]'))
        text += `${nodes.currentNode.nodeValue} `
    return text
  })

export const storedText = ({ parts }: ServedMessage): string[] =>
  parts
    .filter(({ type, text }) => type === 'text' && text !== '')
    .map(({ text }) => wordsOf(String(text)))

export const wordsOf = (text: string): string => text.match(/[\p{L}\p{N}]+/gu)?.join(' ') ?? ''
