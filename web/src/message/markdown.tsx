/** Markdown as it is being written: only what Markdown says becomes markup, never the HTML in it, and nothing is loaded. */
import rehypeHighlight from 'rehype-highlight'
import { memo, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import remarkMath from 'remark-math'
import { defaultRemarkPlugins, Streamdown, type StreamdownProps } from 'streamdown'
import { BoundedBlock, blocksAtRest, blocksGrowing } from './blocks.tsx'
import { components } from './markdown-elements.tsx'
import { mathDelimiters } from './math-delimiters.ts'
import classes from './markdown.module.css'
import './highlight.css'

type HighlightTree = ReturnType<typeof rehypeHighlight>

/** Longer code stays in one colour: it is made anew with each word that is added to it. */
const MOST_HIGHLIGHTED = 20_000

const highlight = (): HighlightTree => {
  const transform = rehypeHighlight()
  return (tree, file) => {
    const { end, start } = tree.position ?? {}
    const length = (end?.offset ?? 0) - (start?.offset ?? 0)
    if (length <= MOST_HIGHLIGHTED) transform(tree, file)
  }
}

/** One dollar is a price more often than a formula. */
const remarkPlugins: NonNullable<StreamdownProps['remarkPlugins']> = [
  ...Object.values(defaultRemarkPlugins),
  [remarkMath, { singleDollarTextMath: false }],
]
const rehypePlugins = [highlight]
const remend = { linkMode: 'text-only' } as const

type Props = {
  readonly text: string
  readonly isGrowing: boolean
  /** Its blocks have been in sight, so the browser knows how high those are that it need not draw. */
  readonly wasSeenGrowing: boolean
}

const Markdown = memo(({ text, isGrowing, wasSeenGrowing }: Props) => {
  const { t } = useTranslation()
  const footnoteLabel = t('message.footnotes')
  const remarkRehypeOptions = useMemo(() => ({ footnoteLabel }), [footnoteLabel])
  return (
    <Streamdown
      className={`${classes.markdown} ${wasSeenGrowing ? classes.seen : ''}`}
      components={components}
      controls={false}
      isAnimating={isGrowing}
      parseIncompleteMarkdown={isGrowing}
      parseMarkdownIntoBlocksFn={isGrowing ? blocksGrowing : blocksAtRest}
      BlockComponent={BoundedBlock}
      remarkPlugins={remarkPlugins}
      remarkRehypeOptions={remarkRehypeOptions}
      rehypePlugins={rehypePlugins}
      remend={remend}
    >
      {mathDelimiters(text)}
    </Streamdown>
  )
})
Markdown.displayName = 'Markdown'

export default Markdown
