/** The draft of a chat: what is typed survives a reload, and a message that was refused or did not arrive comes back. */
import { useCallback, useRef, useState } from 'react'
import type { OutlastMessage } from 'outlast/client'
import {
  EMPTY_DRAFT,
  isEmpty,
  keepDraft,
  keepSent,
  readDraft,
  readSent,
  type Draft,
  type DraftFile,
} from './drafts.ts'

export type DraftHandle = ReturnType<typeof useDraft>

export const useDraft = (chatId: string) => {
  const [draft, setDraft] = useState(() => readDraft(chatId))
  const latest = useRef(draft)
  const change = useCallback(
    (next: (draft: Draft) => Draft) => {
      latest.current = next(latest.current)
      keepDraft(chatId, latest.current)
      setDraft(latest.current)
    },
    [chatId],
  )
  const write = useCallback((text: string) => change(({ files }) => ({ text, files })), [change])
  const attach = useCallback(
    (file: DraftFile) => change(({ text, files }) => ({ text, files: [...files, file] })),
    [change],
  )
  const detach = useCallback(
    (url: string) =>
      change(({ text, files }) => ({ text, files: files.filter((file) => file.url !== url) })),
    [change],
  )
  /** By a page that was left before it was known to have arrived. */
  const [left, setLeft] = useState(() => readSent(chatId))
  const send = useCallback(
    (sent: Draft) => {
      keepSent(chatId, sent)
      change(() => EMPTY_DRAFT)
    },
    [chatId, change],
  )
  /** What was sent is with the server, or was given back. */
  const settle = useCallback(() => keepSent(chatId, EMPTY_DRAFT), [chatId])
  /** A message that was not taken; what was written since stays behind it. */
  const giveBack = useCallback(
    (back: Draft) =>
      change((since) => {
        if (isEmpty(since) || since.id === back.id) return back
        const text = [back.text, since.text].filter(Boolean).join('\n')
        return { text, files: [...back.files, ...since.files] }
      }),
    [change],
  )
  /** This message is with the server after all. */
  const arrived = useCallback(
    (id: string) => change((draft) => (draft.id === id ? EMPTY_DRAFT : draft)),
    [change],
  )
  /** @param messages - that the server has */
  const settleLeft = useCallback(
    (messages: readonly OutlastMessage[]) => {
      settle()
      setLeft(EMPTY_DRAFT)
      if (!messages.some(({ id }) => id === left.id)) giveBack(left)
    },
    [settle, giveBack, left],
  )
  const isLeft = !isEmpty(left)
  return { draft, write, attach, detach, send, settle, giveBack, arrived, isLeft, settleLeft }
}
