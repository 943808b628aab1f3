/** The page while a model answers that stops at our command: what it shows in the middle, and when it goes wrong. */
import { afterAll, expect, test } from 'vitest'
import {
  barrier,
  createBarrier,
  finish,
  reasoning,
  startFakeProvider,
  status,
  text,
  type FakeProvider,
} from '../support/fake-provider.ts'
import { ask, chatOf, ended, seen, shownText, storedText, usePages } from './pages.ts'

let provider: FakeProvider

const pages = usePages(async () => {
  provider = await startFakeProvider()
  const env = {
    OUTLAST_MODEL: 'openai-compatible/fake',
    OPENAI_COMPATIBLE_BASE_URL: provider.url,
  }
  return { env }
})

afterAll(() => provider?.[Symbol.asyncDispose]())

test('a reload in the middle of a text goes on where the text was, with the reasoning folded', async () => {
  const gate = createBarrier()
  provider.script([
    [
      reasoning('Let me think.'),
      text('The first half'),
      barrier(gate),
      text(' and the rest.'),
      finish(),
    ],
  ])
  const { page } = await pages.open()
  await ask(page, 'Say something')
  await seen(page, 'half')
  const [history] = await Promise.all([page.waitForResponse('**/messages'), page.reload()])
  expect(await history.json()).toMatchObject({ messages: [{ role: 'user' }], activeRun: {} })
  await seen(page, 'half')
  expect(await shownText(page)).toEqual(['The first half'])
  gate.release()
  await ended(page)
  expect(await shownText(page)).toEqual(['The first half and the rest.'])
  expect(await page.getByText('Let me think.').isVisible()).toBe(false)
  await page.getByText('Reasoning').click()
  expect(await page.getByText('Let me think.').isVisible()).toBe(true)
  const { message } = await pages.server.latest(chatOf(page))
  expect(storedText(message)).toEqual(['The first half and the rest.'])
})

test('a question that overtakes the answer "nothing to resume" is followed to its end', async () => {
  const resumed = createBarrier()
  const answered = createBarrier()
  provider.script(async () => {
    await answered.wait()
    return [status(401)]
  })
  const { page } = await pages.open()
  await page.route('**/stream', async (route) => {
    await resumed.wait()
    await route.fulfill({ status: 204 })
  })
  await page.reload()
  await resumed.reached
  await ask(page, 'Say something')
  await answered.reached
  // The page takes the 204 for an end, and asks what became of the run.
  const wondered = page.waitForResponse('**/messages')
  resumed.release()
  await wondered
  answered.release()
  await page.getByText('This answer failed').waitFor()
  await ended(page)
  expect(await page.getByRole('alert').count()).toBe(0)
})

test('an answer that cannot be attached to appears when it is complete', async () => {
  const gate = createBarrier()
  provider.script([[text('Written'), barrier(gate), text(' elsewhere'), finish()]])
  const { page } = await pages.open()
  await ask(page, 'Say something')
  await seen(page, 'Written')
  await page.route('**/stream', (route) => route.fulfill({ status: 204 }))
  await page.reload()
  await page.getByText('Working').waitFor()
  expect(await page.locator('.assistant').count()).toBe(0)
  gate.release()
  await seen(page, 'elsewhere')
  await ended(page)
  expect(await shownText(page)).toEqual(['Written elsewhere'])
})

test('a run that failed says why, also after a reload, and the chat goes on', async () => {
  provider.script([[status(401)], [text('Fine now.'), finish()]])
  const { page } = await pages.open()
  await ask(page, 'Say something')
  await page.getByText('This answer failed').waitFor()
  await ended(page)
  const { run } = await pages.server.latest(chatOf(page))
  expect(run.status).toBe('failed')
  const said = `This answer failed: ${run.error}`
  expect(await page.locator('.ending').allTextContents()).toEqual([said])
  await page.reload()
  await page.getByText('This answer failed').waitFor()
  expect(await page.locator('.ending').allTextContents()).toEqual([said])
  await ask(page, 'Again')
  await seen(page, 'Fine now')
  await ended(page)
})

test('what a model writes stays text', async () => {
  const markup = '<img src=x onerror=alert(1)> **bold** [a](javascript:alert(1))'
  provider.script([[text(markup), finish()]])
  const { page } = await pages.open()
  await ask(page, 'Say something')
  await seen(page, 'bold')
  await ended(page)
  expect(await shownText(page)).toEqual([markup])
  expect(await page.locator('.assistant img, .assistant a').count()).toBe(0)
})
