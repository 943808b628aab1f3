/**
 * The built application in a real browser, real servers behind a network that does what a test says, and a model that stops at
 * our command. A complaint of the browser that is no part of the test fails it, and each test leaves a picture.
 */
import type { UIMessage } from 'ai'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { createOutlastClient } from '../../../src/client/index.ts'
import type { Barrier } from '../../support/barrier.ts'
import { complaintsOf, launchBrowser, STILL, type Complaints } from '../../support/browser.ts'
import {
  barrier,
  createBarrier,
  finish,
  startFakeProvider,
  text,
} from '../../support/fake-provider.ts'
import type { FakeProvider } from '../../support/fake-provider.ts'
import { faultyProxy, type FaultyProxy } from '../../support/faulty-proxy.ts'
import { startServerProcess, type ServerProcess } from '../../support/server-process.ts'
import { notesOf, recordMoments } from './moments.ts'

const PICTURES = fileURLToPath(new URL('../../../test-results/following', import.meta.url))
const PATIENCE = { timeout: 20_000 }

export type Tab = { readonly page: Page; readonly complaints: Complaints }

export type Following = {
  /** The first one is what the browser talks to, unless a test says otherwise. */
  readonly servers: readonly ServerProcess[]
  readonly network: FaultyProxy
  readonly provider: FakeProvider
  readonly chatId: string
  /** Opens the chat of the test in another tab of its browser. */
  open(): Promise<Tab>
  /** The texts of its messages by id, as the database has them. */
  stored(): Promise<ReadonlyMap<string, string>>
  /** The next calls of the model stop in the middle of what they say. */
  halves(count: number): Barrier[]
  /** One for a script; opens at the end of the test. */
  gate(): Barrier
}

type Options = {
  /** Of each server. */
  readonly servers: () => Promise<readonly Readonly<Record<string, string>>[]>
}

/** Registers the hooks of a test file. */
export const useFollowing = (options: Options): Following => {
  let browser: Browser
  let provider: FakeProvider
  let servers: ServerProcess[]
  let network: FaultyProxy
  let context: BrowserContext
  let tabs: Tab[]
  const gates: Barrier[] = []
  let chats = 0

  beforeAll(async () => {
    browser = await launchBrowser()
    provider = await startFakeProvider()
    const env = {
      OUTLAST_MODEL: 'openai-compatible/fake',
      OPENAI_COMPATIBLE_BASE_URL: provider.url,
    }
    servers = []
    for (const own of await options.servers())
      servers.push(await startServerProcess({ env: { ...env, ...own } }))
  })
  afterAll(async () => {
    await browser?.close()
    for (const server of servers ?? []) await server[Symbol.asyncDispose]()
    await provider?.[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    network = await faultyProxy(servers[0]!.url)
    context = await browser.newContext(STILL)
    // Before the test itself is given up: the error then says what was waited for.
    context.setDefaultTimeout(PATIENCE.timeout)
    tabs = []
    chats += 1
  })
  afterEach(async ({ task }) => {
    await keepPicture(tabs.at(-1)?.page, task.name)
    // A run of a test that failed would take what the next one scripts.
    for (const made of gates.splice(0)) made.release()
    await context.close()
    await network[Symbol.asyncDispose]()
    expect(tabs.flatMap(({ complaints }) => complaints.list)).toEqual([])
  })
  const chatId = () => `chat-${chats}`
  const gate = () => {
    const made = createBarrier()
    gates.push(made)
    return made
  }
  return {
    get servers() {
      return servers
    },
    get network() {
      return network
    },
    get provider() {
      return provider
    },
    get chatId() {
      return chatId()
    },
    open: async () => {
      const page = await context.newPage()
      const tab = { page, complaints: await complaintsOf(page) }
      tabs.push(tab)
      await recordMoments(page)
      await page.goto(`${network.url}/chats/${chatId()}`)
      await page.getByLabel('Your message').waitFor()
      return tab
    },
    stored: async () => {
      const client = createOutlastClient<UIMessage>({ url: `${network.url}/ai-chat` })
      const { messages } = await client.chats.messages(chatId())
      return new Map(messages.map(({ id, parts }) => [id, textOf(parts)]))
    },
    gate,
    halves: (count) => {
      const made = Array.from({ length: count }, gate)
      provider.script(
        made.map((one) => [text('The first half'), barrier(one), text(' and the rest.'), finish()]),
      )
      return made
    },
  }
}

const textOf = (parts: UIMessage['parts']): string =>
  parts.flatMap((part) => (part.type === 'text' ? part.text : [])).join('\n')

/** Keeps what a page looks like for those who look at results. */
export const keepPicture = async (page: Page | undefined, name: string): Promise<void> => {
  if (!page || page.isClosed()) return
  await mkdir(PICTURES, { recursive: true })
  await page.screenshot({ path: join(PICTURES, `${name.replaceAll(/[^a-z0-9]+/gi, '-')}.png`) })
}

/** Sends a question by keyboard. */
export const ask = async ({ page }: Tab, question: string): Promise<void> => {
  await page.getByLabel('Your message').fill(question)
  await page.getByLabel('Your message').press('Enter')
}

/** Waits until these are the texts of the answer. */
export const answers = ({ page }: Tab, ...texts: string[]): Promise<void> => {
  const shown = page.locator('[data-role="assistant"] [data-part="text"]')
  return expect.poll(() => shown.allTextContents(), PATIENCE).toEqual(texts)
}

/** Waits until one may ask again. */
export const atRest = ({ page }: Tab): Promise<void> =>
  page.getByRole('button', { name: 'Send' }).waitFor()

/** Waits until the page has told this, for however short a time. */
export const tells = ({ page }: Tab, note: string): Promise<void> =>
  expect.poll(async () => (await notesOf(page)).join('\n'), PATIENCE).toContain(note)
