/** What one message looks like: Markdown, reasoning, tool calls, sources, files, and how it ended. */
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { usePages } from '../pages.ts'
import { expectAccessible } from './accessible.ts'

const AGENT = fileURLToPath(new URL('scenes/agent.ts', import.meta.url))
const PATIENCE = { timeout: 20_000 }

const pages = usePages(async () => ({ env: { OUTLAST_CONFIG: AGENT } }))

const post = (path: string, body: unknown) =>
  fetch(new URL(`/ai-chat${path}`, pages.server.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

const play = async (scene: string, chatId = scene.replaceAll(' ', '-')) => {
  const answer = await post('', { chatId, message: { parts: [{ type: 'text', text: scene }] } })
  expect(answer.status).toBe(200)
  return answer
}

/** Plays a scene to its end, and shows it. */
const shown = async (scene: string, chatId = `${scene}-chat`) => {
  await (await play(scene, chatId)).text()
  const opened = await open(chatId)
  await atRest(opened.page)
  return opened
}
const open = async (chatId: string) => {
  const { page, complaints } = await pages.open(`/chats/${chatId}`)
  const answer = page.locator('article[data-role="assistant"]')
  await answer.waitFor()
  return { page, answer, complaints }
}

const QUIET_LOOKS = 10
const LOOK_MS = 50

/** Images, formulas and colours come by themselves and move what stands below them, also from under a pointer that is pressed. */
const atRest = (page: Page): Promise<void> =>
  page.evaluate(
    ({ looks, ms }) =>
      new Promise((resolve) => {
        let last = ''
        let same = 0
        const look = () => {
          const boxes = [...document.querySelectorAll('article')].map((one) =>
            one.getBoundingClientRect().toJSON(),
          )
          const now = JSON.stringify(boxes)
          same = now === last ? same + 1 : 0
          last = now
          if (same >= looks) resolve()
          else setTimeout(look, ms)
        }
        look()
      }),
    { looks: QUIET_LOOKS, ms: LOOK_MS },
  )

const widthOf = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth)

const tool = (page: Page, name: string) =>
  page.locator('[data-part="tool"]').and(page.getByLabel(`Tool call: ${name}`, { exact: true }))

test('Markdown is shown as what it means, and everybody can read and reach it', async () => {
  const { page, answer } = await shown('sample')
  await answer.locator('.katex').nth(2).waitFor()
  await expect.poll(() => answer.locator('.katex').count()).toBe(3)
  await expect.poll(() => answer.locator('[data-part] :is(h1, h2)').count()).toBe(0)
  await answer.getByRole('heading', { name: 'The plan', level: 3 }).waitFor()
  expect(await answer.getByRole('checkbox', { name: 'Done' }).isChecked()).toBe(true)
  await expect.poll(() => answer.getByRole('table').getByRole('row').count()).toBe(3)
  await expect.poll(() => answer.getByText('It costs $5, or $10 for two.').count()).toBe(1)
  const code = answer.getByRole('group', { name: 'Code: ts' })
  await expect.poll(() => code.locator('.hljs-keyword').count()).toBeGreaterThan(3)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    for (const width of [1280, 768, 390]) {
      await page.setViewportSize({ width, height: 800 })
      await expect.poll(() => widthOf(page), PATIENCE).toBe(width)
    }
    await expectAccessible(page)
  }
})

test('code is copied as it was written', async () => {
  const { page, answer } = await shown('sample', 'copied')
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await answer.locator('.katex').nth(2).waitFor()
  await atRest(page)
  await answer.getByRole('button', { name: 'Copy the code' }).click()
  await answer.getByRole('button', { name: 'Copied' }).waitFor()
  const copied = await page.evaluate(() => navigator.clipboard.readText())
  expect(copied).toMatch(/^\/\*\* Adds what it is given\. \*\/\nexport const sum = .*\n\}$/s)
})

test('a link says where it leads, and tells that place nothing of this page', async () => {
  const { answer } = await shown('sample', 'links')
  const link = answer.getByRole('link', { name: 'page (example.com)' })
  await expect.poll(() => link.getAttribute('href')).toBe('https://example.com/docs')
  await expect.poll(() => link.getAttribute('target')).toBe('_blank')
  await expect.poll(() => link.getAttribute('rel')).toContain('noreferrer')
  await answer.getByRole('link', { name: 'https://outlast.dev/page', exact: true }).waitFor()
})

test('an image of another server is not loaded, but named and opened by who wants it; one of ours is shown', async () => {
  const asked: string[] = []
  const { page, answer } = await shown('sample', 'images')
  page.on('request', (request) => asked.push(request.url()))
  await page.reload()
  const remote = answer.getByRole('link', { name: 'Image from images.example.com: A chart' })
  await expect.poll(() => remote.getAttribute('href')).toBe('https://images.example.com/chart.png')
  await answer.getByRole('img', { name: 'Pixel' }).waitFor()
  expect(asked.filter((url) => url.includes('example.com'))).toEqual([])
})

test('a text that grows shows no half Markdown', async () => {
  await play('unfinished')
  const { page, answer } = await open('unfinished')
  await answer.getByText('A link').waitFor()
  await expect.poll(() => answer.locator('[data-part="text"]').textContent()).toBe('A link')
  await play('release unfinished')
  await page.getByRole('link', { name: 'link (example.com)' }).waitFor()
})

test('code that grows has its colours before its fence is closed', async () => {
  await play('growing')
  const { answer } = await open('growing')
  const code = answer.getByRole('group', { name: 'Code: ts' })
  await code.locator('.hljs-keyword', { hasText: 'const' }).waitFor()
  await play('release growing')
  await answer.locator('strong', { hasText: 'bo' }).waitFor({ state: 'detached' })
})

test('reasoning is open while it is all there is, and folded as soon as the model speaks', async () => {
  await play('thinking')
  const { answer } = await open('thinking')
  const thought = answer.locator('[data-part="reasoning"]')
  await thought.getByText('Thinking …').waitFor()
  await thought.locator('em', { hasText: 'think' }).waitFor()
  await play('release thinking')
  await answer.getByText('Thought.').waitFor()
  await thought.locator('em').waitFor({ state: 'detached' })
  await thought.getByText('Reasoning').press('Enter')
  await thought.locator('em', { hasText: 'think' }).waitFor()
})

test('a tool call is a card that unfolds to what went in, what came out, and how long it took', async () => {
  const { page } = await shown('tools')
  const look = tool(page, 'look')
  await expect.poll(() => look.getAttribute('data-state')).toBe('done')
  await expect.poll(() => look.locator('summary').textContent()).toBe('lookREADME.mdDone')
  await look.locator('summary').press('Enter')
  await look.getByRole('group', { name: 'Input' }).getByText('"path": "README.md"').waitFor()
  await look.getByRole('group', { name: 'Output' }).getByText('# Outlast').waitFor()
  await look.getByText(/^Took \d/).waitFor()

  const broken = tool(page, 'break')
  await expect.poll(() => broken.getAttribute('data-state')).toBe('failed')
  await broken.locator('summary').click()
  await broken.getByRole('group', { name: 'Error' }).getByText('no such place').waitFor()
  await expectAccessible(page)
})

test('a very long output is cut until somebody wants the whole', async () => {
  const { page } = await shown('tools', 'long-output')
  const long = tool(page, 'long')
  await long.locator('summary').click()
  const output = long.getByRole('group', { name: 'Output' })
  const length = async () => (await output.textContent())?.length
  await expect.poll(length).toBe(4000)
  await long.getByRole('button', { name: /^Show all \d\d,\d{3} characters$/ }).click()
  await expect.poll(length).toBeGreaterThan(20_000)
})

test('what a tool yields is shown as it comes, and what it wrote beside the answer', async () => {
  await play('counting')
  const { page, answer } = await open('counting')
  const hold = tool(page, 'hold')
  await hold.locator('summary').click()
  await hold.getByRole('group', { name: 'Output so far' }).getByText('counted to 1').waitFor()
  await expect.poll(() => hold.getAttribute('data-state')).toBe('running')
  await play('release counting')
  await hold.getByRole('group', { name: 'Output', exact: true }).getByText('counted to 3').waitFor()
  await answer.getByText('Data: progress').click()
  await answer.getByText('"done": 1').waitFor()
})

test('a call that needs a yes shows what it would do, and is executed after it', async () => {
  const { page, answer } = await shown('refund')
  const refund = tool(page, 'refund')
  await expect.poll(() => refund.getAttribute('data-state')).toBe('approval')
  await refund.getByText('"amount": 250').waitFor()
  await expectAccessible(page)
  await refund.getByRole('button', { name: 'Approve' }).click()
  await answer.getByText('It is settled.').waitFor()
  await expect.poll(() => refund.getAttribute('data-state')).toBe('done')
})

test('a call that is denied is not executed, and the model is told why', async () => {
  const { page, answer } = await shown('refund', 'denied')
  const refund = tool(page, 'refund')
  await refund.getByRole('button', { name: 'Deny' }).click()
  await refund.getByLabel('Reason').fill('Too much')
  await refund.getByRole('button', { name: 'Deny it' }).click()
  await answer.getByText('It is settled.').waitFor()
  await expect.poll(() => refund.getAttribute('data-state')).toBe('denied')
  await refund.locator('summary').click()
  await refund.getByText('Reason: Too much').waitFor()
})

test('a tool without a server asks the person, whose JSON is checked first', async () => {
  const { page, answer } = await shown('locate')
  const locate = tool(page, 'locate')
  await locate.getByText('JSON', { exact: true }).click()
  await locate.getByLabel('Output of locate').fill('{"city":')
  await locate.getByRole('button', { name: 'Give the output' }).click()
  await locate.getByText('This is not valid JSON').waitFor()
  await expectAccessible(page)
  await locate.getByLabel('Output of locate').fill('{"city":"Graz"}')
  await locate.getByRole('button', { name: 'Give the output' }).click()
  await answer.getByText('So that is where you are.').waitFor()
  await locate.locator('summary').click()
  await locate.getByRole('group', { name: 'Output' }).getByText('"city": "Graz"').waitFor()
})

test('sources stand together, each once, with the place they are of', async () => {
  const { page } = await shown('sources')
  const sources = page.getByRole('region', { name: 'Sources' })
  await sources.getByRole('link', { name: 'A page (example.com)' }).waitFor()
  await expect
    .poll(() => sources.getByRole('listitem').allTextContents())
    .toEqual(['A page (example.com)', 'The report report.pdf'])
})

test('files are images, or names that one can save', async () => {
  const { page, answer } = await shown('files')
  await answer.getByRole('img', { name: 'Image' }).waitFor()
  const download = page.waitForEvent('download')
  await answer.getByRole('button', { name: 'Save File' }).click()
  expect(await (await (await download).createReadStream()).toArray()).toEqual([
    Buffer.from('a,b\n1,2\n'),
  ])
})

test('an answer that failed keeps what was written, and says why and what helps', async () => {
  const { page, answer } = await shown('filtered')
  await answer.getByText('Half of').waitFor()
  const note = answer.locator('[data-ending="failed"]')
  await note.getByText('The content filter of the model provider ended the answer.').waitFor()
  await note.getByText('Ask in other words.').waitFor()
  await expectAccessible(page)
})

test('an answer that was stopped keeps what was written, and says so', async () => {
  await play('stopped')
  const { answer } = await open('stopped')
  await answer.getByText('Half of').waitFor()
  expect(await (await post('/stop', { chatId: 'stopped' })).json()).toEqual({ stopped: true })
  await answer.locator('[data-ending="aborted"]').getByText('Stopped.').waitFor()
  await answer.getByText('Half of').waitFor()
})
