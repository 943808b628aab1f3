/** The words in which an answer is written for every provider: each server says them in its own API. */
import { type Barrier, createBarrier } from '../barrier.ts'

export type EndReason = 'stop' | 'calls' | 'length' | 'refusal'

/** `open`: it begins and does not end; the next word has to be a halt. */
export type Word =
  | { say: 'think'; text: string; open?: boolean }
  | { say: 'text'; text: string; open?: boolean }
  | { say: 'call'; name: string; input: unknown; id?: string; open?: boolean }
  /** The provider executes its own tool; without `result` the result comes in a later answer, or never. */
  | { say: 'search'; query: string; result: boolean }
  /** The result of a search that an earlier answer began. */
  | { say: 'found' }
  | { say: 'image'; data: string }
  | { say: 'end'; reason: EndReason }
  | { say: 'status'; status: number; headers: Record<string, string>; body: unknown }
  /** An error inside the stream, as the provider sends it. */
  | { say: 'error'; frame: unknown }
  | Halt

/** `hang`: nothing more is sent. `break`: the connection breaks. `cut`: the body ends, cleanly and too early. */
export type Halt = { say: 'hang'; at: Barrier } | { say: 'break' | 'cut' }

export type Answer = readonly Word[]

export const think = (text: string): Word => ({ say: 'think', text })
export const text = (content: string): Word => ({ say: 'text', text: content })
/** An input that is a string is sent as it is: so it may be no JSON at all. */
export const call = (name: string, input: unknown = {}, id?: string): Word => ({
  say: 'call',
  name,
  input,
  ...(id === undefined ? {} : { id }),
})
export const search = (query: string, { result = true } = {}): Word => ({
  say: 'search',
  query,
  result,
})
export const found = (): Word => ({ say: 'found' })
export const image = (data: string): Word => ({ say: 'image', data })
export const end = (reason: EndReason = 'stop'): Word => ({ say: 'end', reason })
export const status = (
  code: number,
  body: unknown,
  headers: Record<string, string> = {},
): Word => ({ say: 'status', status: code, headers, body })
export const error = (frame: unknown): Word => ({ say: 'error', frame })
/** `at.reached` tells that the answer hangs. */
export const hang = (at: Barrier = createBarrier()): Word => ({ say: 'hang', at })
export const broken: Word = { say: 'break' }
export const cut: Word = { say: 'cut' }

/** The part begins and never ends. */
export const open = (word: Word): Word => ({ ...word, open: true }) as Word

export const isHalt = (word: Word): word is Halt => ['hang', 'break', 'cut'].includes(word.say)

/** A text in two pieces, the way models stream. */
export const pieces = (content: string): string[] => {
  const half = Math.ceil(content.length / 2)
  return [content.slice(0, half), content.slice(half)].filter((piece) => piece !== '')
}

export const jsonOf = (input: unknown): string =>
  typeof input === 'string' ? input : JSON.stringify(input)
