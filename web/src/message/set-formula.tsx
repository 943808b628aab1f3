/** A formula as KaTeX sets it: commands that make links, load or style are refused, sizes and expansions bounded. */
import katex from 'katex'
import 'katex/dist/katex.min.css'
import { useLayoutEffect, useRef } from 'react'
import type { FormulaProps } from './formula.tsx'
import classes from './markdown.module.css'

/** More is no formula, and would hold the page. */
const MOST = 10_000

/** Into the element, not into a string: the page's security policy allows no style in markup. */
const set = (span: HTMLElement, tex: string, isBlock: boolean): void => {
  try {
    if (tex.length <= MOST)
      return katex.render(tex, span, {
        displayMode: isBlock,
        // What KaTeX shows of an error has a style in its markup.
        throwOnError: true,
        strict: 'ignore',
        trust: false,
        maxSize: 10,
        maxExpand: 200,
      })
  } catch (error) {
    if (!(error instanceof katex.ParseError)) throw error
  }
  // Wrong, not yet complete, or too long: what was written is what can be read of it.
  span.textContent = tex
}

const SetFormula = ({ tex, isBlock = false }: FormulaProps) => {
  const place = useRef<HTMLSpanElement>(null)
  useLayoutEffect(() => {
    const span = place.current
    if (span) set(span, tex, isBlock)
  }, [tex, isBlock])
  return <span ref={place} className={isBlock ? classes.formula : undefined} />
}

export default SetFormula
