/** The keyboard stays in the chat: who had the focus on something that is gone goes on where one writes. */
import { useEffect, useRef, type FocusEvent, type RefObject } from 'react'

/** On a phone the focus opens the keyboard, which nobody has asked for. */
const isTouch = (): boolean => matchMedia('(hover: none)').matches

export const useKeptFocus = (box: RefObject<HTMLTextAreaElement | null>) => {
  const last = useRef<Element>(null)
  useEffect(() => {
    const isGone = last.current && (!last.current.isConnected || last.current.matches(':disabled'))
    if (isGone && document.activeElement === document.body) write(box)
  })
  return {
    onFocus: ({ target }: FocusEvent) => {
      last.current = target
    },
  }
}

/**
 * Puts the focus where one writes.
 * @param from - a selector of what it may be taken from: nowhere, unless set
 */
export const write = (box: RefObject<HTMLTextAreaElement | null>, from = 'body'): void => {
  if (document.activeElement?.matches(from) && !isTouch()) box.current?.focus()
}
