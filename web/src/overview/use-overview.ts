/** The overview of the time before now, as it is while somebody looks at it. */
import { useThrottledCallback } from '@mantine/hooks'
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query'
import { useOutlastClient } from 'outlast/react'
import { useEffect } from 'react'
import { filterOf, type Period } from '../runs/runs-search.ts'

const REFRESH_MS = 10_000
/** News come in bursts. */
const GATHER_MS = 2000

export const useOverview = (last: Period) => {
  const client = useOutlastClient()
  const queries = useQueryClient()
  const look = useThrottledCallback(() => {
    if (document.visibilityState === 'visible')
      void queries.invalidateQueries({ queryKey: ['overview'] }, { cancelRefetch: false })
  }, GATHER_MS)
  useEffect(() => client.feed.states(look), [client, look])
  return useQuery({
    queryKey: ['overview', last],
    queryFn: ({ signal }) => {
      const { from } = filterOf({ last }, Date.now())
      return client.overview({ ...(from ? { from } : {}), signal })
    },
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  })
}
