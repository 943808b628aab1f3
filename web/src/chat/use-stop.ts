/** Stops an answer by its button, or by pressing Esc twice: once could be an accident. */
import { useCallback, useEffect, useState } from 'react'
import { isBusy, type Activity } from './activity.ts'

const TWICE_WITHIN_MS = 3000

export const useStop = (activity: Activity, stopRun: () => Promise<void>) => {
  const [asks, setAsks] = useState(false)
  const canStop = isBusy(activity) && activity !== 'stopping'
  if (asks && !canStop) setAsks(false)
  useEffect(() => {
    if (!asks) return undefined
    const timer = setTimeout(() => setAsks(false), TWICE_WITHIN_MS)
    return () => clearTimeout(timer)
  }, [asks])
  const stop = useCallback(() => {
    setAsks(false)
    // Why it did not work is told as the chat's trouble.
    void stopRun()
  }, [stopRun])
  /** @returns whether the key had a meaning here */
  const press = (): boolean => {
    if (!canStop) return false
    if (asks) stop()
    else setAsks(true)
    return true
  }
  return { asks, stop, press }
}
