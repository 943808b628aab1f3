/** Reads what is to be said without any tool: a given text, or a long one. */
import { numbersIn } from './numbers.ts'
import type { Clause, Reading } from './reading.ts'
import { rawText } from './tokens.ts'

/** The text behind `say`, as it stands; a text in quotes without them. */
export const readSay = ({ tokens, source, phrase }: Clause): Reading => {
  const start = tokens.findIndex((token) => token.lower !== ':' && token.lower !== ',')
  const rest = start < 0 ? [] : tokens.slice(start)
  const [only, ...more] = rest
  const text =
    only?.kind === 'quoted' && more.every((token) => token.kind === 'mark')
      ? only.text
      : rawText(source, rest)
  return text.trim() === ''
    ? { commands: [], problems: [`What should I say? I found no text behind "${phrase}".`] }
    : { commands: [{ verb: 'say', text }], problems: [] }
}

const nouns =
  /^(?:story|stories|tale|poem|essay|text|novel|article|answer|message|letter|speech|paragraphs?|words?|sentences?|lines|lorem|ipsum|reply|response|something|nonsense)$/

const MAX_WORDS = 5_000
const WORDS_A_PARAGRAPH = 60

/** `a very long story`, `500 words`, `three paragraphs`; what it is about cannot be chosen. */
export const readWrite = ({ tokens, phrase }: Clause): Reading => {
  const words = [
    ...phrase.split(' '),
    ...tokens.filter(({ kind }) => kind === 'word').map(({ lower }) => lower),
  ]
  const noun = words.find((word) => nouns.test(word))
  if (noun === undefined || tokens.some((token) => token.kind === 'quoted')) return undefined
  const [number] = numbersIn(words).filter((value) => value !== undefined)
  const about = words.findIndex((word) => /^(?:about|of|on|where|who|in)$/.test(word))
  const wanted =
    number === undefined
      ? lengthOf(words)
      : number * (noun.startsWith('paragraph') ? WORDS_A_PARAGRAPH : 1)
  const isTooLong = wanted > MAX_WORDS
  return {
    commands: [
      {
        verb: 'story',
        words: Math.round(Math.min(Math.max(wanted, 10), MAX_WORDS)),
        isSlow: words.some((word) => word.startsWith('slow')),
      },
    ],
    problems: [
      ...(isTooLong ? [`I write at most ${MAX_WORDS} words.`] : []),
      ...(about > 0 && noun !== 'words'
        ? ['I have one story only and cannot choose what it is about.']
        : []),
    ],
  }
}

const lengthOf = (words: readonly string[]): number => {
  const isVery = words.some((word) => /^(?:very|really|extremely|huge|endless|epic)$/.test(word))
  if (words.some((word) => /^(?:long|longer|lengthy|big|huge|endless|epic|novel)$/.test(word)))
    return isVery ? 2_000 : 800
  return words.some((word) => /^(?:short|brief|small|tiny|quick)$/.test(word)) ? 80 : 300
}
