/** The examples, installed and started as their readers would: what Outlast promises holds in each of them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { complaintsOf, launchBrowser } from '../support/browser.ts'
import {
  barrier,
  createBarrier,
  finish,
  startFakeProvider,
  text,
  type FakeProvider,
} from '../support/fake-provider.ts'
import { createTestDatabase } from '../support/postgres.ts'
import {
  readText,
  signIn,
  startExample,
  storedText,
  userOf,
  type ExampleProcess,
} from './example-process.ts'
import { EXAMPLES, installExamples, isBuilt, runTool } from './installed.ts'

const NEXT = 'node_modules/next/dist/bin/next'

const examples = [
  {
    name: 'hono',
    args: ['hono/server.ts'],
    hasPage: true,
    isRendered: false,
    hasClient: false,
    build: async () => {
      if (!isBuilt('hono', 'dist/index.html')) await runTool('vite/bin/vite.js', ['build', 'hono'])
    },
  },
  {
    name: 'express',
    args: ['express/server.ts'],
    hasPage: false,
    isRendered: false,
    hasClient: true,
    build: async () => {},
  },
  {
    name: 'next',
    args: [NEXT, 'start', 'next'],
    hasPage: true,
    isRendered: true,
    hasClient: false,
    build: async () => {
      if (isBuilt('next', '.next/BUILD_ID')) return
      console.warn('Building the example for Next.js ...')
      await runTool('next/dist/bin/next', ['build', 'next'])
    },
  },
]

beforeAll(installExamples, 300_000)

test('the examples are well typed', { timeout: 120_000 }, async () => {
  expect(await runTool('typescript/bin/tsc', ['--pretty', 'false'])).toBe('')
})

describe.each(examples)('the example for $name', (of) => {
  const { args, hasPage, isRendered, hasClient, build } = of
  let provider: FakeProvider
  let database: Awaited<ReturnType<typeof createTestDatabase>>
  let example: ExampleProcess

  const start = () =>
    startExample(['--disable-warning=ExperimentalWarning', ...args], {
      DATABASE_URL: database.url,
      OPENAI_API_KEY: 'a-key',
      OPENAI_BASE_URL: provider.url,
      SESSION_SECRET: 'a secret of at least thirty-two bytes',
      NEXT_MANUAL_SIG_HANDLE: 'true',
    })
  const user = async (name: string) => userOf(example.url, await signIn(example.url, name))

  /** The next answer stops in its middle. */
  const halfway = () => {
    const gate = createBarrier()
    provider.script([[text('The first half'), barrier(gate), text(' and the rest.'), finish()]])
    return gate
  }

  beforeAll(async () => {
    await build()
    provider = await startFakeProvider()
    database = await createTestDatabase()
    example = await start()
  }, 300_000)
  afterAll(async () => {
    await example?.[Symbol.asyncDispose]()
    await provider?.[Symbol.asyncDispose]()
    await database?.[Symbol.asyncDispose]()
  })

  test('goes on with an answer that nobody reads, and gives all of it to who comes back', async () => {
    const gate = halfway()
    const ann = await user('ann')
    const leaving = new AbortController()
    await readText(await ann.ask('Hello', leaving.signal), 'half')
    leaving.abort()
    const back = await ann.call('/main/stream')
    gate.release()
    expect(await readText(back)).toEqual({ text: 'The first half and the rest.', done: true })
    const latest = await ann.latest()
    expect([latest.run.status, storedText(latest)]).toEqual([
      'succeeded',
      'The first half and the rest.',
    ])
    expect(provider.calls).toBe(1)
  })

  test('shows nothing of a user to another one, or to nobody', async () => {
    const gate = halfway()
    const [cleo, dan] = [await user('cleo'), await user('dan')]
    const asked = await cleo.ask('A secret')
    const { run } = await cleo.latest()
    expect((await dan.call('/main/stream')).status).toBe(204)
    expect((await dan.call(`/runs/${run.id}/stream`)).status).toBe(404)
    expect(await dan.stop()).toEqual({ stopped: false })
    expect(await dan.messages()).toMatchObject({ messages: [] })
    expect((await userOf(example.url, '').call('/main/messages')).status).toBe(401)
    expect((await userOf(example.url, 'user=cleo').call('/main/messages')).status).toBe(401)
    gate.release()
    expect(await readText(asked)).toMatchObject({ done: true })
  })

  test('stops for good when it is told to', async () => {
    halfway()
    const eve = await user('eve')
    const index = provider.calls
    const asked = await eve.ask('Hello')
    await provider.request(index)
    expect(await eve.stop()).toEqual({ stopped: true })
    expect(await readText(asked)).toMatchObject({ done: true })
    await provider.connectionClosed(index)
    expect((await eve.latest()).run.status).toBe('aborted')
  })

  if (hasPage) {
    test('shows the answer in its pages, also after a reload, until Stop', async () => {
      await using browser = await launchBrowser()
      const context = await browser.newContext()
      const page = await context.newPage()
      page.setDefaultTimeout(20_000)
      const complaints = await complaintsOf(page)
      complaints.expect(/401/) // how the page of Hono learns that nobody is signed in
      await page.goto(example.url)
      await page.getByLabel('Your name').fill('fay')
      await page.getByRole('button', { name: 'Sign in' }).click()
      const gate = halfway()
      await ask(page, 'Hello')
      await page.getByText('The first half', { exact: true }).waitFor()
      await page.reload()
      await page.getByText('The first half', { exact: true }).waitFor()
      const other = await context.newPage()
      await other.goto(example.url)
      await other.getByText('The first half', { exact: true }).waitFor()
      gate.release()
      for (const tab of [page, other]) {
        await tab.getByText('The first half and the rest.').waitFor()
        await ended(tab)
      }
      const html = await (await page.request.get(example.url)).text()
      expect(html.includes('The first half and the rest.')).toBe(isRendered)
      halfway()
      await ask(page, 'Once more')
      await page.getByText('The first half', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Stop' }).click()
      await ended(page)
      await page.reload()
      await page.getByText('Once more').waitFor()
      expect(await page.locator('p').allTextContents()).toEqual([
        'You Hello',
        'Assistant The first half and the rest.',
        'You Once more',
        'Assistant The first half',
      ])
      expect(complaints.list).toEqual([])
    })
  }

  if (hasClient) {
    test('has its chat in a terminal, also for one who left it', async () => {
      const gate = halfway()
      await using first = startClient(example.url, 'hal')
      first.write('Hello')
      await first.saw('half')
      await first.leave()
      await using second = startClient(example.url, 'hal')
      await second.saw('half')
      gate.release()
      await second.saw('and the rest.')
      provider.script([[text('Fine.'), finish()]])
      second.write('How are you?')
      await second.saw('Fine.')
      expect(second.said()).toMatch(/^The first half and the rest\.\n> Fine\./)
    })
  }

  test('lets a step end on SIGTERM, and has its answer when it is started again', async () => {
    const gate = halfway()
    const gus = await user('gus')
    const { calls } = provider
    const asked = await gus.ask('Hello')
    await readText(asked, 'half')
    example.signal('SIGTERM')
    gate.release()
    expect(await example.ended()).toBe(0)
    example = await start()
    const again = await user('gus')
    const { run } = await again.latest()
    await readText(await again.call(`/runs/${run.id}/stream`))
    const latest = await again.latest()
    expect([latest.run.status, storedText(latest)]).toEqual([
      'succeeded',
      'The first half and the rest.',
    ])
    expect(provider.calls).toBe(calls + 1)
    expect(example.said()).not.toMatch(/error/i)
  })
})

const ask = async (page: Page, question: string): Promise<void> => {
  await page.getByLabel('Your message').fill(question)
  await page.getByLabel('Your message').press('Enter')
}

/** Waits until one may ask again. */
const ended = (page: Page): Promise<void> =>
  page.getByRole('button', { name: 'Stop', disabled: true }).waitFor()

const startClient = (url: string, name: string) => {
  const child = spawn(process.execPath, ['express/client.ts', url, name], { cwd: EXAMPLES })
  const exited = once(child, 'close')
  let said = ''
  const leave = async () => {
    child.kill('SIGINT')
    await exited
  }
  return {
    write: (line: string) => void child.stdin.write(`${line}\n`),
    /** Waits until it has said something. */
    saw: async (words: string) => {
      while (!said.includes(words)) {
        const [data] = (await once(child.stdout, 'data')) as [Buffer]
        said += data.toString()
      }
    },
    said: () => said,
    leave,
    [Symbol.asyncDispose]: leave,
  }
}
