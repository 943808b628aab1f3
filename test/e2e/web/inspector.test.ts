/** The inspector in a real browser: what it draws and lists is what the server knows of a run, while it happens and afterwards. */
import type { Locator, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import {
  barrier,
  createBarrier,
  finish,
  reasoning,
  reset,
  status,
  text,
  toolCall,
  usage,
} from '../../support/fake-provider.ts'
import { expectAccessible } from './accessible.ts'
import { prepareWorking } from './working.ts'

const working = prepareWorking()

const PATIENCE = { timeout: 20_000 }

const inspect = async (runId: string, search = ''): Promise<Page> => {
  const { page } = await working.pages.open(`/runs/${runId}${search}`)
  await page.getByRole('region', { name: 'Timeline' }).waitFor()
  return page
}

const bars = (page: Page, kind: string, state?: string): Locator =>
  page.locator(`[data-kind="${kind}"][data-key]${state ? `[data-state="${state}"]` : ''}`)

const states = async (page: Page, kind: string): Promise<(string | null)[]> =>
  bars(page, kind).evaluateAll((all) => all.map((bar) => bar.getAttribute('data-state')))

const lanes = (page: Page): Promise<(string | null)[][]> =>
  page
    .locator('[data-kind="call"]:not([data-key]) > :has(> [data-key])')
    .evaluateAll((rows) =>
      rows.map((row) => [...row.children].map((bar) => bar.getAttribute('data-key'))),
    )

const ended = (page: Page) =>
  page.getByRole('img', { name: /^End at/ }).waitFor({ state: 'attached' })

const jsonOf = async (page: Page, label: string): Promise<unknown> =>
  JSON.parse((await page.getByRole('region', { name: label }).locator('pre').textContent()) ?? '')

const call = (id: string, name: string, args: object = {}) =>
  toolCall({ id, name, arguments: args })

test('a run grows on its timeline while it runs: model, parallel tools, one that fails, the end', async () => {
  const answer = createBarrier()
  working.provider.script([
    [
      ...reasoning('Let me look.'),
      call('a', 'look', { name: 'one', gate: 'g1' }),
      call('b', 'look', { name: 'two', gate: 'g2' }),
      call('c', 'fail'),
      finish('tool_calls'),
      usage(100, 20),
    ],
    [text('Found'), barrier(answer), text(' both.'), finish(), usage(200, 30)],
  ])
  const runId = await working.begin('parallel', 'Look twice')
  const page = await inspect(runId)
  await bars(page, 'call', 'failed').waitFor()
  await expect.poll(() => bars(page, 'call', 'started').count(), PATIENCE).toBe(2)
  await expect.poll(() => states(page, 'model'), PATIENCE).toEqual(['answered'])
  // What runs at once lies in lanes of its own.
  expect((await lanes(page)).filter((lane) => lane.some((key) => key !== 'call 0 c'))).toHaveLength(
    2,
  )
  await expectAccessible(page)
  working.gates.gate('g2').release()
  await expect.poll(() => bars(page, 'call', 'started').count(), PATIENCE).toBe(1)
  working.gates.gate('g1').release()
  await bars(page, 'model', 'answering').waitFor()
  answer.release()
  await ended(page)
  // The steps come after the news of the run.
  await expect.poll(() => states(page, 'model'), PATIENCE).toEqual(['answered', 'answered'])
  await expect.poll(() => states(page, 'run')).toContain('held')
  expect(new Set(await states(page, 'call'))).toEqual(new Set(['failed', 'succeeded']))
  const facts = page.locator('dl[aria-label="Summary"]')
  await expect.poll(() => facts.innerText()).toMatch(/Tokens in\s+300\s+Tokens out\s+50/)
  // 300 tokens at 100 and 50 at 1000 a million.
  await expect.poll(() => facts.innerText()).toMatch(/Cost\s+0\.0800/)
  await expectAccessible(page)
})

test('prompt, journal, request and raw JSON of a step are what the API says', async () => {
  const large = 'word '.repeat(2000)
  working.provider.script([
    [text('I look.'), call('a', 'look', { name: 'x' }), finish('tool_calls'), usage()],
    [text('<b>Done</b>'), finish(), usage()],
  ])
  const runId = await working.begin('exact', large)
  await working.rest(runId)
  const page = await inspect(runId, '?step=1')
  const panel = page.getByRole('region', { name: 'Step 2' })
  const tab = (name: string) => panel.getByRole('tab', { name, exact: true }).click()
  await tab('Prompt')
  const prompt = await working.read<{ messages: { role: string }[] }>(
    `/ai-chat/runs/${runId}/steps/1/prompt`,
  )
  await panel.getByText('Work well.').first().waitFor()
  expect(await jsonOf(page, 'Prompt')).toEqual(prompt)
  const shown = panel.locator('ol > li')
  expect(await shown.evaluateAll((all) => all.map((one) => one.getAttribute('data-role')))).toEqual(
    prompt.messages.map(({ role }) => role),
  )
  // What is large is folded until somebody wants all of it.
  const question = shown.first().locator('pre')
  expect((await question.innerText()).length).toBeLessThan(5000)
  await shown.first().getByRole('button', { name: 'Show all (10,000 characters)' }).click()
  await expect.poll(() => question.textContent()).toBe(large)
  const [, step] = await working.steps(runId)
  await tab('JSON')
  expect(await jsonOf(page, 'The step as JSON')).toEqual(step)
  await tab('Journal')
  await expect.poll(() => panel.locator('pre').textContent()).toBe('<b>Done</b>')
  await tab('Request')
  await panel.getByText('tools').waitFor()
  await expectAccessible(page)
})

test('a call shows its input, output, attempts and key, and its JSON is copied', async () => {
  working.provider.script([
    [call('a', 'look', { name: 'x' }), finish('tool_calls')],
    [text('Done'), finish()],
  ])
  const runId = await working.begin('one-call')
  await working.rest(runId)
  const page = await inspect(runId)
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await bars(page, 'call').click()
  await expect.poll(() => new URL(page.url()).search, PATIENCE).toBe('?step=0&call=a')
  const panel = page.getByRole('region', { name: 'Call of look' })
  await expect.poll(() => panel.innerText()).toContain(`${runId}:0:a`)
  await expect.poll(() => panel.innerText()).toMatch(/Output[^]*found: x/)
  await expectAccessible(page)
  await panel.getByRole('tab', { name: 'JSON' }).click()
  const [step] = await working.steps(runId)
  expect(await jsonOf(page, 'The call as JSON')).toEqual(step!.calls[0])
  await panel.getByRole('button', { name: 'Copy' }).click()
  await panel.getByRole('button', { name: 'Copied' }).waitFor()
  const copied = await page.evaluate(() => navigator.clipboard.readText())
  expect(JSON.parse(copied)).toEqual(step!.calls[0])
  // Chosen again is left: the run as a whole.
  await bars(page, 'call').click()
  await page.getByRole('tab', { name: 'JSON' }).click()
  const { run, holds } = await working.run(runId)
  expect(await jsonOf(page, 'The run as JSON')).toEqual({ run, holds })
})

test('a run that waits for a person shows the wait, who answered what, and goes on', async () => {
  working.provider.script([
    [call('p', 'pay', { to: 'Ada' }), finish('tool_calls')],
    [text('Paid.'), finish()],
  ])
  const runId = await working.begin('approval')
  await working.rest(runId)
  const page = await inspect(runId)
  await page.getByText('The run waits until a person has answered.').waitFor()
  await bars(page, 'run', 'waiting').waitFor()
  await bars(page, 'call', 'asked').waitFor()
  const decisions = [{ approvalId: `${runId}:0:p`, approved: true, reason: 'She earned it.' }]
  await working.send(`/ai-chat/runs/${runId}/decisions`, { decisions })
  await ended(page)
  await page.getByRole('img', { name: /^A person answered at/ }).waitFor({ state: 'attached' })
  await expect
    .poll(async () => (await states(page, 'run')).filter((state) => state !== 'queued'), PATIENCE)
    .toEqual(['pending', 'held', 'waiting', 'held'])
  await bars(page, 'call', 'succeeded').click()
  await page.getByText('Approved. Reason: She earned it.').waitFor()
})

test('an attempt that broke is a broken bar before the step that it became, with its reason', async () => {
  working.provider.script([
    [text('Half of'), reset()],
    [text('The whole answer.'), finish()],
  ])
  const runId = await working.begin('broken')
  await working.rest(runId)
  const page = await inspect(runId)
  await expect.poll(() => states(page, 'model'), PATIENCE).toEqual(['broken', 'answered'])
  await bars(page, 'model', 'broken').hover()
  const [step] = await working.steps(runId)
  const { error } = step!.brokenAttempts![0]!
  await page.getByRole('region', { name: 'Timeline' }).getByText(error).waitFor()
  await bars(page, 'model', 'broken').click()
  await page.getByRole('region', { name: 'Step 1' }).getByText(error).waitFor()
})

test('a run is stopped here, and its timeline says when that was asked for', async () => {
  working.provider.script([[text('Going on'), barrier()]])
  const runId = await working.begin('stopped')
  const page = await inspect(runId)
  await page.getByRole('button', { name: 'Stop the run' }).click()
  await page.getByText('The run was stopped.').waitFor()
  await page.getByRole('img', { name: /^Stop requested at/ }).waitFor({ state: 'attached' })
  await expect.poll(() => page.getByRole('button', { name: 'Stop the run' }).count()).toBe(0)
  await expect.poll(() => states(page, 'model'), PATIENCE).toEqual(['interrupted'])
})

test('a failed run says why in words and what helps', async () => {
  working.provider.script([[status(401)]])
  const runId = await working.begin('denied')
  await working.rest(runId)
  const page = await inspect(runId)
  const { run } = await working.run(runId)
  const outcome = page.getByRole('status').filter({ hasText: 'The run has failed.' })
  await expect.poll(() => outcome.innerText()).toContain(run.error)
  await expect.poll(() => outcome.innerText()).toContain('Check the API key')
  await expect.poll(() => outcome.innerText()).toContain('provider_denied')
  await expectAccessible(page)
})

test('a worker that is killed is lost on the timeline until another one has taken over', async () => {
  const gate = createBarrier()
  working.provider.script([
    [
      call('s', 'send', { gate: 'never' }),
      call('l', 'look', { name: 'again' }),
      finish('tool_calls'),
    ],
    [text('After'), barrier(gate), text(' all.'), finish()],
  ])
  const runId = await working.begin('killed')
  const { page, complaints } = await working.pages.open(`/runs/${runId}`)
  complaints.expect(/^Failed to load resource: net::/)
  await bars(page, 'call', 'started').waitFor()
  await bars(page, 'call', 'succeeded').waitFor()
  await working.pages.server.kill()
  await working.pages.server.start()
  await bars(page, 'run', 'lost').waitFor()
  await bars(page, 'call', 'unknown').waitFor()
  gate.release()
  await ended(page)
  const { holds } = await working.run(runId)
  expect(holds.map(({ end }) => end)).toEqual(['lost', 'settled'])
  expect(new Set(holds.map(({ worker }) => worker)).size).toBe(2)
  const held = bars(page, 'run', 'held')
  // By what it is called: a short bar has no room for a name.
  await expect
    .poll(() => held.evaluateAll((all) => all.map((bar) => bar.ariaLabel)), PATIENCE)
    .toEqual(holds.map(({ worker }) => expect.stringContaining(`Worker ${worker.slice(0, 8)}`)))
  await page.getByRole('tab', { name: 'Workers' }).click()
  await expect
    .poll(() => page.locator('tbody tr').allInnerTexts(), PATIENCE)
    .toEqual([
      expect.stringContaining('the worker being lost'),
      expect.stringContaining('the end of the run'),
    ])
  await bars(page, 'call', 'unknown').click()
  await page.getByText('Whether the call had its effect is not known.').waitFor()
  await expectAccessible(page)
})

test('the timeline is walked through by keyboard, and read as a table', async () => {
  working.provider.script([
    [call('a', 'look', { name: 'x' }), finish('tool_calls')],
    [text('Done'), finish()],
  ])
  const runId = await working.begin('keys')
  await working.rest(runId)
  const page = await inspect(runId)
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-key'))
  await bars(page, 'run').first().focus()
  await page.keyboard.press('End')
  await page.keyboard.press('ArrowDown')
  await expect.poll(focused).toMatch(/^step/)
  await page.keyboard.press('Home')
  await expect.poll(focused).toBe('step 0')
  await page.keyboard.press('ArrowDown')
  await expect.poll(focused).toBe('call 0 a')
  // The exact times are shown of what is focused.
  await expect
    .poll(() => page.getByRole('region', { name: 'Timeline' }).innerText())
    .toMatch(/look · Succeeded · \d\d:\d\d:\d\d\.\d{3} to \d\d:\d\d:\d\d\.\d{3}/)
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Step 1' }).waitFor()
  await page.getByRole('button', { name: 'Next step' }).click()
  await page.getByRole('heading', { name: 'Step 2' }).waitFor()
  expect(new URL(page.url()).search).toBe('?step=1')
  await page.getByRole('button', { name: 'Show as a table' }).click()
  const rows = page.getByRole('region', { name: 'Everything that happened' }).locator('tbody tr')
  const words = (await rows.allInnerTexts()).map((row) => row.split('\t')[0])
  expect(words.filter((word) => !/^Pending|^Worker/.test(word!))).toEqual([
    'Step 1',
    'look',
    'Step 2',
    expect.stringMatching(/^End at/),
  ])
  await expectAccessible(page)
})

const STEPS = 200
const NAMES = ['a', 'b', 'c', 'd', 'e']

test(
  'two hundred steps and a thousand calls are drawn, zoomed and looked into',
  { timeout: 180_000 },
  async () => {
    let turn = 0
    working.provider.script(() => {
      turn += 1
      if (turn > STEPS) return [text('Done'), finish()]
      return [
        ...NAMES.map((name) => call(`${turn}-${name}`, 'look', { name })),
        finish('tool_calls'),
      ]
    })
    const runId = await working.begin('large')
    await working.rest(runId)
    const page = await inspect(runId)
    await expect.poll(() => bars(page, 'call').count(), PATIENCE).toBe(STEPS * NAMES.length)
    for (let press = 0; press < 3; press += 1)
      await page.getByRole('button', { name: 'Zoom in' }).click()
    const scroller = page.locator('[data-kind="call"]:not([data-key])')
    const width = async () => (await scroller.boundingBox())!.width
    await expect.poll(width).toBeGreaterThan(4000)
    await bars(page, 'call').last().click()
    await page.getByRole('region', { name: 'Call of look' }).waitFor()
    await page.getByText('All', { exact: true }).click()
    await expect.poll(width).toBeLessThan(2000)
  },
)

test('a run that is not there says so', async () => {
  const { page, complaints } = await working.pages.open('/runs')
  complaints.expect(/status of 404/)
  await page.goto(new URL('/runs/nothing?step=4', working.pages.server.url).href)
  await page.getByRole('heading', { name: 'There is no such run' }).waitFor()
  await expectAccessible(page)
})
