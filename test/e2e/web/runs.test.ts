/** The list of runs in a real browser: live, filtered by its address, stopped together. */
import type { Locator, Page } from 'playwright-core'
import { beforeEach, expect, test } from 'vitest'
import {
  barrier,
  createBarrier,
  finish,
  status,
  text,
  usage,
  type Turn,
} from '../../support/fake-provider.ts'
import { expectAccessible } from './accessible.ts'
import { prepareWorking } from './working.ts'

const working = prepareWorking()

const PATIENCE = { timeout: 20_000 }
const DONE: Turn = [text('Done'), finish(), usage(1000, 1000)]

/** Of a test: runs of other tests are not in its way. */
let mine = ''
beforeEach(() => {
  mine = `t${crypto.randomUUID().slice(0, 8)}`
})

const rows = (page: Page): Locator => page.locator('[data-run]')

/** Titles of the runs that are shown, without what makes them different from those of other tests. */
const titles = (page: Page): Promise<string[]> =>
  rows(page)
    .locator('a[href^="/runs/"]')
    .allInnerTexts()
    .then((all) =>
      all.filter((one) => one.includes(mine)).map((one) => one.replace(` ${mine}`, '')),
    )

const begin = (name: string, agent?: string): Promise<string> =>
  working.begin(`${mine}-${name}`, `${name} ${mine}`, agent)

const ran = async (name: string, turn: Turn = DONE, agent?: string): Promise<string> => {
  working.provider.script([turn])
  const runId = await begin(name, agent)
  await working.rest(runId)
  return runId
}

const open = async (path = '/runs'): Promise<Page> => {
  const { page } = await working.pages.open(path)
  await page.getByRole('heading', { name: 'Runs' }).waitFor()
  return page
}

const choose = async (page: Page, label: string, option: string) => {
  await page.getByRole('combobox', { name: label }).click()
  await page.getByRole('option', { name: option, exact: true }).click()
}

const searchOf = (page: Page) => Object.fromEntries(new URL(page.url()).searchParams)

test('a page without runs says what will be here, one whose filters fit nothing says that', async () => {
  const page = await open()
  await page.getByText('No runs yet.').waitFor()
  await expectAccessible(page)
  await page.goto(new URL('/runs?status=failed', working.pages.server.url).href)
  await page.getByText('No run fits these filters.').waitFor()
})

test('each run says how it is, what it took and cost, and why it failed', async () => {
  await ran('good')
  const failed = await ran('bad', [status(401)])
  const page = await open()
  await expect.poll(() => titles(page), PATIENCE).toEqual(['bad', 'good'])
  const { run } = await working.run(failed)
  const [bad, good] = await rows(page).allInnerTexts()
  expect(bad).toContain('Failed')
  expect(bad).toContain(run.error)
  expect(good).toContain('Succeeded')
  expect(good).toContain('worker · By a person · fake.chat/m')
  expect(good).toMatch(/2K\s+1\.10/)
  const started = rows(page).first().locator('time')
  await expect.poll(() => started.getAttribute('datetime')).toBe(run.createdAt)
  await expect.poll(() => started.getAttribute('title')).toMatch(/\d\d:\d\d/)
  await expectAccessible(page)
  await page
    .getByRole('link', { name: `bad ${mine}`, exact: true })
    .last()
    .click()
  await page.waitForURL(`**/runs/${failed}`)
  await page.getByRole('button', { name: 'Open the chat' }).click()
  await page.waitForURL(`**/chats/${mine}-bad`)
})

test('the list is live: a run appears, counts, and ends without a look at the page anew', async () => {
  const page = await open()
  const gate = createBarrier()
  working.provider.script([[text('Half'), barrier(gate), text(' done'), finish()]])
  await begin('live')
  await expect.poll(() => titles(page), PATIENCE).toEqual(['live'])
  const row = rows(page).first()
  await row.getByText('Running').waitFor()
  const duration = row.locator('[data-column="duration"]')
  const before = await duration.innerText()
  await expect.poll(() => duration.innerText(), PATIENCE).not.toBe(before)
  gate.release()
  await row.getByText('Succeeded').waitFor()
})

test('filters are the address: chosen here, kept over a reload, cleared by one button', async () => {
  await ran('good')
  await ran('other', DONE, 'helper')
  await ran('bad', [status(401)])
  const page = await open()
  await choose(page, 'State', 'Succeeded')
  await expect.poll(() => titles(page), PATIENCE).toEqual(['other', 'good'])
  await choose(page, 'Agent', 'helper')
  await expect.poll(() => titles(page), PATIENCE).toEqual(['other'])
  await choose(page, 'When', 'In the last hour')
  await expect
    .poll(() => searchOf(page), PATIENCE)
    .toEqual({ status: 'succeeded', agent: 'helper', last: 'hour' })
  await page.reload()
  await expect.poll(() => titles(page), PATIENCE).toEqual(['other'])
  await expect
    .poll(() => page.getByRole('combobox', { name: 'State' }).inputValue())
    .toBe('Succeeded')
  await page.getByRole('button', { name: 'Clear all filters' }).click()
  await expect.poll(() => titles(page), PATIENCE).toEqual(['bad', 'other', 'good'])
  expect(searchOf(page)).toEqual({})
  await page.getByLabel('Cost at least').fill('0.5')
  await expect.poll(() => titles(page), PATIENCE).toEqual(['other', 'good'])
  expect(searchOf(page)).toEqual({ minCost: '500000' })
})

test('links lead to the runs of a chat, of an error, of a time; what no field shows can be dropped', async () => {
  await ran('good')
  await ran('bad', [status(401)])
  const page = await open(`/runs?chat=${mine}-good`)
  await expect.poll(() => titles(page), PATIENCE).toEqual(['good'])
  await page.getByText(`In one chat: good ${mine}`, { exact: true }).waitFor()
  await page.getByRole('button', { name: /^Leave out the filter “In one chat/ }).click()
  await expect.poll(() => titles(page), PATIENCE).toEqual(['bad', 'good'])
  await page.goto(new URL('/runs?error=provider_denied', page.url()).href)
  await expect.poll(() => titles(page), PATIENCE).toEqual(['bad'])
  await page.goto(
    new URL('/runs?from=2020-01-01T00:00:00Z&to=2020-02-01T00:00:00Z', page.url()).href,
  )
  await page.getByText('No run fits these filters.').waitFor()
  // What is no filter is none.
  await page.goto(new URL('/runs?status=odd&from=yesterday&minCost=-1', page.url()).href)
  await expect.poll(() => titles(page), PATIENCE).toEqual(['bad', 'good'])
})

test('active runs are selected and stopped together, after a question, and the result is told', async () => {
  const gate = createBarrier()
  working.provider.script(({ body }) => [
    text('Going on'),
    JSON.stringify(body.messages).includes('one') ? barrier(gate) : barrier(),
    finish(),
  ])
  const ids = [await begin('one'), await begin('two'), await begin('three')]
  const page = await open('/runs?status=active')
  await expect.poll(() => titles(page), PATIENCE).toEqual(['three', 'two', 'one'])
  await page.getByLabel(`Select the run of “two ${mine}”`).check()
  await page.getByText('1 run is selected').waitFor()
  await page.getByLabel('Select all active runs that are shown').check()
  await page.getByRole('button', { name: 'Stop 3 runs' }).click()
  const dialog = page.getByRole('dialog', { name: 'Stop 3 runs?' })
  await dialog.waitFor()
  await expectAccessible(page)
  // One of them ends while the person thinks about it.
  gate.release()
  await working.rest(ids[0]!)
  await dialog.getByRole('button', { name: 'Stop 3 runs' }).click()
  await page.getByRole('status').getByText('2 runs stop now. 1 had ended before.').waitFor()
  await page.getByText('No run fits these filters.').waitFor()
  const ends = await Promise.all(ids.map(async (id) => (await working.run(id)).run.status))
  expect(ends).toEqual(['succeeded', 'aborted', 'aborted'])
})

test('a stop that does not get through says so, and can be asked for again', async () => {
  working.provider.script(() => [text('Going on'), barrier()])
  const id = await begin('one')
  const { page, complaints } = await working.pages.open('/runs?status=active')
  complaints.expect(/status of 503/)
  await page.getByLabel(`Select the run of “one ${mine}”`).check()
  await page.getByRole('button', { name: 'Stop 1 run' }).click()
  await page.route('**/runs/stop', (route) => route.fulfill({ status: 503 }))
  const stop = page.getByRole('dialog').getByRole('button', { name: 'Stop 1 run' })
  await stop.click()
  await page.getByRole('alert').getByText('The runs could not be stopped').waitFor()
  await page.unroute('**/runs/stop')
  await stop.click()
  await page.getByRole('status').getByText('1 run stops now.').waitFor()
  await working.rest(id)
  expect((await working.run(id)).run.status).toBe('aborted')
})

test('older runs are on further pages', { timeout: 120_000 }, async () => {
  working.provider.script(() => DONE)
  for (let index = 0; index < 55; index += 1) await working.rest(await begin(`n${index}`))
  const page = await open()
  await page.getByText('50 runs are shown.').waitFor()
  await page.getByRole('button', { name: 'Older runs' }).click()
  await expect.poll(() => titles(page), PATIENCE).toHaveLength(55)
  await expect.poll(() => titles(page)).toContain('n0')
})

test('a list that cannot be loaded says why, and is loaded again', async () => {
  await ran('good')
  const { page, complaints } = await working.pages.open('/')
  complaints.expect(/status of 500/)
  // Whatever it hears of makes it look again by itself: here it hears of nothing.
  await page.route(/\/follow(\?|$)/, () => undefined)
  let isBroken = true
  await page.route(/\/ai-chat\/runs(\?|$)/, (route) =>
    isBroken ? route.fulfill({ status: 500 }) : route.continue(),
  )
  await page.goto(new URL('/runs', page.url()).href)
  await page.getByRole('alert').getByText('The runs could not be loaded').waitFor()
  isBroken = false
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect.poll(() => titles(page), PATIENCE).toEqual(['good'])
})

test('on a phone each run is a card, and nothing is wider than the screen', async () => {
  await ran('a-name-that-is-rather-long-and-goes-on', [status(401)])
  const page = await open()
  await page.setViewportSize({ width: 390, height: 800 })
  await rows(page).first().waitFor()
  const width = () => page.evaluate(() => document.documentElement.scrollWidth)
  await expect.poll(width).toBeLessThanOrEqual(390)
  const height = async () => (await rows(page).first().boundingBox())!.height
  await expect.poll(height).toBeGreaterThan(80)
  await expectAccessible(page)
})
