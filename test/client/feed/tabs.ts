/** Tabs of a real browser on one feed, in front of a real server. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BrowserContext, CDPSession, Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll } from 'vitest'
import type { RunFrame } from '../../../src/client/feed/feed.ts'
import { launchPersonalBrowser, type PersonalBrowser } from '../../support/browser.ts'
import { feeding, followsOf, speaking, textOf, until, type Feeding } from './feeding.ts'
import type { TabPage } from './tab-page/main.ts'

declare const tab: TabPage

export const WORDS = ['One ', 'two ', 'three ', 'fünf ', '🙂 ', 'end']

export type Tab = {
  readonly page: Page
  readonly cdp: CDPSession
  /** Begins a run in a chat and reads it on the feed. @returns its id */
  send(chatId: string): Promise<string>
  read(runId: string): Promise<void>
  textOf(runId: string): Promise<string>
  state(): Promise<string>
  /** What was read, when that was everything. */
  whole(runId: string): Promise<string>
}

export type Browsing = AsyncDisposable & {
  readonly setting: Feeding
  readonly context: BrowserContext
  readonly gate: ReturnType<typeof speaking>['gate']
  /** @param prepare - before anything is loaded */
  open(search?: string, prepare?: (page: Page) => Promise<void>): Promise<Tab>
  /** Long-lived connections that are open now. */
  follows(): number
}

/** Registers the hooks of a test file. @returns opens a server of its own, and thereby an origin whose tabs share with no others */
export const useTabs = (): (() => Promise<Browsing>) => {
  let browser: PersonalBrowser
  let folder: string
  beforeAll(async () => {
    browser = await launchPersonalBrowser()
    folder = await mkdtemp(join(tmpdir(), 'outlast-tabs-'))
    await build({
      root: fileURLToPath(new URL('tab-page', import.meta.url)),
      logLevel: 'warn',
      configFile: false,
      build: { outDir: folder, emptyOutDir: true, target: 'es2022', modulePreload: false },
    })
  })
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })
  return async () => {
    const { gate, agent } = speaking(WORDS, 3)
    const setting = await feeding(agent, { page: folder })
    const { context } = browser
    context.setDefaultTimeout(20_000)
    const pages: Page[] = []
    return {
      setting,
      context,
      gate,
      open: async (search = '', prepare) => {
        const page = await context.newPage()
        pages.push(page)
        await prepare?.(page)
        await page.goto(`${setting.network.url}/${search}`)
        return tabOf(page)
      },
      follows: () => followsOf(setting.network).filter(({ isOpen }) => isOpen).length,
      [Symbol.asyncDispose]: async () => {
        for (const page of pages) await page.close()
        await setting[Symbol.asyncDispose]()
      },
    }
  }
}

const tabOf = async (page: Page): Promise<Tab> => {
  const framesOf = async (runId: string): Promise<RunFrame[]> =>
    (await page.evaluate((id) => tab.framesOf(id), runId)) as RunFrame[]
  return {
    page,
    cdp: await page.context().newCDPSession(page),
    send: (chatId) => page.evaluate((id) => tab.send(id), chatId),
    read: (runId) => page.evaluate((id) => tab.read(id), runId),
    textOf: async (runId) => textOf(await framesOf(runId)),
    state: () => page.evaluate(() => tab.state()),
    whole: async (runId) => {
      await until(async () => (await page.evaluate((id) => tab.endOf(id), runId)) === 'whole')
      return textOf(await framesOf(runId))
    },
  }
}

export { until }
