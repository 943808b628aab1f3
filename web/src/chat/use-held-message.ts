/** The message that has the focus stays in the document, so that the focus is not lost when it scrolls out of sight. */
import { useCallback, useRef, type FocusEvent, type RefObject } from 'react'

export const useHeldMessage = (
  box: RefObject<HTMLElement | null>,
  setId: (messageId: string | undefined) => void,
) => {
  /** It is to get the focus as soon as it is there. */
  const wanted = useRef<string>(undefined)

  const settle = useCallback(() => {
    if (wanted.current === undefined) return
    const article = elementOf(box.current, wanted.current)
    article?.focus({ preventScroll: true })
    if (article && article === document.activeElement) wanted.current = undefined
  }, [box])
  const focus = useCallback(
    (messageId: string) => {
      wanted.current = messageId
      setId(messageId)
      // It may be in the document already, and what is not is measured before it can be seen.
      settle()
      requestAnimationFrame(settle)
    },
    [settle, setId],
  )
  const focused = () => messageOf(document.activeElement)
  const handlers = {
    onFocus: ({ target }: FocusEvent) => setId(messageOf(target)),
    onBlur: ({ relatedTarget }: FocusEvent) => {
      if (relatedTarget instanceof Element) setId(messageOf(relatedTarget))
    },
  }
  return { focus, focused, settle, handlers }
}

export const elementOf = (box: Element | null, messageId: string): HTMLElement | null =>
  box?.querySelector<HTMLElement>(`[data-message-id="${CSS.escape(messageId)}"]`) ?? null

const messageOf = (element: Element | null): string | undefined =>
  element?.closest<HTMLElement>('[data-message-id]')?.dataset['messageId']
