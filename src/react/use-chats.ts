/** The user's chats, the one with the newest turn first, each with the state of its latest run. */
import type { UIMessage } from 'ai'
import { useCallback } from 'react'
import type { OutlastClient } from '../client/client.ts'
import type { ChatSummary, OutlastMessage } from '../client/types.ts'
import { useOutlastClient } from './provider.tsx'
import { useList, type ListHelpers } from './use-list.ts'

/** @example const { items } = useChats({ query: 'invoice' }) */
export const useChats = <MESSAGE extends UIMessage = OutlastMessage>({
  query,
  client: given,
}: {
  /** Words of the title. */
  readonly query?: string
  readonly client?: OutlastClient<MESSAGE>
} = {}): ListHelpers<ChatSummary> => {
  const client = useOutlastClient(given)
  const load = useCallback(
    async (after: string | undefined, signal: AbortSignal) => {
      const asked = { ...(query ? { query } : {}), ...(after ? { after } : {}), signal }
      const { chats, after: next } = await client.chats.list(asked)
      return { items: chats, after: next }
    },
    [client, query],
  )
  const watch = useCallback((listener: () => void) => client.feed.states(listener), [client])
  return useList(load, watch)
}
