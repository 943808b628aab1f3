/** Shows the words that somebody looks for, wherever in the chat they are. */
import { useCallback, useEffect, useRef, type RefObject } from 'react'
import { elementOf } from './use-held-message.ts'
import { markWords, unmark } from './marks.ts'

export type Found = { readonly messageId: string; readonly words: string }

/**
 * @param goNear - brings a message into the document
 * @returns to be called whenever scrolling has come to rest
 */
export const useFound = (
  box: RefObject<HTMLElement | null>,
  found: Found | undefined,
  goNear: (messageId: string) => void,
): (() => void) => {
  const shown = useRef('')
  const messageId = found?.messageId
  const words = found?.words ?? ''

  /** @returns false when the message is not in the document */
  const settle = useCallback((): boolean => {
    const message = messageId === undefined ? null : elementOf(box.current, messageId)
    if (!message || !box.current) {
      unmark()
      return false
    }
    const place = markWords(message, words)?.getBoundingClientRect()
    const key = `${messageId} ${words}`
    if (place === undefined || shown.current === key) return true
    shown.current = key
    const { top, bottom, height } = box.current.getBoundingClientRect()
    if (place.top < top || place.bottom > bottom)
      box.current.scrollBy({ top: place.top - top - height / 3 })
    return true
  }, [box, messageId, words])
  useEffect(() => {
    shown.current = ''
    if (!settle() && messageId !== undefined) goNear(messageId)
    // Only for other words or another message: whoever scrolls away is not held.
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- where it is changes with each word that is written
  }, [messageId, words])
  useEffect(() => unmark, [])
  return settle
}
