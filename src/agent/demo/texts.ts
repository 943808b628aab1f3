/** The fixed texts of the demo model: who it is, what it can do, and something long to stream. */
import type { TextCommand } from './command.ts'

export const introduction =
  'I am the built-in demo model of Outlast, not an LLM: I follow a small command language and run real tools, offline and always in the same way.'

const abilities = [
  'list files in docs',
  'read README.md',
  'search for "some text" in docs',
  'count the lines in README.md',
  'fetch https://example.com',
  'wait 5 seconds',
  'calculate 2 + 3 * (4 - 1)',
  'say hello',
  'count to 100',
  'write a long story',
]

export const help = [
  'You can ask me for one of these:',
  abilities.map((ability) => `- ${ability}`).join('\n'),
  'Join them with "and" to run them together, and with "then" to run one after the other: list files and wait 2 seconds, then read README.md and count the words in it.',
].join('\n\n')

/** The text that a command without a tool asks for. */
export const textOf = (command: TextCommand): string => {
  switch (command.verb) {
    case 'say':
      return command.text
    case 'count-to':
      return numbers(command.from, command.to)
    case 'story':
      return story(command.words)
    case 'help':
      return `${introduction}\n\n${help}`
    case 'thank':
      return 'You are welcome. Ask me for more, or say "help" to see what I can do.'
    default:
      return command satisfies never
  }
}

const numbers = (from: number, to: number): string => {
  const step = from <= to ? 1 : -1
  const row = Array.from({ length: Math.abs(to - from) + 1 }, (_, n) => String(from + n * step))
  return `${row.join(', ')}.`
}

const sentences = [
  'A lamp stood on the last rock before the open sea, and Ada kept it burning.',
  'Each evening she climbed the ninety-one steps and wrote the weather into a book.',
  'One night the wind took the telephone line, and nobody on the mainland could hear her.',
  'She lit the lamp all the same, because ships do not ask whether somebody is listening.',
  'At midnight a fishing boat turned in time, and its crew never knew how close the rock had been.',
  'Then the stairs gave way below her, and she had to start again from the landing.',
  'She found her place in the book, read the last line she had written, and went on from there.',
  'The oil was measured, the wick was trimmed, and nothing that was done had to be done twice.',
  'In the morning a rowing boat came out with bread, coffee and a man who asked what he had missed.',
  'Ada gave him the book, and he read the whole night in less time than it takes to boil an egg.',
  'He looked up at the lamp, which was still warm, and asked whether she had been afraid.',
  'Only of stopping, she said, and put the kettle on.',
]

const SENTENCES_A_PARAGRAPH = 4

/** The same sentences again and again, numbered by part, until there are enough words. */
const story = (words: number): string => {
  const paragraphs: string[] = []
  let written = 0
  for (let part = 1; written < words; part += 1) {
    const from = ((part - 1) * SENTENCES_A_PARAGRAPH) % sentences.length
    const paragraph = `Part ${part}. ${sentences.slice(from, from + SENTENCES_A_PARAGRAPH).join(' ')}`
    paragraphs.push(paragraph)
    written += paragraph.split(' ').length
  }
  const all = paragraphs.join('\n\n').split(' ').slice(0, words).join(' ')
  return `A prepared text of ${words} words:\n\n${all}`
}
