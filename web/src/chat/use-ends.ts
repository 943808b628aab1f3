/** How a run ended that one saw running: to be told to those who do not see it. */
import type { RunSummary } from 'outlast/client'
import { useState } from 'react'

type End = 'succeeded' | 'failed' | 'aborted' | 'waiting'

const isEnd = (status: RunSummary['status']): status is End =>
  status !== 'pending' && status !== 'running'

export const useEnds = (run: RunSummary | null | undefined): End | undefined => {
  const [seen, setSeen] = useState<{ readonly wasActive: boolean; readonly end?: End }>({
    wasActive: false,
  })
  const status = run?.status
  if (status === undefined) return seen.end
  if (!isEnd(status)) {
    if (!seen.wasActive) setSeen({ wasActive: true })
    return undefined
  }
  if (seen.wasActive) setSeen({ wasActive: false, end: status })
  return seen.end
}
