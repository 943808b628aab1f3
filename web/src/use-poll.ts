/** Asks each second, for as long as there is something to ask. */
import { useEffect, useEffectEvent } from 'react'

const EVERY_MS = 1000

/** @param ask - is told whether the answer still matters when it comes */
export const usePoll = (isOn: boolean, ask: (isCurrent: () => boolean) => Promise<void>): void => {
  const onTick = useEffectEvent(ask)
  useEffect(() => {
    if (!isOn) return
    let isCurrent = true
    const timer = setInterval(() => void onTick(() => isCurrent), EVERY_MS)
    return () => {
      isCurrent = false
      clearInterval(timer)
    }
  }, [isOn])
}
