/** Whatever a person, a model or a tool says, the page shows it: it executes nothing, and loads nothing by itself. */
import { fileURLToPath } from 'node:url'
import type { Locator, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { usePages } from '../pages.ts'
import { PAYLOADS } from './scenes/payloads.ts'

const AGENT = fileURLToPath(new URL('scenes/agent.ts', import.meta.url))
const MINUTES = 300_000

const pages = usePages(async () => ({ env: { OUTLAST_CONFIG: AGENT } }))

const api = async (path: string, body: unknown, method: 'POST' | 'PATCH' = 'POST') => {
  const answer = await fetch(new URL(`/ai-chat${path}`, pages.server.url), {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect([path, answer.status]).toEqual([path, 200])
  return answer.text()
}

/** The payload as what a person says and names, and as what model and tools make of it. */
const stage = async (index: number) => {
  const payload = PAYLOADS[index]!
  const chatId = `hostile-${index}`
  const file = { type: 'file', mediaType: 'text/plain', url: 'data:text/plain;base64,eA==' }
  const parts = [
    { type: 'text', text: `hostile ${index} ` },
    { type: 'text', text: payload },
    { ...file, filename: payload.slice(0, 200) },
  ]
  const stream = await api('', { chatId, message: { parts } })
  await api(`/${chatId}`, { title: payload.slice(0, 200) }, 'PATCH')
  return { chatId, messageId: /"messageId":"([^"]+)"/.exec(stream)![1] }
}

/** Shows what was staged, without loading the page again. @returns the answer */
const visit = async (page: Page, index: number): Promise<Locator> => {
  const { chatId, messageId } = await stage(index)
  await page.evaluate((path) => history.pushState(null, '', path), `/chats/${chatId}`)
  const answer = page.locator(`article[data-message-id="${messageId}"]`)
  await answer.waitFor()
  return answer
}

/** What of a page could run, load or lead astray; nothing is what is expected. */
const suspicious = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const FORBIDDEN =
      'script, iframe, frame, object, embed, form, meta, base, link, style, video, audio, template, noscript, foreignObject, image, animate, use'
    const SAFE = /^(?:https?:\/\/|mailto:|\/ai-chat\/files\/|\/runs\/|\/chats\/)/
    const LOADED = /^(?:data:image\/|blob:|\/ai-chat\/files\/)/
    const places = [...document.querySelectorAll('article, [aria-label="Chats"]')]
    const found = places.flatMap((place) =>
      [...place.querySelectorAll('*')].flatMap((element) => {
        const name = element.localName
        const wrong = element.matches(FORBIDDEN) ? [`<${name}>`] : []
        const isForeign = name === 'svg' || name === 'math'
        if (isForeign && !element.closest('.tabler-icon, .katex, .mantine-Loader-root'))
          wrong.push(`<${name}>`)
        if (name === 'a' && element.getAttribute('target') === '_blank')
          if (!element.getAttribute('rel')?.includes('noreferrer')) wrong.push('a link that tells')
        for (const { name: key, value } of element.attributes) {
          const isOdd =
            /^on|^srcdoc$|^formaction$|^action$|^srcset$|^ping$|^background$/.test(key) ||
            (key.endsWith('href') && !SAFE.test(value)) ||
            (/^(?:src|data|poster)$/.test(key) && !LOADED.test(value)) ||
            (key === 'style' && /url\(|fixed/.test(value))
          if (isOdd) wrong.push(`${name}[${key}=${value.slice(0, 100)}]`)
        }
        return wrong
      }),
    )
    const global = globalThis as { ran?: boolean }
    const isPolluted = 'polluted' in {}
    const isWide = document.documentElement.scrollWidth > innerWidth + 1
    return [
      ...found,
      ...(global.ran ? ['a script ran'] : []),
      ...(isPolluted ? ['a prototype was changed'] : []),
      ...(isWide ? ['the page is wider than the window'] : []),
    ]
  })

/** Opens what is folded, also what is folded in that. */
const unfold = async (answer: Locator): Promise<void> => {
  const folds = answer.locator('details:not([open])')
  const open = (all: readonly Element[]) => {
    for (const one of all as readonly HTMLDetailsElement[]) one.open = true
  }
  await expect.poll(() => folds.evaluateAll(open).then(() => folds.count())).toBe(0)
}

const watch = async (page: Page) => {
  const noticed: string[] = []
  await page.addInitScript(() => {
    Object.assign(globalThis, { canary: () => Object.assign(globalThis, { ran: true }) })
  })
  page.on('dialog', (dialog) => {
    noticed.push(`a dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('popup', () => noticed.push('another window'))
  page.on('request', (request) => {
    const url = new URL(request.url())
    const isHere = url.origin === new URL(pages.server.url).origin
    if (!isHere && url.protocol !== 'data:' && url.protocol !== 'blob:') noticed.push(url.href)
  })
  return noticed
}

test('the corpus has more than 50 ways in', () => {
  expect(new Set(PAYLOADS).size).toBe(PAYLOADS.length)
  expect(PAYLOADS.length).toBeGreaterThan(50)
})

test('what would run, load or lead astray is noticed', async () => {
  const { page, complaints } = await pages.open('/')
  complaints.expect(/script-src|404/)
  const noticed = await watch(page)
  await page.reload()
  await page.evaluate(() => {
    const article = document.createElement('article')
    const [link, image, frame, canary] = ['a', 'img', 'iframe', 'button'].map((name) =>
      article.appendChild(document.createElement(name)),
    )
    link!.setAttribute('href', 'javascript:canary()')
    image!.setAttribute('src', '/elsewhere.png')
    frame!.setAttribute('srcdoc', '')
    canary!.setAttribute('onclick', 'canary()')
    document.body.append(article)
    ;(globalThis as unknown as { canary(): void }).canary()
    open('/')
  })
  expect(await suspicious(page)).toEqual([
    'a[href=javascript:canary()]',
    'img[src=/elsewhere.png]',
    '<iframe>',
    'iframe[srcdoc=]',
    'button[onclick=canary()]',
    'a script ran',
  ])
  await expect.poll(() => noticed).toEqual(['another window'])
})

test(
  'no message, reasoning, tool call, source, file, name or title runs, loads or leads astray',
  async () => {
    const { page } = await pages.open('/')
    const noticed = await watch(page)
    await page.setViewportSize({ width: 1280, height: 4000 })
    for (const index of PAYLOADS.keys()) {
      const answer = await visit(page, index)
      await answer.locator('[data-part="sources"]').waitFor()
      expect.soft([index, await suspicious(page)]).toEqual([index, []])
      await unfold(answer)
      await answer.locator('[data-part="tool"][data-state="failed"]').first().waitFor()
      expect.soft([index, await suspicious(page)]).toEqual([index, []])
      expect.soft([index, noticed]).toEqual([index, []])
    }
  },
  MINUTES,
)

test('what looks like a link and is none leads nowhere, however it is pressed', async () => {
  const { page } = await pages.open('/')
  const noticed = await watch(page)
  for (const [index, payload] of PAYLOADS.entries()) {
    if (!payload.startsWith('[press](')) continue
    const words = (await visit(page, index)).locator('[data-part="text"]').last()
    await words.getByText('press').first().click()
    await words
      .getByText('press')
      .first()
      .click({ modifiers: ['Control'] })
    expect([payload, await suspicious(page)]).toEqual([payload, []])
  }
  expect(noticed).toEqual([])
})
