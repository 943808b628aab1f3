/** One clause of a message, and what a reader of clauses makes of it. */
import type { Command } from './command.ts'
import type { Mentioned } from './targets.ts'
import type { Token } from './tokens.ts'
import type { Verb } from './vocabulary.ts'

export type Clause = {
  verb: Verb
  /** The words of the verb, in lower case. */
  phrase: string
  /** What stands behind the verb. */
  tokens: readonly Token[]
  source: string
  mentioned: Mentioned
}

/** `undefined` means that the whole clause was not understood. */
export type Reading = { commands: Command[]; problems: string[] } | undefined

/** What is said about words that were left out. */
export const ignoredWords = (words: readonly string[]): string[] =>
  words.length === 0 ? [] : [`I did not use ${words.map((word) => `"${word}"`).join(', ')}.`]

/** The answer to an "it" that nothing was named for. */
export const unknownIt: Reading = {
  commands: [],
  problems: ['I do not know what "it" stands for: name a file, a folder or a URL.'],
}
