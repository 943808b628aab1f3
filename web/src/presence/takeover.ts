/** Whether somebody else had to go on with a run, and why. */
import type { RunHold } from 'outlast/client'

/** How the one before ended; `again`: it was the same one, which was not heard of for a while. */
export type Takeover = 'lost' | 'released' | 'again'

/** The latest one. To go on after a person has answered is none. */
export const takeoverIn = (holds: readonly RunHold[]): Takeover | undefined => {
  const place = holds.findLastIndex(
    ({ end }, index) => (end === 'lost' || end === 'released') && index < holds.length - 1,
  )
  const before = holds[place]
  if (before?.end !== 'lost' && before?.end !== 'released') return undefined
  return holds[place + 1]?.worker === before.worker ? 'again' : before.end
}
