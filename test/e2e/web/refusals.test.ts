/** What is said when something does not happen, and that the action beside it helps. Nothing that was written is lost. */
import type { Page, Route } from 'playwright-core'
import { afterEach, expect, test } from 'vitest'
import { defineAgent } from '../../../src/agent/define-agent.ts'
import { createBarrier, type Barrier } from '../../support/barrier.ts'
import { errorPart, finishPart, scriptedModel, textParts } from '../../support/scripted-model.ts'
import { answers, ask, ended, questions, seen } from '../pages.ts'
import { expectAccessible } from './accessible.ts'
import { useInProcess } from './in-process.ts'

const PATIENCE = { timeout: 20_000 }

let gate: Barrier | undefined
let failing = 0
const model = scriptedModel(async function* () {
  if (failing > 0) {
    failing -= 1
    yield* [...textParts('Half of it'), errorPart({ message: 'out of order' })]
    return
  }
  await gate?.wait()
  yield* [...textParts('Understood.'), finishPart()]
})

const pages = useInProcess([defineAgent({ name: 'a', model, maxRetries: 0 })], {
  limits: { activeRuns: 3, bodyBytes: 100_000 },
})

// A run of a test that failed would hold the next one.
afterEach(() => {
  gate?.release()
  gate = undefined
})

const box = (page: Page) => page.getByLabel('Your message')
const alert = (page: Page) => page.getByRole('alert')
/** Browsers say of each answer whether it is a refusal. */
const REFUSED = /status of (4\d\d|50\d)/

const problem = (status: number, code: string, more: object = {}) => ({
  status,
  contentType: 'application/problem+json',
  body: JSON.stringify({
    type: 'about:blank',
    title: 'No',
    status,
    detail: 'The reason.',
    code,
    ...more,
  }),
})

/** The next turn is answered like this. */
const refuseOnce = (page: Page, answer: ReturnType<typeof problem>) =>
  page.route('**/ai-chat', (route) => route.fulfill(answer), { times: 1 })

test('a question into a chat that is busy by now comes back, and the other answer is shown', async () => {
  gate = createBarrier()
  const page = await pages.open('/chats/busy', REFUSED)
  const other = async (route: Route) => {
    await pages.outlast.ask('from elsewhere', 'busy')
    await route.continue()
  }
  await page.route('**/ai-chat', other, { times: 1 })
  await ask(page, 'my precious question')
  await alert(page).getByText('It is in the box again. Another answer is being written').waitFor()
  await expect.poll(() => box(page).inputValue()).toBe('my precious question')
  await questions(page).getByText('from elsewhere').waitFor()
  await expectAccessible(page)
  await alert(page).getByRole('button', { name: 'Stop that answer' }).click()
  await page.getByText('Stopped. What').waitFor()
  gate = undefined
  await expect.poll(() => alert(page).count(), PATIENCE).toBe(0)
  await box(page).press('Enter')
  await seen(page, 'Understood')
  await questions(page).getByText('my precious question').waitFor()
})

test('a question whose answer is lost is asked once', async () => {
  const page = await pages.open('/chats/lost', /ERR_FAILED|ERR_CONNECTION/)
  const lose = async (route: Route) => {
    await route.fetch()
    await route.abort()
  }
  await page.route('**/ai-chat', lose, { times: 1 })
  await ask(page, 'say it once')
  await seen(page, 'Understood')
  await ended(page)
  await expect.poll(() => box(page).inputValue()).toBe('')
  await page.reload()
  await seen(page, 'Understood')
  await expect.poll(() => questions(page).allInnerTexts()).toEqual(['say it once'])
})

test('a question that does not get through comes back, stays over a reload, and counts once when it is sent', async () => {
  const page = await pages.open('/chats/cut', /ERR_FAILED|ERR_CONNECTION/)
  await page.clock.install()
  await page.reload()
  await page.route('**/ai-chat', (route) => route.abort())
  await ask(page, 'is anybody there?')
  await page.getByText('Waits for its turn').waitFor()
  await expect
    .poll(async () => {
      await page.clock.fastForward(10_000)
      return alert(page).count()
    }, PATIENCE)
    .toBe(1)
  await alert(page).getByText('It is in the box again. The server cannot be reached.').waitFor()
  await expect.poll(() => box(page).inputValue()).toBe('is anybody there?')
  await page.reload()
  await expect.poll(() => box(page).inputValue(), PATIENCE).toBe('is anybody there?')
  await page.unroute('**/ai-chat')
  await box(page).press('Enter')
  await seen(page, 'Understood')
  await expect.poll(() => questions(page).allInnerTexts()).toEqual(['is anybody there?'])
})

test('too many requests: the text is kept, and the wait is counted down', async () => {
  const page = await pages.open('/chats/often', REFUSED)
  await refuseOnce(page, problem(429, 'RATE_LIMITED', { retryAfter: 50 }))
  await ask(page, 'patience')
  await alert(page).getByText('There were too many requests.').waitFor()
  await expect.poll(() => box(page).inputValue()).toBe('patience')
  const wait = alert(page).getByRole('button', { name: /Try again in \d+ seconds/ })
  const words = await wait.textContent()
  await expect.poll(() => wait.isDisabled()).toBe(true)
  await expect.poll(() => wait.textContent(), PATIENCE).not.toBe(words)
  await box(page).press('Enter')
  await seen(page, 'Understood')
  await expect.poll(() => questions(page).allInnerTexts()).toEqual(['patience'])
})

test('too many active runs: the page leads to them', async () => {
  gate = createBarrier()
  for (const name of ['many-1', 'many-2', 'many-3']) await pages.outlast.ask('Work', name)
  const page = await pages.open('/chats/many-4', REFUSED)
  await ask(page, 'one more')
  await alert(page).getByText('as many active runs as one may have').waitFor()
  await expect.poll(() => box(page).inputValue()).toBe('one more')
  await alert(page).getByRole('button', { name: 'Show active runs' }).click()
  await page.waitForURL('**/runs?status=active')
  gate.release()
  gate = undefined
  await page.goBack()
  await expect.poll(() => box(page).inputValue(), PATIENCE).toBe('one more')
})

test('a message that is too large says that it has to be shorter', async () => {
  const page = await pages.open('/chats/too-large', REFUSED)
  const text = 'x'.repeat(120_000)
  await ask(page, text)
  await alert(page).getByText('It is too large. Shorten it, or attach less.').waitFor()
  await expect.poll(() => box(page).inputValue()).toBe(text)
  await ask(page, 'shorter')
  await seen(page, 'Understood')
})

test.each([
  [403, 'NOT_ALLOWED', 'You may not do this. The reason.'],
  [503, 'ENGINE_STOPPING', undefined],
] as const)('a turn that is answered %i %s keeps its text', async (status, code, sentence) => {
  const page = await pages.open(`/chats/answered-${status}`, REFUSED)
  await box(page).waitFor()
  await refuseOnce(page, problem(status, code))
  await ask(page, 'keep me')
  if (sentence) {
    await alert(page).getByText(sentence).waitFor()
    await expect.poll(() => box(page).inputValue()).toBe('keep me')
    await box(page).press('Enter')
  }
  await seen(page, 'Understood')
  await expect.poll(() => questions(page).allInnerTexts()).toEqual(['keep me'])
})

test('an edit that is refused is kept where it was written', async () => {
  const page = await pages.open('/chats/edited', REFUSED)
  await ask(page, 'say apples')
  await seen(page, 'Understood')
  await ended(page)
  await questions(page).getByRole('button', { name: 'Edit' }).click()
  await refuseOnce(page, problem(403, 'NOT_ALLOWED'))
  const edited = page.getByLabel('Edit your message')
  await edited.fill('say pears')
  await edited.press('Enter')
  await alert(page).getByText('It is kept where you wrote it. You may not do this.').waitFor()
  await expect.poll(() => edited.inputValue()).toBe('say pears')
  await edited.press('Enter')
  await expect.poll(() => questions(page).allInnerTexts(), PATIENCE).toEqual(['say pears'])
  await ended(page)
})

test('a wish for another answer that is refused leaves the answer there, and can be made again', async () => {
  const page = await pages.open('/chats/again', REFUSED)
  await ask(page, 'say it')
  await ended(page)
  const id = () => answers(page).getAttribute('data-message-id')
  const first = await id()
  await refuseOnce(page, problem(500, 'INTERNAL_ERROR', { retryAfter: 50 }))
  await answers(page).getByRole('button', { name: 'Answer again' }).click()
  await alert(page).getByText('There is no other answer. The reason.').waitFor()
  await expect.poll(id, PATIENCE).toBe(first)
  await answers(page).getByRole('button', { name: 'Answer again' }).click()
  await expect.poll(id, PATIENCE).not.toBe(first)
  await ended(page)
  await expect.poll(() => alert(page).count()).toBe(0)
  await expect.poll(() => questions(page).count()).toBe(1)
})

test('an answer that failed says why, keeps what was written, and Try again makes another', async () => {
  failing = 1
  const page = await pages.open('/chats/failed')
  await ask(page, 'say it')
  await answers(page).getByText('The model provider reported an error.').waitFor()
  await answers(page).getByText('Half of it').waitFor()
  await expect.poll(() => alert(page).count()).toBe(0)
  await expectAccessible(page)
  await page.reload()
  await answers(page).getByText('The model provider reported an error.').waitFor()
  await answers(page).getByRole('button', { name: 'Try again' }).click()
  await seen(page, 'Understood')
  await ended(page)
  await expect.poll(() => answers(page).count()).toBe(1)
  failing = 1
  await ask(page, 'and again')
  await answers(page).last().getByText('The model provider reported an error.').waitFor()
  await ask(page, 'never mind')
  await seen(page, 'Understood')
  await ended(page)
  // Also of an answer that is not the last one.
  await page.reload()
  await answers(page).nth(1).getByText('The model provider reported an error.').waitFor()
})

test('a history that cannot be loaded says so, and is loaded when it is asked for again', async () => {
  await pages.outlast.settled(await pages.outlast.ask('say it', 'unloaded'))
  const page = await pages.open('/', REFUSED)
  // News of the chat load it again, too: nothing else is answered before the button was pressed.
  const pressed = createBarrier()
  let isRefused = true
  await page.route(/unloaded\/messages/, async (route) => {
    if (isRefused) return route.fulfill(problem(403, 'NOT_ALLOWED'))
    await pressed.wait()
    return route.continue()
  })
  await page.goto(new URL('/chats/unloaded', page.url()).href)
  await alert(page).getByText('The chat could not be loaded.').waitFor()
  await expect.poll(() => page.getByText('What shall be done?').count()).toBe(0)
  isRefused = false
  await alert(page).getByRole('button', { name: 'Load the chat again' }).click()
  pressed.release()
  await seen(page, 'Understood')
  await expect.poll(() => alert(page).count(), PATIENCE).toBe(0)
})
