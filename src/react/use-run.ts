/** A run as it is now. */
import type { UIMessage } from 'ai'
import { useCallback, useEffect, useState } from 'react'
import { isSettled } from '../domain/run.ts'
import { coerceError } from '../domain/errors.ts'
import type { OutlastClient } from '../client/client.ts'
import type { OutlastMessage, RunDetails } from '../client/types.ts'
import { useOutlastClient } from './provider.tsx'

export type RunHelpers = {
  /** Undefined until it is known. */
  readonly run: RunDetails | undefined
  readonly isLoading: boolean
  /** Why it could not be loaded. */
  readonly error: Error | undefined
  /** Settles when the server has taken the wish. @returns whether it will settle as `aborted` */
  readonly stop: () => Promise<boolean>
}

/** @example const { run, stop } = useRun(runId) */
export const useRun = <MESSAGE extends UIMessage = OutlastMessage>(
  runId: string,
  options: { readonly client?: OutlastClient<MESSAGE> } = {},
): RunHelpers => {
  const client = useOutlastClient(options.client)
  const [run, setRun] = useState<RunDetails>()
  const [error, setError] = useState<Error>()
  const current = run?.id === runId ? run : undefined

  const load = useCallback(
    (signal: AbortSignal) =>
      client.runs.find(runId, { signal }).then(
        (found) => {
          setRun(found.run)
          setError(undefined)
        },
        (thrown: unknown) => {
          if (!signal.aborted) setError(coerceError(thrown))
        },
      ),
    [client, runId],
  )
  useEffect(() => {
    const leaving = new AbortController()
    void load(leaving.signal)
    return () => leaving.abort()
  }, [load])

  const chatId = current && !isSettled(current.status) ? current.chatId : undefined
  useEffect(() => {
    if (chatId === undefined) return undefined
    const leaving = new AbortController()
    const unfollow = client.feed.follow(chatId, (news) => {
      // Another run is the latest one: this one has settled meanwhile.
      void load(leaving.signal)
      if (news.type === 'removed') unfollow()
    })
    return () => {
      unfollow()
      leaving.abort()
    }
  }, [client, chatId, load])

  const stop = useCallback(() => client.stop({ runId }), [client, runId])
  return { run: current, isLoading: !current && !error, error, stop }
}
