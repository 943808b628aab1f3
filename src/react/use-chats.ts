/** The user's chats, the one with the newest turn first, each with the state of its latest run. */
import type { UIMessage } from 'ai'
import { watchChats } from '../client/chat-changes.ts'
import type { OutlastClient } from '../client/client.ts'
import type { ChatSummary, OutlastMessage } from '../client/types.ts'
import { useOutlastClient } from './provider.tsx'
import { useLiveList, type ListHelpers } from './use-live-list.ts'

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
  return useLiveList(client, query ?? '', () => ({
    load: async (after, signal) => {
      const asked = {
        ...(query ? { query } : {}),
        ...(after === undefined ? {} : { after }),
        signal,
      }
      const { chats, after: next } = await client.chats.list(asked)
      return { items: chats, after: next }
    },
    watch: (listener) => watchChats(client, query, listener),
  }))
}
