/** The connection as a person is told of it: what passes in a moment is not worth a word. */
import { useEffect, useState, useSyncExternalStore } from 'react'
import { client } from '../client.ts'

/** `away`: the server has not answered for a while. `back`: it has just been reached again. */
export type Phase = 'fine' | 'reconnecting' | 'away' | 'offline' | 'back'

const UNNOTICED_MS = 600
const AWAY_MS = 6000
const BACK_MS = 3000

export const useConnectionPhase = (): Phase => {
  const { connection } = client
  const state = useSyncExternalStore(connection.subscribe, connection.get)
  const [phase, setPhase] = useState<Phase>('fine')
  useEffect(() => {
    const timers: ReturnType<typeof setTimeout>[] = []
    const later = (ms: number, next: (phase: Phase) => Phase) =>
      void timers.push(setTimeout(() => setPhase(next), ms))
    switch (state) {
      case 'reconnecting':
        later(UNNOTICED_MS, (now) => (now === 'away' ? now : 'reconnecting'))
        later(AWAY_MS, () => 'away')
        break
      case 'offline':
        later(UNNOTICED_MS, () => 'offline')
        break
      case 'connected':
        later(0, (now) => (now === 'fine' ? now : 'back'))
        later(BACK_MS, () => 'fine')
        break
      case 'connecting':
      case 'idle':
        later(BACK_MS, () => 'fine')
        break
      default:
        state satisfies never
    }
    return () => timers.forEach(clearTimeout)
  }, [state])
  return phase
}
