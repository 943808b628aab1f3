/** Runs across the user's chats, newest first. */
import type { UIMessage } from 'ai'
import type { RunFilter } from '../client/catalog.ts'
import type { OutlastClient } from '../client/client.ts'
import { watchRuns } from '../client/run-changes.ts'
import type { OutlastMessage, RunDetails } from '../client/types.ts'
import { useOutlastClient } from './provider.tsx'
import { useLiveList, type ListHelpers } from './use-live-list.ts'

/** @example const { items, loadMore } = useRuns({ status: ['active'] }) */
export const useRuns = <MESSAGE extends UIMessage = OutlastMessage>({
  client: given,
  ...filter
}: RunFilter & { readonly client?: OutlastClient<MESSAGE> } = {}): ListHelpers<RunDetails> => {
  const client = useOutlastClient(given)
  // The same filter in a new object is the same list.
  return useLiveList(client, JSON.stringify(filter), () => ({
    load: async (after, signal) => {
      const page = { ...filter, ...(after === undefined ? {} : { after }), signal }
      const { runs, after: next } = await client.runs.list(page)
      return { items: runs, after: next }
    },
    watch: (listener) => watchRuns(client, listener),
  }))
}
