/** What a client ends with, held against what the database has. */
import { isDeepStrictEqual } from 'node:util'
import type { UIMessage } from 'ai'
import type { Page } from './page.ts'

/** From good to bad. */
export const VERDICTS = [
  /** Its messages are those of the database, part for part. */
  'same',
  /** It has left, and the run goes on. */
  'left',
  /** It shows an error in place of the rest. */
  'error',
  /** It takes a part of the answer for the whole, or for another one. */
  'differs',
  /** It shows more than was said. */
  'doubles',
] as const

export type Verdict = (typeof VERDICTS)[number]

export type Outcome = {
  readonly verdict: Verdict
  /** Both sides, where they differ. */
  readonly shown?: unknown
  readonly stored?: unknown
}

export const compare = (page: Page, stored: readonly UIMessage[]): Outcome => {
  const shown = plain(page.messages)
  if (isDeepStrictEqual(shown, plain(stored)) && !page.hasError) return { verdict: 'same' }
  return { verdict: verdictOf(page, stored), shown, stored: plain(stored) }
}

const verdictOf = (page: Page, stored: readonly UIMessage[]): Verdict => {
  if (page.hasError) return 'error'
  const [shown, said] = [sizeOf(page.messages), sizeOf(stored)]
  return shown.parts > said.parts || shown.characters > said.characters ? 'doubles' : 'differs'
}

/** As JSON, in the names of the newest version: those that PROTOCOL.md says older ones have are put right. */
const plain = (messages: readonly UIMessage[]): unknown =>
  JSON.parse(JSON.stringify(messages), (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('type' in value)) return value
    if (value.type === 'reasoning') return { ...value, id: undefined }
    if (!('rawInput' in value)) return value
    const { rawInput, ...part } = value
    return { input: rawInput, ...part }
  })

const sizeOf = (messages: readonly UIMessage[]) => {
  const parts = messages.flatMap((message) => message.parts)
  const texts = parts.map((part) => ('text' in part ? part.text : ''))
  return { parts: parts.length, characters: texts.join('').length }
}
