/** A run as it is now. */
import type { UIMessage } from 'ai'
import { useCallback } from 'react'
import type { OutlastClient } from '../client/client.ts'
import { LiveRun, type RunState } from '../client/live-run.ts'
import type { OutlastMessage } from '../client/types.ts'
import { useOutlastClient } from './provider.tsx'
import { useLive } from './use-live.ts'
import { useObservable } from './use-observable.ts'

export type RunHelpers = RunState & {
  /** Settles when the server has taken the wish. @returns whether it will settle as `aborted` */
  readonly stop: () => Promise<boolean>
  /** Looks at the server anew. */
  readonly reload: () => void
}

/** @example const { run, stop } = useRun(runId) */
export const useRun = <MESSAGE extends UIMessage = OutlastMessage>(
  runId: string,
  options: { readonly client?: OutlastClient<MESSAGE> } = {},
): RunHelpers => {
  const client = useOutlastClient(options.client)
  const live = useLive(client, runId, () => new LiveRun(client, runId))
  const state = useObservable(live.state)
  const stop = useCallback(() => client.stop({ runId }), [client, runId])
  const reload = useCallback(() => live.reload(), [live])
  return { ...state, stop, reload }
}
