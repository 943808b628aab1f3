/** Who looks at the end of a scrolled box stays there while it grows; who has scrolled up stays where they are. */
import { useCallback, useRef, useState, type PointerEvent, type RefObject } from 'react'

/** Whoever scrolls down to here means the end. */
const NEAR_PX = 48
/** So long after a wheel, a touch or a key the box moves because of it. */
const INTENT_MS = 1000

export const useStickToEnd = (box: RefObject<HTMLElement | null>) => {
  const sticks = useRef(true)
  const before = useRef({ top: 0, height: 0 })
  const intendedAt = useRef(Number.NEGATIVE_INFINITY)
  const isPressed = useRef(false)
  const [isAway, setIsAway] = useState(false)

  /** To be called whenever the content may have grown. What somebody presses stays below the pointer, or it would not be clicked. */
  const keep = useCallback(() => {
    if (sticks.current && !isPressed.current)
      box.current?.scrollTo({ top: box.current.scrollHeight })
  }, [box])
  const toEnd = useCallback(() => {
    sticks.current = true
    intendedAt.current = Number.NEGATIVE_INFINITY
    setIsAway(false)
    keep()
  }, [keep])
  const leave = useCallback(() => {
    sticks.current = false
  }, [])
  const onScroll = useCallback(() => {
    if (!box.current) return
    const { scrollTop: top, scrollHeight: height, clientHeight } = box.current
    const rest = height - top - clientHeight
    const { top: lastTop, height: lastHeight } = before.current
    before.current = { top, height }
    const isIntended = performance.now() - intendedAt.current < INTENT_MS
    // A list that has measured what it had guessed moves, too; its height is another one then.
    const isMeant = isIntended || (height === lastHeight && rest > NEAR_PX)
    // Content that becomes shorter brings the end to whoever has left it: only a way down leads back there.
    if (top > lastTop && rest <= NEAR_PX) sticks.current = true
    else if (top < lastTop && rest > 1 && isMeant) sticks.current = false
    setIsAway(!sticks.current)
  }, [box])
  const intend = useCallback(() => {
    intendedAt.current = performance.now()
  }, [])
  const press = useCallback(
    ({ button }: PointerEvent) => {
      intend()
      // A menu may take the other buttons' release.
      if (button !== 0) return
      isPressed.current = true
      const letGo = () => {
        isPressed.current = false
        removeEventListener('pointerup', letGo)
        removeEventListener('pointercancel', letGo)
      }
      // The pointer may be anywhere by then.
      addEventListener('pointerup', letGo)
      addEventListener('pointercancel', letGo)
    },
    [intend],
  )
  const handlers = {
    onScroll,
    onWheel: intend,
    onTouchMove: intend,
    onKeyDown: intend,
    onPointerDown: press,
  }
  return { isAway, keep, toEnd, leave, handlers }
}
