/** Which part of the axis is seen: how wide it is drawn, and where it is scrolled to. */
import { useLayoutEffect, useRef, useState } from 'react'
import type { Scale } from './scale.ts'
import type { View } from './tools.tsx'

const MINUTE_MS = 60_000

/** @param end - the last moment, of which the last minute is that before it */
export const useView = (scale: Scale, end: number) => {
  const scroller = useRef<HTMLDivElement>(null)
  const [view, setView] = useState<View>('fit')
  const zoom = zoomOf(view, scale, end)
  const before = useRef(zoom)
  const endAt = scale.at(end)
  useLayoutEffect(() => {
    const element = scroller.current
    if (!element) return
    const { clientWidth, scrollWidth, scrollLeft } = element
    if (view === 'minute') element.scrollTo({ left: endAt * scrollWidth - clientWidth })
    else if (before.current !== zoom) {
      // What was in the middle stays there.
      const middle = (scrollLeft + clientWidth / 2) / (clientWidth * before.current)
      element.scrollTo({ left: middle * clientWidth * zoom - clientWidth / 2 })
    }
    before.current = zoom
  }, [view, zoom, endAt])
  return { scroller, view, zoom, setView }
}

const zoomOf = (view: View, scale: Scale, end: number): number => {
  if (view === 'fit') return 1
  if (view !== 'minute') return view
  const share = scale.at(end) - scale.at(Math.max(scale.from, end - MINUTE_MS))
  return share > 0 ? Math.max(1, 1 / share) : 1
}
