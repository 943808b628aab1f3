/** The page on an Outlast in this process, with agents that a test has scripted. A complaint of the browser fails the test. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import type { AgentDefinition } from '../../../src/agent/define-agent.ts'
import { createOutlastHandler, toNodeHandler } from '../../../src/handler.ts'
import type { OutlastOptions } from '../../../src/outlast.ts'
import { testOutlast, withRealClock, type TestOutlast } from '../../support/engine.ts'
import { browserTabs } from '../tabs.ts'

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
  })
  afterAll(async () => {
    server?.closeAllConnections()
    server?.close()
    await outlast?.[Symbol.asyncDispose]()
  })
  const tabs = browserTabs()

  return {
    get outlast() {
      return outlast
    },
    /** @param complaint - one that is expected of the browser */
    open: async (path = '/', complaint?: RegExp): Promise<Page> => {
      const { page, complaints } = await tabs.open()
      if (complaint) complaints.expect(complaint)
      await page.goto(url + path)
      await page.getByRole('main').waitFor()
      return page
    },
  }
}
