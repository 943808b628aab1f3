/** What a page of the application showed, moment by moment, and what of that must be true whatever happens. */
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

export type Moment = {
  /** Text by message; a message that is there twice is listed twice. */
  readonly messages: readonly { readonly id: string; readonly text: string }[]
  /** What is told calmly. */
  readonly notes: readonly string[]
  /** What is told as an error. */
  readonly alerts: readonly string[]
  readonly title: string
}

/** Has to be called before the page is opened. */
export const recordMoments = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    const moments: Moment[] = []
    Object.assign(window, { moments })
    const textsOf = (selector: string, root: ParentNode = document) =>
      [...root.querySelectorAll(selector)].map((element) => element.textContent).filter(Boolean)
    const look = () => {
      const moment: Moment = {
        messages: [...document.querySelectorAll('[data-message-id]')].map((message) => ({
          id: message.getAttribute('data-message-id')!,
          text: textsOf('[data-part="text"]', message).join('\n').trim(),
        })),
        notes: textsOf('[role="status"]'),
        alerts: textsOf('[role="alert"]'),
        title: document.title,
      }
      if (JSON.stringify(moments.at(-1)) !== JSON.stringify(moment)) moments.push(moment)
    }
    new MutationObserver(look).observe(document, {
      ...{ childList: true, subtree: true, characterData: true },
    })
  })

export const momentsOf = (page: Page): Promise<Moment[]> => page.evaluate<Moment[]>('moments')

/** Each note that was shown in this document, in the order in which they came. */
export const notesOf = async (page: Page): Promise<string[]> => [
  ...new Set((await momentsOf(page)).flatMap(({ notes }) => notes)),
]

export const titlesOf = async (page: Page): Promise<string[]> => [
  ...new Set((await momentsOf(page)).map(({ title }) => title)),
]

/**
 * The page shows these messages; at no moment was one of them there twice, with a text that is not its beginning, or beside an
 * error.
 */
export const expectSeamless = async (
  page: Page,
  stored: ReadonlyMap<string, string>,
): Promise<void> => {
  const shown = async () => {
    const { messages = [] } = (await momentsOf(page)).at(-1) ?? {}
    return messages.map(({ id, text }) => [id, text])
  }
  await expect.poll(shown, { timeout: 20_000 }).toEqual([...stored])
  for (const { messages, alerts } of await momentsOf(page)) {
    expect(alerts).toEqual([])
    const ids = messages.map(({ id }) => id)
    expect(new Set(ids).size, `in ${JSON.stringify(messages)}`).toBe(ids.length)
    for (const { id, text } of messages) {
      const whole = stored.get(id)
      // A question has the id that the page gave it from its first moment on; an answer that of the server.
      expect(whole?.startsWith(text), `${JSON.stringify(text)} begins ${whole}`).toBe(true)
    }
  }
}
