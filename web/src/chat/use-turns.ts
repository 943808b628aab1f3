/** What one does in a chat: send, edit, answer again, decide. Whatever the server refuses comes back to where it was written. */
import { generateId } from 'ai'
import { MessageNotFoundError, type OutlastMessage } from 'outlast/client'
import type { OutlastChatHelpers } from 'outlast/react'
import { useCallback, useEffect, useEffectEvent, useRef, useState } from 'react'
import type { Draft, DraftFile } from './drafts.ts'
import { filesOf, partsOf, textOf } from './message-parts.ts'
import { isAsStored, kindOf, troubleOf, type Trouble } from './trouble.ts'
import type { DraftHandle } from './use-draft.ts'

/** A message of the user as it is being changed; its files stay. */
export type Edit = {
  readonly messageId: string
  readonly text: string
  readonly files: readonly DraftFile[]
}

const editOf = (message: OutlastMessage): Edit => ({
  messageId: message.id,
  text: textOf(message),
  files: filesOf(message),
})

const GONE = new MessageNotFoundError('It was replaced.')

export type Turns = ReturnType<typeof useTurns>

type Chat = OutlastChatHelpers<OutlastMessage>

export const useTurns = (chat: Chat, handle: DraftHandle) => {
  const { send: keepSent, giveBack } = handle
  const { sendMessage, regenerate, takeUnsent, unsent } = chat
  const [edit, setEdit] = useState<Edit>()
  const [told, setTold] = useState<Error>()
  const [gone, setGone] = useState<Trouble>()
  const before = useRef<Chat['unsent']>(undefined)

  const comeBack = useEffectEvent((refused: NonNullable<Chat['unsent']>) => {
    const { message, messageId, error } = refused
    setTold(error)
    const kind = kindOf(refused)
    const isThere = chat.messages.some(({ id }) => id === messageId)
    if (kind === 'edit' && isThere) setEdit(editOf(message))
    else if (kind !== 'regenerate')
      giveBack({ text: textOf(message), files: filesOf(message), id: message.id })
  })
  useEffect(() => {
    const last = before.current
    before.current = unsent
    if (unsent && unsent !== last) comeBack(unsent)
  }, [unsent])
  useArrivals(chat, handle)

  const loseEdit = useCallback(
    ({ text, files }: Edit) => {
      setEdit(undefined)
      setGone({ failure: 'editLost', error: GONE })
      giveBack({ text, files })
    },
    [giveBack],
  )
  const isThere = chat.messages.some(({ id }) => id === edit?.messageId)
  const lost = !isThere && isAsStored(chat) ? edit : undefined
  const lostBefore = useRef<Edit>(undefined)
  useEffect(() => {
    const last = lostBefore.current
    lostBefore.current = lost
    if (lost && lost !== last) loseEdit(lost)
  }, [lost, loseEdit])

  const send = useCallback(
    (draft: Draft) => {
      const { text, files, id = generateId() } = draft
      setGone(undefined)
      keepSent({ text, files, id })
      void sendMessage({ role: 'user', id, parts: partsOf(text, files) })
    },
    [keepSent, sendMessage],
  )
  const saveEdit = useCallback(
    (change: Edit) => {
      const { messageId, text, files } = change
      setEdit(undefined)
      // The AI SDK sends no change of a message that was replaced meanwhile.
      sendMessage({ role: 'user', parts: partsOf(text, files), messageId }).catch(() =>
        loseEdit(change),
      )
    },
    [sendMessage, loseEdit],
  )
  const answerAgain = useCallback(
    (messageId: string) => {
      takeUnsent()
      // Nor does it ask for another answer than one that was.
      regenerate({ messageId }).catch(() => setGone({ failure: 'regenerate', error: GONE }))
    },
    [regenerate, takeUnsent],
  )
  const beginEdit = useCallback((message: OutlastMessage) => setEdit(editOf(message)), [])
  const changeEdit = useCallback(
    (text: string) => setEdit((before) => before && { ...before, text }),
    [],
  )
  const endEdit = useCallback(() => setEdit(undefined), [])
  /** Whoever writes on makes it another message; the trouble with the one before is over. */
  const letGo = useCallback(() => {
    takeUnsent()
    setGone(undefined)
  }, [takeUnsent])

  return {
    edit,
    trouble: troubleOf(chat, told) ?? gone,
    send,
    saveEdit,
    answerAgain,
    beginEdit,
    changeEdit,
    endEdit,
    letGo,
  }
}

/** A message is kept as a draft until the server has it, whichever page has sent it. */
const useArrivals = (chat: Chat, handle: DraftHandle): void => {
  const { messages, status } = chat
  const { draft, settle, arrived, isLeft, settleLeft } = handle
  const isOnItsWay = status === 'submitted'
  const wasOnItsWay = useRef(false)
  useEffect(() => {
    if (wasOnItsWay.current && !isOnItsWay) settle()
    wasOnItsWay.current = isOnItsWay
  }, [isOnItsWay, settle])
  const isTrue = isAsStored(chat)
  useEffect(() => {
    if (!isTrue) return
    if (isLeft) settleLeft(messages)
    if (draft.id !== undefined && messages.some(({ id }) => id === draft.id)) arrived(draft.id)
  }, [isTrue, isLeft, settleLeft, messages, draft.id, arrived])
}
