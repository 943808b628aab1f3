/** Finds words in the messages of a chat, which the browser cannot: most of them are not in the document. */
import type { OutlastMessage } from 'outlast/client'
import { useDeferredValue, useEffect, useMemo, useState } from 'react'
import { textOf } from './message-parts.ts'

const FEWEST_CHARS = 2

type Earlier = {
  readonly hasEarlier: boolean
  readonly isLoadingEarlier: boolean
  readonly trouble: Error | undefined
  readonly loadEarlier: () => Promise<void>
}

export type Find = ReturnType<typeof useFind>

export const useFind = (messages: readonly OutlastMessage[], earlier: Earlier) => {
  const { hasEarlier, isLoadingEarlier, trouble, loadEarlier } = earlier
  const [isOpen, setIsOpen] = useState(false)
  const [query, setQuery] = useState('')
  /** Unless somebody has gone on, the newest one is meant. */
  const [chosen, setChosen] = useState<string>()
  const words = useDeferredValue(isOpen ? query.trim().toLowerCase() : '')
  const isAsked = words.length >= FEWEST_CHARS
  const found = useMemo(
    () =>
      isAsked
        ? messages
            .filter((message) => textOf(message).toLowerCase().includes(words))
            .map(({ id }) => id)
            .toReversed()
        : [],
    [messages, words, isAsked],
  )
  const isSearching = isAsked && hasEarlier && !trouble
  useEffect(() => {
    if (isSearching && !isLoadingEarlier) void loadEarlier()
  }, [isSearching, isLoadingEarlier, loadEarlier])

  const place = Math.max(0, found.indexOf(chosen ?? ''))
  const step = (by: 1 | -1) => setChosen(found[(place + by + found.length) % found.length])
  return {
    isOpen,
    query,
    words,
    isAsked,
    isSearching,
    count: found.length,
    /** From the newest, counted from 0. */
    place,
    /** The message that is shown. */
    current: found[place],
    open: () => setIsOpen(true),
    close: () => setIsOpen(false),
    ask: (text: string) => {
      setQuery(text)
      setChosen(undefined)
    },
    older: () => step(1),
    newer: () => step(-1),
  }
}
