/** Stops a run by asking the server: `useChat().stop()` would only stop looking at it. */
import { useState } from 'react'
import { stopRun } from './api.ts'
import { failed, type Trouble } from './trouble.ts'

/** @param runId - the run that is active, as far as it is known */
export const useStop = (runId: string | undefined) => {
  const [stopping, setStopping] = useState<string>()
  const [trouble, setTrouble] = useState<Trouble & { readonly runId: string }>()
  const stop = async (id: string) => {
    setStopping(id)
    setTrouble(undefined)
    try {
      // False: it ended by itself meanwhile, and the stream says so.
      if (!(await stopRun(id))) setStopping(undefined)
    } catch (refused) {
      setStopping(undefined)
      setTrouble({ ...failed('The run could not be stopped', refused), runId: id })
    }
  }
  return {
    isStopping: stopping !== undefined && stopping === runId,
    stop: runId === undefined ? undefined : () => void stop(runId),
    trouble: trouble?.runId === runId ? trouble : undefined,
  }
}
