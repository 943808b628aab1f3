/** An answer that waits for a person: it goes on when they have decided, and the first one who does counts. */
import { tool } from 'ai'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../../src/agent/define-agent.ts'
import {
  finishPart,
  scriptedModel,
  textParts,
  toolCallParts,
} from '../../support/scripted-model.ts'
import { ask, ended, seen } from '../pages.ts'
import { expectAccessible } from './accessible.ts'
import { useInProcess } from './in-process.ts'

const PATIENCE = { timeout: 20_000 }

const refund = (id: string, orderId: string) =>
  toolCallParts({ id, name: 'refund', input: { orderId } })

const model = scriptedModel((_, { prompt }) => {
  const last = prompt.at(-1)!
  if (last.role === 'tool')
    return [...textParts(`All is done: ${JSON.stringify(last.content)}`), finishPart()]
  const asked = JSON.stringify(last.content)
  if (asked.includes('where'))
    return [...toolCallParts({ id: 'l1', name: 'locate', input: {} }), finishPart('tool-calls')]
  const calls = asked.includes('two')
    ? [...refund('r1', 'A'), ...refund('r2', 'B')]
    : refund('r1', 'A')
  return [...calls, finishPart('tool-calls')]
})

const executed: string[] = []
const pages = useInProcess([
  defineAgent({
    name: 'a',
    model,
    tools: {
      refund: tool({
        inputSchema: z.object({ orderId: z.string() }),
        needsApproval: true,
        execute: ({ orderId }) => {
          executed.push(orderId)
          return `refunded ${orderId}`
        },
      }),
      locate: tool({
        inputSchema: z.object({}),
        outputSchema: z.object({ city: z.string() }),
      }),
    },
  }),
])

const card = (page: Page, index = 0) => page.locator('[data-part="tool"]').nth(index)

test('an approved call is executed, and the answer goes on in every tab', async () => {
  const page = await pages.open('/chats/approve')
  await ask(page, 'refund one')
  await card(page).getByRole('button', { name: 'Approve' }).waitFor()
  await page.getByText('The answer goes on when you have decided.').waitFor()
  await expectAccessible(page)
  const other = await pages.open('/chats/approve')
  await card(other).getByRole('button', { name: 'Approve' }).waitFor()
  await card(page).getByRole('button', { name: 'Approve' }).click()
  await seen(page, 'refunded A')
  await seen(other, 'refunded A')
  await ended(page)
  await expect.poll(() => card(page).getAttribute('data-state')).toBe('done')
  expect(executed).toEqual(['A'])
})

test('a call is denied with a reason that the model is told', async () => {
  executed.length = 0
  const page = await pages.open('/chats/deny')
  await ask(page, 'refund one')
  await card(page).getByRole('button', { name: 'Deny' }).click()
  await card(page).getByLabel('Reason').fill('It was never ordered')
  await card(page).getByRole('button', { name: 'Deny it' }).click()
  await seen(page, 'never ordered')
  await expect.poll(() => card(page).getAttribute('data-state')).toBe('denied')
  expect(executed).toEqual([])
})

test('each decision counts at once: a reload between two of them loses none', async () => {
  executed.length = 0
  const page = await pages.open('/chats/two')
  await ask(page, 'refund two')
  await card(page, 1).getByRole('button', { name: 'Approve' }).waitFor()
  await card(page, 0).getByRole('button', { name: 'Approve' }).click()
  await card(page, 0).getByRole('button', { name: 'Approve' }).waitFor({ state: 'detached' })
  await page.reload()
  await card(page, 1).getByRole('button', { name: 'Approve' }).click()
  await seen(page, 'refunded B')
  expect(executed.toSorted()).toEqual(['A', 'B'])
})

test('who decides too late is told so, and sees what was decided', async () => {
  executed.length = 0
  const page = await pages.open('/chats/late')
  await ask(page, 'refund one')
  await card(page).getByRole('button', { name: 'Approve' }).waitFor()
  // Somebody else is quicker, and this tab has not heard of it yet.
  await page.route('**/decisions', async (route) => {
    const response = await fetch(route.request().url(), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: route.request().postData()!.replace('true', 'false'),
    })
    expect(response.status).toBe(200)
    await seen(page, 'denied')
    await route.continue()
  })
  await card(page).getByRole('button', { name: 'Approve' }).click()
  await page.getByText('Somebody had decided before.').waitFor()
  await expect.poll(() => card(page).getAttribute('data-state')).toBe('denied')
  expect(executed).toEqual([])
})

test('a tool that the person executes takes an output that fits, and says why another does not', async () => {
  const page = await pages.open('/chats/where', /status of 400/)
  await ask(page, 'where am I')
  const box = card(page).getByLabel('Output of locate')
  await box.fill('Berlin')
  await card(page).getByRole('button', { name: 'Give the output' }).click()
  await page.getByText('Your decision did not arrive').waitFor()
  await card(page).getByText('JSON', { exact: true }).click()
  await box.fill('{ "city": "Berlin" }')
  await card(page).getByRole('button', { name: 'Give the output' }).click()
  await seen(page, 'Berlin')
  await ended(page)
  await expect.poll(() => card(page).getAttribute('data-state')).toBe('done')
})

test('a new message ends the wait, and the page says so before', async () => {
  const page = await pages.open('/chats/instead')
  await ask(page, 'refund one')
  await card(page).getByRole('button', { name: 'Approve' }).waitFor()
  await page.getByLabel('Your message').fill('where am I instead')
  await page.getByText('A new message ends that.').waitFor()
  await page.getByLabel('Your message').press('Enter')
  await page.getByLabel('Output of locate').waitFor()
  await expect.poll(() => card(page).getAttribute('data-state'), PATIENCE).toBe('denied')
})
