/** The blocks of a text, each drawn only when it changes; one that would hold the page stays plain. */
import { Block, parseMarkdownIntoBlocks, type BlockProps } from 'streamdown'
import classes from './message.module.css'

/** Up to here one block is quick enough to draw, each time that it grows and once that it is there. */
const MOST_GROWING = 8000
const MOST_AT_REST = 30_000
const NOTES_AND_NAMED_LINKS = /\[(?=\^)|(?<=^ {0,3})\[(?=[^\]\n]+\]:)/gm

/** Deeper than anybody quotes, and more than the stack of a parser holds. */
const DEEP = /(?:> ?){100}/

/** Notes and named links would make one block of the whole text: a long one does without them. */
const blocksOf = (text: string, most: number): string[] => {
  if (DEEP.test(text)) return [text]
  if (text.length <= most || text.includes('\r')) return parseMarkdownIntoBlocks(text)
  let from = 0
  // As long as it was, so that the places are the same.
  return parseMarkdownIntoBlocks(text.replaceAll(NOTES_AND_NAMED_LINKS, '(')).map((block) => {
    from += block.length
    return text.slice(from - block.length, from)
  })
}

export const blocksGrowing = (text: string): string[] => blocksOf(text, MOST_GROWING)
export const blocksAtRest = (text: string): string[] => blocksOf(text, MOST_AT_REST)

const MOST_CHARS = 100_000
const FENCE = /^ {0,3}(?:```|~~~)/

/** The time that a paragraph takes grows with the square of these. */
const MARKS = /[*_~[\]|>$`]/g
const MOST_MARKS = 3000
const NEXT_PARAGRAPH = /\n\s*(?:\n|[-*+] |\d+[.)] |\|)/

const isTooMuch = (content: string): boolean =>
  content.length > MOST_CHARS ||
  DEEP.test(content) ||
  (content.length > MOST_MARKS &&
    !FENCE.test(content) &&
    content.split(NEXT_PARAGRAPH).some((one) => (one.match(MARKS)?.length ?? 0) > MOST_MARKS))

export const BoundedBlock = (props: BlockProps) =>
  isTooMuch(props.content) ? (
    <div className={classes.plain}>{props.content}</div>
  ) : (
    <Block {...props} />
  )
