/** The newest chats, followed once for everything that names some of them. */
import type { ChatSummary } from 'outlast/client'
import { useChats } from 'outlast/react'
import { createContext, useContext, type ReactNode } from 'react'

const Newest = createContext<readonly ChatSummary[]>([])

export const NewestChats = ({ children }: { readonly children: ReactNode }) => (
  <Newest value={useChats().items}>{children}</Newest>
)

export const useNewestChats = (): readonly ChatSummary[] => useContext(Newest)
