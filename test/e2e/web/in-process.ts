/** The page on an Outlast in this process, with agents that a test has scripted. A complaint of the browser fails the test. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import type { AgentDefinition } from '../../../src/agent/define-agent.ts'
import { createOutlastHandler, toNodeHandler } from '../../../src/handler.ts'
import type { OutlastOptions } from '../../../src/outlast.ts'
import { complaintsOf, launchBrowser, STILL, type Complaints } from '../../support/browser.ts'
import { testOutlast, withRealClock, type TestOutlast } from '../../support/engine.ts'

type Options = Partial<OutlastOptions> & {
  /** Requests of one user in a minute; no limit unless set. */
  readonly requestsPerMinute?: number
}

/** Registers the hooks of a test file. */
export const useInProcess = (
  agents: readonly AgentDefinition[],
  { requestsPerMinute = 0, ...options }: Options = {},
) => {
  let outlast: TestOutlast
  let server: Server
  let url: string
  let browser: Browser
  let context: BrowserContext
  let watched: Complaints[]

  beforeAll(async () => {
    outlast = await testOutlast(agents, options, withRealClock)
    const { userId, workspaceId } = outlast.principal
    const handler = createOutlastHandler(outlast, {
      authenticate: () => ({ userId, workspaceId }),
      limits: { requestsPerMinute, failuresPerMinute: 0 },
      page: true,
    })
    server = createServer(toNodeHandler(handler)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://localhost:${(server.address() as AddressInfo).port}`
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    server?.closeAllConnections()
    server?.close()
    await outlast?.[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    watched = []
    context = await browser.newContext(STILL)
    context.setDefaultTimeout(20_000)
  })
  afterEach(async () => {
    await context.close()
    expect(watched.flatMap(({ list }) => list)).toEqual([])
  })

  return {
    get outlast() {
      return outlast
    },
    /** @param complaint - one that is expected of the browser */
    open: async (path = '/', complaint?: RegExp): Promise<Page> => {
      const page = await context.newPage()
      const complaints = await complaintsOf(page)
      if (complaint) complaints.expect(complaint)
      watched.push(complaints)
      await page.goto(url + path)
      await page.getByRole('main').waitFor()
      return page
    },
  }
}
