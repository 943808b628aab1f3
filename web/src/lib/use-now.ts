/** The time as it passes, in steps, while somebody looks at the page. */
import { useEffect, useState } from 'react'

/** @param isRunning - false: nothing is waited for, and nothing is rendered again */
export const useNow = (stepMs: number, isRunning = true): number => {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    if (!isRunning) return undefined
    const tick = () => {
      if (document.visibilityState === 'visible') setNow(Date.now())
    }
    tick()
    const timer = setInterval(tick, stepMs)
    document.addEventListener('visibilitychange', tick)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', tick)
    }
  }, [stepMs, isRunning])
  return now
}
