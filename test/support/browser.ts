/** A real browser for tests; without one the tests fail with a line that says how to get it. */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'

/** Chromium without its windows: it draws pages as the whole one does, at half the cost, and has no tabs in the background. */
const SHELLS = ['/usr/bin/chromium-headless-shell']

const WHOLE = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Playwright takes the back-forward cache away, which the browsers of people have. */
const WITHOUT = ['--disable-back-forward-cache']

/** For tests of pages. */
export const launchBrowser = (): Promise<Browser> => launch([...SHELLS, ...WHOLE])

/** For tests of what a browser does to its pages. */
export const launchWholeBrowser = (): Promise<Browser> => launch(WHOLE)

const launch = (places: readonly string[]): Promise<Browser> =>
  chromium.launch({
    executablePath: findChromium(places),
    args: ARGS,
    ignoreDefaultArgs: WITHOUT,
  })

/** For contexts: a colour in the middle of a transition is none that anybody has chosen, and what moves is hard to press. */
export const STILL = { reducedMotion: 'reduce' } as const

/**
 * One whose tabs are as those of a person: hidden behind the one in front, slowed down, frozen, and kept in the back-forward
 * cache. They belong to one profile, which is new.
 */
export const launchPersonalBrowser = async (): Promise<PersonalBrowser> => {
  const profile = await mkdtemp(join(tmpdir(), 'outlast-profile-'))
  const child = spawn(
    findChromium(WHOLE),
    [...ARGS, '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const exit = once(child, 'exit')
  const close = async () => {
    child.kill('SIGKILL')
    await exit
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    const browser = await chromium.connectOverCDP(await debuggerOf(child), { noDefaults: true })
    return { context: browser.contexts()[0]!, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

export type PersonalBrowser = AsyncDisposable & { readonly context: BrowserContext }

const debuggerOf = async ({ stderr }: ChildProcessByStdio<null, null, Readable>) => {
  let said = ''
  for await (const line of createInterface({ input: stderr })) {
    const address = /^DevTools listening on (ws:\S+)/.exec(line)?.[1]
    said += `${line}\n`
    if (!address) continue
    stderr.resume()
    return address
  }
  throw new Error(`The browser did not start. It said: ${said}`)
}

const findChromium = (places: readonly string[]): string => {
  const given = process.env['CHROMIUM_PATH']
  const found = (given ? [given] : places).find(existsSync)
  if (found !== undefined) return found
  throw new Error(
    given
      ? `CHROMIUM_PATH names ${given}, and there is no such file.`
      : 'The browser tests need Chromium: "apt-get install chromium", or set CHROMIUM_PATH to a Chromium or Chrome.',
  )
}

export type Complaints = {
  /** What the browser complained about so far, except what was expected. */
  readonly list: readonly string[]
  /** From now on complaints like this one are part of the test. */
  expect(complaint: RegExp): void
}

/** A page says that an answer was read as soon as it is: its chat may be gone by then. */
export const LATE_MARK = /status of 404 .*\/seen\)/

/** Collects errors and warnings of the console, uncaught errors and violations of the content security policy. */
export const complaintsOf = async (page: Page): Promise<Complaints> => {
  const list: string[] = []
  const expected: RegExp[] = []
  const add = (complaint: string) => {
    if (!expected.some((pattern) => pattern.test(complaint))) list.push(complaint)
  }
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return
    const { url } = message.location()
    // What could not be loaded is not named in the complaint itself.
    add(url ? `${message.text()} (${url})` : message.text())
  })
  page.on('pageerror', (error) => add(`uncaught ${error.stack ?? error.message}`))
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      // oxlint-disable-next-line no-console -- this runs in the page, and the console is how it is heard
      console.error(`violates ${violatedDirective}: ${blockedURI}`),
    )
  })
  return { list, expect: (complaint) => void expected.push(complaint) }
}
