/** What one does in a chat: send, edit, answer again, decide. Whatever the server refuses comes back to where it was written. */
import { generateId } from 'ai'
import type { OutlastMessage } from 'outlast/client'
import type { OutlastChatHelpers } from 'outlast/react'
import { useCallback, useEffect, useEffectEvent, useRef, useState } from 'react'
import type { Draft } from './drafts.ts'
import { filesOf, partsOf, textOf } from './message-parts.ts'
import { kindOf, troubleOf } from './trouble.ts'
import type { DraftHandle } from './use-draft.ts'

export type Edit = { readonly messageId: string; readonly text: string }

export type Turns = ReturnType<typeof useTurns>

type Chat = OutlastChatHelpers<OutlastMessage>

export const useTurns = (chat: Chat, handle: DraftHandle) => {
  const { send: keepSent, giveBack } = handle
  const { sendMessage, regenerate, takeUnsent, unsent } = chat
  const [edit, setEdit] = useState<Edit>()
  const [told, setTold] = useState<Error>()
  const before = useRef<Chat['unsent']>(undefined)

  const comeBack = useEffectEvent((refused: NonNullable<Chat['unsent']>) => {
    const { message, messageId, error } = refused
    setTold(error)
    const kind = kindOf(refused)
    const isThere = chat.messages.some(({ id }) => id === messageId)
    if (kind === 'edit' && isThere) setEdit({ messageId: message.id, text: textOf(message) })
    else if (kind !== 'regenerate')
      giveBack({ text: textOf(message), files: filesOf(message), id: message.id })
  })
  useEffect(() => {
    const last = before.current
    before.current = unsent
    if (unsent && unsent !== last) comeBack(unsent)
  }, [unsent])
  useArrivals(chat, handle)

  const send = useCallback(
    (draft: Draft) => {
      const { text, files, id = generateId() } = draft
      keepSent({ text, files, id })
      void sendMessage({ role: 'user', id, parts: partsOf(text, files) })
    },
    [keepSent, sendMessage],
  )
  const saveEdit = useCallback(
    (message: OutlastMessage, text: string) => {
      setEdit(undefined)
      const files = message.parts.filter((part) => part.type === 'file')
      void sendMessage({ role: 'user', parts: partsOf(text, files), messageId: message.id })
    },
    [sendMessage],
  )
  const answerAgain = useCallback(
    (messageId: string) => {
      takeUnsent()
      void regenerate({ messageId })
    },
    [regenerate, takeUnsent],
  )
  const beginEdit = useCallback(
    (message: OutlastMessage) => setEdit({ messageId: message.id, text: textOf(message) }),
    [],
  )
  const endEdit = useCallback(() => setEdit(undefined), [])
  /** Whoever writes on makes it another message; the trouble with the one before is over. */
  const letGo = useCallback(() => void takeUnsent(), [takeUnsent])

  return {
    edit,
    trouble: troubleOf(chat, told),
    send,
    saveEdit,
    answerAgain,
    beginEdit,
    endEdit,
    letGo,
  }
}

/** A message is kept as a draft until the server has it, whichever page has sent it. */
const useArrivals = (chat: Chat, handle: DraftHandle): void => {
  const { messages, status, unsent, isLoading, trouble } = chat
  const { draft, settle, arrived, isLeft, settleLeft } = handle
  const isOnItsWay = status === 'submitted'
  const wasOnItsWay = useRef(false)
  useEffect(() => {
    if (wasOnItsWay.current && !isOnItsWay) settle()
    wasOnItsWay.current = isOnItsWay
  }, [isOnItsWay, settle])
  // Only then the messages are those that the server has.
  const isTrue = !isOnItsWay && !unsent && !isLoading && !trouble
  useEffect(() => {
    if (!isTrue) return
    if (isLeft) settleLeft(messages)
    if (draft.id !== undefined && messages.some(({ id }) => id === draft.id)) arrived(draft.id)
  }, [isTrue, isLeft, settleLeft, messages, draft.id, arrived])
}
