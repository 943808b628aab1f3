/** The application of `app/` behind a network that does what a test says, and tabs of real browsers on it. */
import type { UIMessage } from 'ai'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { createOutlastClient, type ChatSummary } from '../../../src/client/index.ts'
import { complaintsOf, launchWholeBrowser, type Complaints } from '../../support/browser.ts'
import { startFakeProvider, type FakeProvider } from '../../support/fake-provider.ts'
import { faultyProxy, type FaultyProxy } from '../../support/faulty-proxy.ts'
import { startServerProcess, type ServerProcess } from '../../support/server-process.ts'
import { buildPage, type BuiltPage } from './app/build.ts'

/** What a message showed at some moment. */
export type Shown = { readonly id: string; readonly role: string; readonly text: string }

export type Tab = {
  readonly page: Page
  readonly complaints: Complaints
  readonly chatId: string
  ask(text: string): Promise<void>
  press(button: string | RegExp): Promise<void>
  /** What it shows now. */
  texts(): Promise<string[]>
  /** Waits until it shows these texts and no others. */
  shows(...texts: string[]): Promise<void>
  /** Waits for this `status connection`. */
  isNow(state: string): Promise<void>
  runIs(status: string): Promise<void>
  /** Each `status connection` that was shown in this document, in their order. */
  states(): Promise<string[]>
}

export type Application = {
  readonly server: ServerProcess
  readonly network: FaultyProxy
  readonly provider: FakeProvider
  /** Another browser profile, as on another device. */
  device(): Promise<BrowserContext>
  /** A tab; of the first device unless another one is given. */
  open(options?: OpenOptions): Promise<Tab>
  stored(chatId: string): Promise<UIMessage[]>
  /** As the server lists them. */
  chats(): Promise<ChatSummary[]>
  /** Waits until the latest run of a chat has succeeded. */
  settled(chatId: string): Promise<void>
}

type OpenOptions = {
  readonly chatId?: string
  readonly isRendered?: boolean
  readonly device?: BrowserContext
  /** Before it goes anywhere. */
  readonly prepare?: (page: Page) => Promise<unknown>
}

const APP = fileURLToPath(new URL('app/server.ts', import.meta.url))

/** Registers the hooks of a test file. */
export const useApplication = (): Application => {
  let built: BuiltPage
  let browser: Browser
  let provider: FakeProvider
  let server: ServerProcess
  let network: FaultyProxy
  let first: BrowserContext
  let devices: BrowserContext[]
  let tabs: Tab[]
  let chats = 0

  beforeAll(async () => {
    built = await buildPage()
    browser = await launchWholeBrowser()
    provider = await startFakeProvider()
    const env = { PAGE_DIR: built.folder, MODEL_URL: provider.url }
    server = await startServerProcess({ program: APP, env })
  })
  afterAll(async () => {
    await browser?.close()
    await server?.[Symbol.asyncDispose]()
    await provider?.[Symbol.asyncDispose]()
    await built?.[Symbol.asyncDispose]()
  })
  const client = () => createOutlastClient<UIMessage>({ url: `${server.url}/ai-chat` })
  const device = async () => {
    const context = await browser.newContext()
    // Before the test itself is given up: the error then says what was waited for.
    context.setDefaultTimeout(20_000)
    devices.push(context)
    return context
  }
  beforeEach(async () => {
    network = await faultyProxy(server.url)
    tabs = []
    devices = []
    chats += 1
    first = await device()
  })
  afterEach(async () => {
    for (const context of devices) await context.close()
    await network[Symbol.asyncDispose]()
    expect(tabs.flatMap(({ complaints }) => complaints.list)).toEqual([])
  })

  return {
    get server() {
      return server
    },
    get network() {
      return network
    },
    get provider() {
      return provider
    },
    device,
    open: async ({
      chatId = `chat-${chats}`,
      isRendered = false,
      device: on = first,
      prepare = async () => {},
    } = {}) => {
      const page = await on.newPage()
      const complaints = await complaintsOf(page)
      const tab = tabOf(page, { complaints, chatId })
      tabs.push(tab)
      await prepare(page)
      const query = `?chat=${chatId}${isRendered ? '&rendered' : ''}`
      await page.goto(`${network.url}/${query}`, { waitUntil: 'commit' })
      await page.getByLabel('Your message').waitFor()
      return tab
    },
    stored: async (chatId) => {
      return (await client().chats.messages(chatId)).messages
    },
    chats: async () => (await client().chats.list()).chats,
    settled: (chatId) => {
      const status = async () => (await client().runs.latest(chatId)).run?.status
      return expect.poll(status, { timeout: 20_000 }).toBe('succeeded')
    },
  }
}

const tabOf = (page: Page, rest: Pick<Tab, 'complaints' | 'chatId'>): Tab => {
  const texts = () => page.locator('[data-text]').allTextContents()
  return {
    ...rest,
    page,
    ask: async (text) => {
      await page.getByLabel('Your message').fill(text)
      await page.getByLabel('Your message').press('Enter')
    },
    press: (name) => page.getByRole('button', { name }).click(),
    texts,
    shows: (...expected) => expect.poll(texts, { timeout: 20_000 }).toEqual(expected),
    isNow: (state) =>
      expect.poll(() => page.locator('#state').textContent(), { timeout: 20_000 }).toBe(state),
    runIs: (status) =>
      expect.poll(() => page.locator('#run').textContent(), { timeout: 20_000 }).toBe(status),
    states: () => page.evaluate<string[]>('states'),
  }
}

/** What the page shows is what the database has, and at no moment was there anything else than the beginning of it. */
export const expectSeamless = async (tab: Tab, { stored }: Application): Promise<void> => {
  const messages = await stored(tab.chatId)
  const final = new Map(messages.map(({ id, parts }) => [id, textOf(parts)]))
  await expect.poll(() => tab.texts(), { timeout: 20_000 }).toEqual([...final.values()])
  const views = await tab.page.evaluate<Shown[][]>('views')
  for (const view of views) {
    const ids = view.map(({ id }) => id)
    expect(new Set(ids).size, `in ${JSON.stringify(view)}`).toBe(ids.length)
    for (const { id, text } of view) {
      const whole = final.get(id)
      expect(whole, `of ${id} in ${JSON.stringify(view)}`).toBeDefined()
      expect(whole!.startsWith(text), `${JSON.stringify(text)} begins ${whole}`).toBe(true)
    }
  }
}

const textOf = (parts: UIMessage['parts']): string =>
  parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
