/** A text as it is drawn: the first screen at once, the rest when there is time, and never more often than it can be drawn. */
import { useDeferredValue, useEffect, useLayoutEffect, useRef, useState } from 'react'

/** About as much as a screen holds. */
const FIRST_CHARS = 4000
/** For each moment of drawing so many are left to everything else. */
const REST = 3

/** @returns the text or, while it is being drawn, what is there of it */
export const usePaced = (text: string, isGrowing: boolean): string => {
  const [asked, setAsked] = useState(text)
  const askedAt = useRef<number>(undefined)
  const readyAt = useRef(0)
  const shown = useDeferredValue(isGrowing ? asked : text, text.slice(0, FIRST_CHARS))
  useLayoutEffect(() => {
    if (askedAt.current === undefined) return
    const now = performance.now()
    readyAt.current = now + REST * (now - askedAt.current)
  }, [shown])
  useEffect(() => {
    // Whoever asks again before it is drawn begins the drawing anew.
    if (!isGrowing || text === asked || shown !== asked) return undefined
    const ask = () => {
      askedAt.current = performance.now()
      setAsked(text)
    }
    const timer = setTimeout(ask, Math.max(0, readyAt.current - performance.now()))
    return () => clearTimeout(timer)
  }, [text, isGrowing, asked, shown])
  return shown
}
