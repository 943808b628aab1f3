/** The overview: what runs came to, as it changes, and who executes them. */
import type { Page } from 'playwright-core'
import { afterAll, expect, test } from 'vitest'
import {
  barrier,
  createBarrier,
  finish,
  startFakeProvider,
  status,
  text,
  type FakeProvider,
} from '../../support/fake-provider.ts'
import { usePages } from '../pages.ts'
import { expectAccessible } from './accessible.ts'

const PATIENCE = { timeout: 20_000 }

const gate = createBarrier()
let provider: FakeProvider

/** Answers, waits or refuses, as it is asked. */
const pages = usePages(async () => {
  provider = await startFakeProvider({
    script: ({ body }) => {
      const asked = JSON.stringify(body.messages.at(-1))
      if (asked.includes('refuse')) return [status(401)]
      return asked.includes('wait') ? [text('So'), barrier(gate), finish()] : [text('So'), finish()]
    },
  })
  return {
    env: { OUTLAST_MODEL: 'openai-compatible/fake', OPENAI_COMPATIBLE_BASE_URL: provider.url },
  }
})
afterAll(() => provider?.[Symbol.asyncDispose]())

const api = (path: string, body?: unknown) =>
  fetch(new URL(`/ai-chat${path}`, pages.server.url), {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  })

/** The answer goes on while nobody reads it. */
const begin = async (chatId: string, question: string): Promise<string> => {
  const parts = [{ type: 'text', text: question }]
  const answer = await api('', { chatId, message: { parts } })
  await answer.body?.cancel()
  return answer.headers.get('x-outlast-run') ?? ''
}

const tile = (page: Page, name: string) =>
  page.locator('dl > div', { has: page.getByText(name, { exact: true }) }).locator('dd')
const section = (page: Page, name: string) => page.getByRole('region', { name }).first()

test('without a run it says what will be here, and which workers there are', async () => {
  const { page } = await pages.open('/overview')
  await page.getByRole('heading', { name: 'No runs in this time' }).waitFor()
  await section(page, 'Workers').getByText('Alive').waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Begin a new chat' }).click()
  await expect.poll(() => page.url(), PATIENCE).toContain('/chats/')
})

test('a run is counted while it is active and when it has ended, and its worker holds it meanwhile', async () => {
  const { page } = await pages.open('/overview')
  const runId = await begin('counted', 'wait')
  const runs = () => tile(page, 'Runs').allTextContents()
  await expect.poll(runs, PATIENCE).toEqual(['1', '1 is active'])
  const lease = section(page, 'Workers').getByRole('link', { name: `Run ${runId.slice(-6)}` })
  await expect.poll(() => lease.getAttribute('href')).toBe(`/runs/${runId}`)
  await api('/stop', { runId })
  await expect.poll(runs, PATIENCE).toEqual(['1', 'None is active'])
  await lease.waitFor({ state: 'detached' })
})

test('numbers are those of the server, by model and by agent', async () => {
  await begin('numbers', 'answer')
  await pages.server.settled('numbers')
  const { page } = await pages.open('/overview')
  const { totals, byModel } = (await (await api('/overview')).json()) as {
    totals: { runs: number; succeeded: number; aborted: number }
    byModel: { steps: number }[]
  }
  await expect.poll(() => tile(page, 'Runs').first().textContent(), PATIENCE).toBe('2')
  expect(totals).toMatchObject({ runs: 2, succeeded: 1, aborted: 1 })
  await tile(page, 'Succeeded').getByText('1 of 2 ended').waitFor()
  const row = section(page, 'Models').getByRole('row', { name: /fake/ })
  await expect
    .poll(() => row.getByRole('cell').first().textContent())
    .toBe(String(byModel[0]?.steps))
  await section(page, 'Agents').getByRole('link', { name: 'assistant' }).click()
  await page.getByRole('heading', { name: 'Runs', exact: true }).waitFor()
  expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({
    agent: 'assistant',
    last: 'day',
  })
})

test('an error leads to the runs that failed with it', async () => {
  await begin('fails', 'refuse')
  await pages.server.settled('fails')
  const { error } = (await pages.server.latest('fails')).run
  const { page } = await pages.open('/overview')
  await section(page, 'Errors').getByRole('link').first().click()
  await page.getByText(error ?? '', { exact: true }).waitFor()
  const { searchParams } = new URL(page.url())
  expect(searchParams.get('status')).toBe('failed')
  expect(searchParams.get('error')).toMatch(/^[a-z_]+$/)
  await expect.poll(() => page.locator('[data-run]').count(), PATIENCE).toBe(1)
})

test('a chart says in a sentence what it shows, and is a table for whoever wants one', async () => {
  const { page } = await pages.open('/overview')
  const chart = page.getByRole('img', { name: /Bars of runs for each 30 minutes.*Succeeded 1/ })
  await chart.waitFor()
  await section(page, 'Runs over time').getByRole('button', { name: 'As a table' }).click()
  await chart.waitFor({ state: 'detached' })
  const table = page.getByRole('table', { name: 'Runs over time' })
  const counted = await table
    .getByRole('row')
    .evaluateAll((rows) =>
      rows
        .slice(1)
        .map((row) => [...row.querySelectorAll('td')].map((cell) => Number(cell.textContent))),
    )
  const [succeeded] = counted.reduce(([sum = 0], [count = 0]) => [sum + count], [0])
  expect(succeeded).toBe(1)
  await expectAccessible(page)
})

test('the time is chosen by keyboard, and stands in the address', async () => {
  const { page } = await pages.open('/overview?last=hour')
  await page.getByRole('radio', { name: 'Last hour' }).focus()
  await page.keyboard.press('ArrowRight')
  await expect.poll(() => page.url(), PATIENCE).toContain('last=day')
  await page
    .getByRole('img', { name: /30 minutes/ })
    .first()
    .waitFor()
  await page.keyboard.press('ArrowRight')
  await page
    .getByRole('img', { name: /3 hours/ })
    .first()
    .waitFor()
  expect(page.url()).toContain('last=week')
})

test('a time that is none in the address is the usual one', async () => {
  const { page } = await pages.open('/overview?last=odd')
  await expect.poll(() => page.getByRole('radio', { name: '24 hours' }).isChecked()).toBe(true)
})

test.each(['light', 'dark'] as const)(
  'it is accessible in %s colours, and fits a phone',
  async (colorScheme) => {
    const { page } = await pages.open('/overview')
    await page.emulateMedia({ colorScheme })
    await section(page, 'Runs over time').waitFor()
    await expectAccessible(page)
    await page.screenshot({ path: `test-results/overview-${colorScheme}.png` })
    await page.setViewportSize({ width: 390, height: 780 })
    await expectAccessible(page)
    const width = () => page.evaluate(() => document.documentElement.scrollWidth)
    await expect.poll(width).toBeLessThanOrEqual(390)
    await page.screenshot({ path: `test-results/overview-${colorScheme}-phone.png` })
  },
)

test('while the server is away the numbers stay and say of when they are, and go on by themselves', async () => {
  const { page, complaints } = await pages.open('/overview')
  complaints.expect(/Failed to load resource/)
  await section(page, 'Runs over time').waitFor()
  await pages.server.kill()
  const status = page.getByText(/^As it was /)
  await status.waitFor({ timeout: 60_000 })
  await section(page, 'Runs over time').waitFor()
  await pages.server.start()
  await status.waitFor({ state: 'detached', timeout: 60_000 })
  await expect.poll(() => tile(page, 'Runs').first().textContent()).toBe('3')
})
