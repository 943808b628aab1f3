/** Runs across the user's chats, newest first. */
import type { UIMessage } from 'ai'
import { useCallback } from 'react'
import type { RunFilter } from '../client/catalog.ts'
import type { OutlastClient } from '../client/client.ts'
import type { OutlastMessage, RunDetails } from '../client/types.ts'
import { useOutlastClient } from './provider.tsx'
import { useList, type ListHelpers } from './use-list.ts'

/** @example const { items, loadMore } = useRuns({ status: ['active'] }) */
export const useRuns = <MESSAGE extends UIMessage = OutlastMessage>({
  client: given,
  ...filter
}: RunFilter & { readonly client?: OutlastClient<MESSAGE> } = {}): ListHelpers<RunDetails> => {
  const client = useOutlastClient(given)
  // The same filter in a new object is the same list.
  const key = JSON.stringify(filter)
  const load = useCallback(
    async (after: string | undefined, signal: AbortSignal) => {
      const asked = JSON.parse(key) as RunFilter
      const { runs, after: next } = await client.runs.list({
        ...asked,
        ...(after ? { after } : {}),
        signal,
      })
      return { items: runs, after: next }
    },
    [client, key],
  )
  const watch = useCallback((listener: () => void) => client.feed.states(listener), [client])
  return useList(load, watch)
}
