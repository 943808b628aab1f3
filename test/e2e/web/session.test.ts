/** Signing in on the page, in a real browser: what a person sees, and what neither scripts nor other pages get. */
import { expect, test } from 'vitest'
import { createBarrier } from '../../support/barrier.ts'
import { expectAccessible } from './accessible.ts'
import { comeBack, field, keptBy, principalOf, sees, signIn, signOut, usePeople } from './people.ts'

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const people = usePeople()

test('who signs in is where they wanted to be, and stays signed in after a reload', async () => {
  const { token } = await people.tokenOf('ann')
  const page = await people.open('/chats/chat-of-ann')
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await signIn(page, { token })
  await sees(page, 'Secret of ann')
  expect(new URL(page.url()).pathname).toBe('/chats/chat-of-ann')
  await page.reload()
  await sees(page, 'Secret of ann')
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByText('Ann Lee in Acme').waitFor()
})

test('the token is nowhere that a script, a log or another server could read it', async () => {
  const { token } = await people.tokenOf('ann')
  const page = await people.open()
  await signIn(page, { token })
  await sees(page, 'Secret of ann')
  await page.reload()
  await sees(page, 'Secret of ann')
  const readable = await page.evaluate(async () =>
    JSON.stringify([
      document.cookie,
      { ...localStorage },
      { ...sessionStorage },
      (await indexedDB.databases()).map(({ name }) => name),
      await caches.keys(),
      history.state,
      location.href,
      document.documentElement.outerHTML,
      performance.getEntries().map(({ name }) => name),
    ]),
  )
  expect(readable).not.toContain(token)
  expect(people.addresses()).not.toContain(token)
  expect(await people.context.cookies()).toEqual([
    expect.objectContaining({ name: 'outlast', value: token, httpOnly: true, sameSite: 'Strict' }),
  ])
})

test('a token that is none is refused in words, and the field is ready for another one', async () => {
  const page = await people.open()
  await field(page).waitFor()
  await expectAccessible(page)
  await signIn(page, { token: 'ol_wrong' })
  const alert = page.getByRole('alert')
  await alert.waitFor()
  await expect
    .poll(() => alert.textContent())
    .toBe('This token does not let you in: This server does not know the token.')
  await expect.poll(() => field(page).evaluate((one) => one === document.activeElement)).toBe(true)
  await expect.poll(() => field(page).getAttribute('aria-invalid')).toBe('true')
  await expect.poll(() => field(page).getAttribute('type')).toBe('password')
  expect(await people.context.cookies()).toEqual([])
  await expectAccessible(page)
  await signIn(page, await people.tokenOf('ann'))
  await sees(page, 'Secret of ann')
})

test('who signs out leaves nothing behind on the page', async () => {
  const page = await people.open('/chats/chat-of-ann')
  await signIn(page, await people.tokenOf('ann'))
  await sees(page, 'Secret of ann')
  await page.getByLabel('Your message').fill('A secret draft')
  await signOut(page)
  await sees(page, 'You are signed out')
  expect(await people.context.cookies()).toEqual([])
  expect(await keptBy(page)).toEqual([])
  const left = await page.evaluate(() => document.title + document.documentElement.outerHTML)
  expect(left).not.toMatch(/Secret|Ann Lee/)
  await page.reload()
  await page.getByText('This server wants to know who you are').waitFor()
})

test('a token that is revoked while the page is open leads to the sign-in, and back to the same place', async () => {
  const { token, id } = await people.tokenOf('ann')
  const page = await people.open('/chats/chat-of-ann')
  await signIn(page, { token })
  await sees(page, 'Secret of ann')
  await page.getByLabel('Your message').fill('A draft')
  await people.outlast.tokens.revoke(id, 'all')
  await comeBack(page)
  await sees(page, 'You are signed out')
  await signIn(page, await people.tokenOf('ann'))
  await sees(page, 'Secret of ann')
  expect(new URL(page.url()).pathname).toBe('/chats/chat-of-ann')
  await expect.poll(() => page.getByLabel('Your message').inputValue()).toBe('A draft')
})

test('who signs out in one tab is signed out in all', async () => {
  const [one, other] = [await people.open(), await people.open('/chats/chat-of-ann')]
  await signIn(one, await people.tokenOf('ann'))
  await sees(one, 'Secret of ann')
  await other.reload()
  await sees(other, 'Secret of ann')
  await signOut(one)
  await sees(other, 'You are signed out')
  expect(await other.content()).not.toContain('Secret of ann')
})

test('after somebody else signed in, no tab shows anything of the one before', async () => {
  const [one, other] = [await people.open(), await people.open('/chats/chat-of-ann')]
  await signIn(one, await people.tokenOf('ann'))
  await sees(one, 'Secret of ann')
  await comeBack(other)
  await sees(other, 'Secret of ann')
  await signOut(one)
  await sees(other, 'You are signed out')
  await signIn(one, await people.tokenOf('bob'))
  await sees(one, 'Secret of bob')
  await comeBack(other)
  await sees(other, 'Secret of bob')
  for (const page of [one, other]) {
    expect(await page.content()).not.toContain('Secret of ann')
    expect(page.url()).not.toContain('of-ann')
  }
})

test('who becomes somebody else behind the back of a tab sees nothing of the one before there', async () => {
  // What the page asks for before it knows is asked for by somebody who has no such chat.
  const page = await people.open('/chats/chat-of-ann', /status of 404 .*\/chat-of-ann\b/)
  await signIn(page, await people.tokenOf('ann'))
  await sees(page, 'Secret of ann')
  await page.getByLabel('Your message').fill('A secret draft')
  const [cookie] = await people.context.cookies()
  await people.context.addCookies([{ ...cookie!, value: (await people.tokenOf('bob')).token }])
  await comeBack(page)
  await sees(page, 'Secret of bob')
  expect(await page.content()).not.toContain('Secret of ann')
  expect(page.url()).not.toContain('of-ann')
  expect((await keptBy(page)).join()).not.toMatch(/draft|of-ann/)
})

test('news, images and exports come by the cookie, without a ticket in their addresses', async () => {
  const page = await people.open()
  await signIn(page, await people.tokenOf('ann'))
  await sees(page, 'Secret of ann')
  await people.talk('ann', 'News of ann')
  await sees(page, 'News of ann')
  const { url: image } = await people.outlast.engine.files.upload(principalOf('ann'), {
    content: Uint8Array.from(Buffer.from(PIXEL, 'base64')),
    mediaType: 'image/png',
    filename: undefined,
  })
  const width = await page.evaluate(async (src) => {
    const shown = Object.assign(new Image(), { src })
    await shown.decode()
    return shown.naturalWidth
  }, image)
  expect(width).toBe(1)
  await page.getByLabel('Actions for Secret of ann').click()
  const downloading = page.waitForEvent('download')
  await page.getByRole('menuitem', { name: 'Export' }).click()
  await (await downloading).path()
  expect(people.addresses()).not.toContain('ticket')
})

test('a server that cannot say who asks is waited for, and takes nothing away that is shown', async () => {
  const page = await people.open('/', /^Failed to load resource: .* status of 503/)
  await signIn(page, await people.tokenOf('ann'))
  await sees(page, 'Secret of ann')
  const problem = { code: 'STORE_UNAVAILABLE', status: 503, detail: 'The database is away.' }
  await page.route('**/ai-chat/session', (route) =>
    route.fulfill({
      status: 503,
      contentType: 'application/problem+json',
      body: JSON.stringify(problem),
    }),
  )
  const asked = page.waitForResponse('**/ai-chat/session')
  await comeBack(page)
  await asked
  await expect.poll(() => page.getByText('Secret of ann').first().isVisible()).toBe(true)
  await page.reload()
  await page.getByText('The database is away.').waitFor()
  await expectAccessible(page)
  await page.unroute('**/ai-chat/session')
  // It also tries again by itself: nothing is answered before the button was pressed.
  const pressed = createBarrier()
  await page.route('**/ai-chat/session', async (route) => {
    await pressed.wait()
    await route.continue()
  })
  await page.getByRole('button', { name: 'Try again' }).click()
  pressed.release()
  await sees(page, 'Secret of ann')
})

test('a page of another origin can neither use the cookie nor take it away', async () => {
  const page = await people.open()
  await signIn(page, await people.tokenOf('ann'))
  await sees(page, 'Secret of ann')
  const { token } = await people.tokenOf('bob')
  const evil = await people.context.newPage()
  await evil.goto(people.elsewhere)
  await evil.evaluate(
    async ([target, secret]) => {
      const send = (path: string, init: RequestInit = {}) =>
        fetch(target + path, { mode: 'no-cors', credentials: 'include', ...init }).catch(() => null)
      const text = { method: 'POST', headers: { 'content-type': 'text/plain' } }
      await send('/ai-chat/chats')
      await send('/ai-chat/files', { ...text, body: 'x' })
      await send('/ai-chat/stop', { ...text, body: '{"chatId":"chat-of-ann"}' })
      await send('/ai-chat/session', { ...text, body: JSON.stringify({ token: secret }) })
      await send('/ai-chat/session', { method: 'DELETE', mode: 'cors' })
      await send('/ai-chat/chat-of-ann', { method: 'DELETE', mode: 'cors' })
    },
    [people.url, token] as const,
  )
  // As its browser sees it, all is of one site, so the cookie was there; what needs to be allowed first was not sent.
  const strange = () => people.answered().filter(({ site }) => site === 'same-site')
  await expect
    .poll(() => strange().map(({ what, hasCookie, status }) => [what, hasCookie, status]))
    .toEqual([
      ['GET /ai-chat/chats', true, 403],
      ['POST /ai-chat/files', true, 403],
      ['POST /ai-chat/stop', true, 403],
      ['POST /ai-chat/session', true, 403],
      ...Array.from({ length: 2 }, () => [expect.stringMatching(/^OPTIONS/), false, 405]),
    ])
  await page.reload()
  await sees(page, 'Secret of ann')
})
