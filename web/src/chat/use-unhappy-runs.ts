/** The runs of a chat that did not end well, so that their answers say how they ended. */
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { RunSummary } from 'outlast/client'
import { useMemo } from 'react'
import { client } from '../client.ts'

const MOST = 100

/** @returns by id, with the latest run whatever became of it */
export const useUnhappyRuns = (
  chatId: string,
  latest: RunSummary | null | undefined,
): ReadonlyMap<string, RunSummary> => {
  const { data } = useQuery({
    queryKey: ['unhappy-runs', chatId, latest?.id, latest?.finishedAt],
    queryFn: ({ signal }) =>
      client.runs.list({ chat: chatId, status: ['failed', 'aborted'], limit: MOST, signal }),
    // A chat without a run has none to tell of.
    enabled: latest != null,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  })
  return useMemo(() => {
    const runs: readonly RunSummary[] = data?.runs ?? []
    return new Map([...runs, ...(latest ? [latest] : [])].map((run) => [run.id, run]))
  }, [data, latest])
}
