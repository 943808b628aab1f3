/** A run, who had it in hand and its steps, as they are now. */
import { useQuery } from '@tanstack/react-query'
import { useRun } from 'outlast/react'
import type { Step } from 'outlast/client'
import { useEffect } from 'react'
import { client } from '../../client.ts'
import { isActive } from '../run-state.tsx'

const SOONEST_MS = 1000
const LATEST_MS = 8000
/** A journal that is large is asked for less often. */
const PER_CALL_MS = 10

export const useInspected = (runId: string) => {
  const live = useRun(runId)
  const { run } = live
  const isMoving = run !== undefined && isActive(run) && run.status !== 'waiting'
  const { data, error, refetch } = useQuery({
    queryKey: ['steps', runId],
    queryFn: ({ signal }) => client.runs.steps(runId, { signal }),
    // The journal grows without any news of the run.
    refetchInterval: ({ state }) => (isMoving ? pauseAfter(state.data ?? NONE) : false),
  })
  useEffect(() => {
    if (run) void refetch()
  }, [run, refetch])
  return { ...live, steps: data ?? NONE, hasSteps: data !== undefined, stepsError: error, refetch }
}

const NONE: readonly Step[] = []

const pauseAfter = (steps: readonly Step[]): number => {
  const calls = steps.reduce((sum, step) => sum + step.calls.length, steps.length)
  return Math.min(LATEST_MS, SOONEST_MS + calls * PER_CALL_MS)
}
