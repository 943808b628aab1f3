/** A browser for a whole test file, and a profile of its own for each test. A complaint of a tab fails the test. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { complaintsOf, launchBrowser, STILL, type Complaints } from '../support/browser.ts'

export type Tab = { readonly page: Page; readonly complaints: Complaints }

/** Registers the hooks of a test file; what its tabs talk to is registered before, so that it is there longer. */
export const browserTabs = () => {
  let browser: Browser
  let context: BrowserContext
  let watched: Complaints[]

  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser?.close())
  beforeEach(async () => {
    watched = []
    context = await browser.newContext(STILL)
    // Before the test itself is given up: the error then says what was waited for.
    context.setDefaultTimeout(20_000)
  })
  afterEach(async () => {
    await context.close()
    expect(watched.flatMap(({ list }) => list)).toEqual([])
  })

  return {
    get context() {
      return context
    },
    /** An empty one; all tabs of a test belong to one profile. */
    open: async (): Promise<Tab> => {
      const page = await context.newPage()
      const complaints = await complaintsOf(page)
      watched.push(complaints)
      return { page, complaints }
    },
  }
}
