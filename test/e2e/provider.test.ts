/** The page while a model answers that stops at our command: what it shows in the middle of an answer. */
import { afterAll, expect, test } from 'vitest'
import {
  barrier,
  createBarrier,
  finish,
  reasoning,
  startFakeProvider,
  text,
  type FakeProvider,
} from '../support/fake-provider.ts'
import { answers, ask, chatOf, ended, seen, shownText, storedText, usePages } from './pages.ts'

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
  const [history] = await Promise.all([page.waitForResponse(/\/messages\?/), page.reload()])
  expect(await history.json()).toMatchObject({ messages: [{ role: 'user' }], activeRun: {} })
  await seen(page, 'half')
  expect(await shownText(page)).toEqual(['The first half'])
  gate.release()
  await ended(page)
  await expect.poll(() => shownText(page)).toEqual(['The first half and the rest'])
  await expect.poll(() => page.getByText('Let me think.').isVisible()).toBe(false)
  await page.getByText('Reasoning', { exact: true }).click()
  await expect.poll(() => page.getByText('Let me think.').isVisible()).toBe(true)
  const { message } = await pages.server.latest(chatOf(page))
  expect(storedText(message)).toEqual(['The first half and the rest'])
})

test('an answer that cannot be attached to appears when it is complete', async () => {
  const gate = createBarrier()
  provider.script([[text('Written'), barrier(gate), text(' elsewhere'), finish()]])
  const { page } = await pages.open()
  await ask(page, 'Say something')
  await seen(page, 'Written')
  await page.route(/\/stream/, (route) => route.fulfill({ status: 204 }))
  await page.reload()
  await page.getByText('Working …').waitFor()
  await expect.poll(() => answers(page).count()).toBe(0)
  gate.release()
  await seen(page, 'elsewhere')
  await ended(page)
  await expect.poll(() => shownText(page)).toEqual(['Written elsewhere'])
})
