/** Keeps the end of the page in view while it grows, unless one has scrolled away from it. */
import { useEffect, useLayoutEffect, useRef } from 'react'

const NEAR_PX = 120

/** @returns a function that goes back to the end and stays there */
export const useStickToEnd = (content: unknown, note: unknown): (() => void) => {
  const sticks = useRef(true)
  useEffect(() => {
    const onScroll = () => {
      const { scrollHeight } = document.documentElement
      sticks.current = window.innerHeight + window.scrollY >= scrollHeight - NEAR_PX
    }
    window.addEventListener('scroll', onScroll, { passive: true })
    return () => window.removeEventListener('scroll', onScroll)
  }, [])
  useLayoutEffect(() => {
    if (sticks.current) window.scrollTo(0, document.documentElement.scrollHeight)
  }, [content, note])
  return () => {
    sticks.current = true
  }
}
