/** A chat that nobody has asked anything in: its address names it from the start, so that a reload comes back to it. */
import { Navigate } from '@tanstack/react-router'
import { generateId } from 'ai'
import { useState } from 'react'

/** Browsers have `crypto.randomUUID` on https and localhost only. */
export const newChatId = (): string => generateId()

export const NewChat = () => {
  const [chatId] = useState(newChatId)
  return <Navigate to="/chats/$chatId" params={{ chatId }} replace />
}
