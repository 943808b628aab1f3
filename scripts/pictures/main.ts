/**
 * `npm run pictures`: the pictures of README and docs, taken of the real thing: a real server that is killed in the middle of a
 * turn, started again, and looked at in a real browser.
 */
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { serve, type Served } from '../../test/e2e/served.ts'
import { launchBrowser } from '../../test/support/browser.ts'

const FOLDER = fileURLToPath(new URL('../../docs/images/', import.meta.url))
const QUESTION = 'Which supplier should we reorder the 608 bearings from? We need 2,000.'

const take = async (page: Page, name: string) => {
  // Sharp on every screen, and small enough for a page.
  await page.screenshot({ path: `${FOLDER}${name}.png`, animations: 'disabled' })
  console.log(`docs/images/${name}.png`)
}

const killed = async (server: Served, page: Page) => {
  await page.getByLabel('Your message').fill(QUESTION)
  await page.getByLabel('Your message').press('Enter')
  // Two of three tools have answered: their results are journaled, the third is at work.
  await page.locator('[data-part="tool"][data-state="done"]').nth(1).waitFor()
  await server.kill()
  await page
    .getByRole('status')
    .filter({ hasText: /reconnect/i })
    .first()
    .waitFor()
  await server.start()
  await page.getByText('and sent nothing').waitFor()
  await page.getByRole('button', { name: 'Send' }).waitFor()
}

await mkdir(FOLDER, { recursive: true })
await using server = await serve({
  env: { OUTLAST_CONFIG: fileURLToPath(new URL('agent.ts', import.meta.url)) },
})
const browser = await launchBrowser()
try {
  const context = await browser.newContext({
    viewport: { width: 1200, height: 1000 },
    deviceScaleFactor: 1.5,
    colorScheme: 'light',
  })
  const page = await context.newPage()
  await page.goto(server.url)
  await killed(server, page)
  await take(page, 'chat')
  await page.getByRole('link', { name: /run/i }).last().click()
  await page
    .getByRole('button', { name: /reviews/ })
    .first()
    .click()
  await take(page, 'inspector')
} finally {
  await browser.close()
}
