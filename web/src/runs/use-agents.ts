/** The names of agents that runs can be chosen by: those that the server has, and those that were asked before. */
import { useQuery } from '@tanstack/react-query'
import type { RunDetails } from 'outlast/client'
import { useMemo } from 'react'
import { client } from '../client.ts'

const MINUTE_MS = 60_000

export const useAgents = (
  items: readonly RunDetails[],
  chosen: string | undefined,
): readonly string[] => {
  const { data } = useQuery({
    queryKey: ['agents'],
    queryFn: async ({ signal }) => (await client.overview({ signal })).agents,
    staleTime: MINUTE_MS,
  })
  return useMemo(() => {
    const names = [chosen, ...(data ?? []), ...items.map(({ agent }) => agent)]
    return [...new Set(names.filter((name) => name != null))].toSorted((one, other) =>
      one.localeCompare(other),
    )
  }, [items, chosen, data])
}
