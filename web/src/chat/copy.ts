/** Gives a text to the clipboard, and says when that is not possible. */
import { useEffect, useState } from 'react'
import { notifications } from '@mantine/notifications'
import { strings } from '../strings/strings.ts'
import { tellFailure } from '../lib/tell-failure.ts'

const SHOWN_MS = 2000

/** @returns whether the browser allows it at all */
export const copyText = (text: string, onDone: () => void = () => undefined): boolean => {
  const clipboard = navigator.clipboard as Clipboard | undefined
  if (!clipboard) {
    notifications.show({ message: strings.t('chat.actions.noClipboard'), role: 'alert' })
    return false
  }
  tellFailure(clipboard.writeText(text).then(onDone), (reason) =>
    strings.t('chat.actions.copyFailed', { reason }),
  )
  return true
}

/** For a button that says for a moment that it has copied. */
export const useCopied = () => {
  const [isCopied, setIsCopied] = useState(false)
  useEffect(() => {
    if (!isCopied) return undefined
    const timer = setTimeout(() => setIsCopied(false), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [isCopied])
  return { isCopied, copy: (text: string) => copyText(text, () => setIsCopied(true)) }
}

/** What a message says as one reads it, without what the page has put beside its text. */
export const shownTextOf = (message: Element | null | undefined): string =>
  [...(message?.querySelectorAll<HTMLElement>('[data-part="text"]') ?? [])]
    .map((part) => {
      // What is not displayed is not in the text.
      part.toggleAttribute('data-copying', true)
      const text = part.innerText
      part.toggleAttribute('data-copying', false)
      return text
    })
    .join('\n\n')
