/** A server with users, its page in a real browser, and a page of another origin. A complaint of the browser fails the test. */
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { defineAgent } from '../../../src/agent/define-agent.ts'
import { createOutlastHandler, toNodeHandler } from '../../../src/handler.ts'
import { tokenIdentity } from '../../../src/http/identity/token-identity.ts'
import { testOutlast, withRealClock, type TestOutlast } from '../../support/engine.ts'
import { finishPart, scriptedModel, textParts } from '../../support/scripted-model.ts'
import { browserTabs } from '../tabs.ts'

const NAMES = { ann: 'Ann Lee', bob: 'Bob Roy' }
type User = keyof typeof NAMES

export type Answered = {
  readonly what: string
  readonly site: unknown
  readonly hasCookie: boolean
  readonly status: number
}

export const principalOf = (userId: User) => ({ workspaceId: 'acme', userId })

const listen = async (listener: RequestListener) => {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, url: `http://localhost:${(server.address() as AddressInfo).port}` }
}

const talk = ({ engine }: TestOutlast, userId: User, text: string, chatId: string) =>
  engine.startTurn({
    principal: principalOf(userId),
    chatId,
    message: { parts: [{ type: 'text', text }] },
  })

/** Ann and Bob, each with a chat `chat-of-ann` that begins with `Secret of ann`. */
const outlastWithUsers = async (): Promise<TestOutlast> => {
  const model = scriptedModel(() => [...textParts('Hello'), finishPart()])
  const outlast = await testOutlast([defineAgent({ name: 'a', model })], {}, withRealClock)
  for (const id of ['ann', 'bob'] as const) {
    await outlast.principals.ensure(principalOf(id), { workspace: 'Acme', user: NAMES[id] })
    await talk(outlast, id, `Secret of ${id}`, `chat-of-${id}`)
  }
  return outlast
}

/** Registers the hooks of a test file. */
export const usePeople = () => {
  let outlast: TestOutlast
  let servers: readonly { server: Server; url: string }[] = []
  let addresses: string[] = []
  let answered: Answered[] = []

  const watching =
    (listener: RequestListener): RequestListener =>
    (request, response) => {
      const { method, url, headers } = request
      addresses.push(`${url} ${headers.referer ?? ''}`)
      response.once('finish', () =>
        answered.push({
          what: `${method} ${url}`,
          site: headers['sec-fetch-site'],
          hasCookie: headers.cookie !== undefined,
          status: response.statusCode,
        }),
      )
      listener(request, response)
    }

  beforeAll(async () => {
    outlast = await outlastWithUsers()
    const handler = createOutlastHandler(outlast, {
      authenticate: tokenIdentity(outlast),
      limits: { requestsPerMinute: 0, failuresPerMinute: 0 },
      page: true,
    })
    servers = [
      await listen(watching(toNodeHandler(handler))),
      await listen((_, response) => {
        response.setHeader('content-type', 'text/html')
        response.end('<!doctype html><link rel="icon" href="data:,"><title>Elsewhere</title>')
      }),
    ]
  })
  afterAll(async () => {
    for (const { server } of servers) {
      server.closeAllConnections()
      server.close()
    }
    await outlast?.[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    addresses = []
    answered = []
  })
  const tabs = browserTabs()

  return {
    get outlast() {
      return outlast
    },
    get context() {
      return tabs.context
    },
    get url() {
      return servers[0]!.url
    },
    /** A page of the same machine on another port: of the same site, and of another origin. */
    get elsewhere() {
      return servers[1]!.url
    },
    /** Of all requests, with the address that each says it comes from. */
    addresses: () => addresses.join(),
    answered: (): readonly Answered[] => answered,
    tokenOf: (userId: User) =>
      outlast.tokens.create({ principal: principalOf(userId), name: 'test' }),
    talk: (userId: User, text: string) =>
      talk(outlast, userId, text, `${userId}-${text}`.replaceAll(' ', '-')),
    /** @param complaint - one that is expected of the browser */
    open: async (path = '/', complaint?: RegExp): Promise<Page> => {
      const { page, complaints } = await tabs.open()
      // Browsers say of each answer that it is a refusal; that it is one is what these tests are about.
      complaints.expect(/^Failed to load resource: .* status of 401/)
      if (complaint) complaints.expect(complaint)
      await page.goto(servers[0]!.url + path)
      return page
    },
  }
}

export const field = (page: Page) => page.getByLabel('Token', { exact: true })

export const signIn = async (page: Page, { token }: { readonly token: string }): Promise<void> => {
  await field(page).fill(token)
  await field(page).press('Enter')
}

export const signOut = async (page: Page): Promise<void> => {
  await page.bringToFront()
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
}

export const sees = (page: Page, text: string): Promise<void> =>
  page.getByText(text).first().waitFor()

/** What a browser tells a page that is looked at again. */
export const comeBack = (page: Page): Promise<unknown> =>
  page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })))

/** What the page has in the storage of the browser. */
export const keptBy = async (page: Page): Promise<string[]> => {
  const keys = await page.evaluate(() => [
    ...Object.keys(localStorage),
    ...Object.keys(sessionStorage),
  ])
  return keys.filter((key) => key.startsWith('outlast'))
}
