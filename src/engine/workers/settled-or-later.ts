/** Waits for the end of a run, as long as the bus may take to say so. */
import { pause } from '../run/execution.ts'
import type { Clock, RunBus } from '../ports.ts'

export const settledOrLater = async (
  { bus, clock }: { readonly bus: RunBus; readonly clock: Clock },
  runId: string,
  ms: number,
): Promise<void> => {
  const wake = new AbortController()
  const unsubscribe = bus.subscribe(runId, ({ kind }) => {
    if (kind === 'settled') wake.abort()
  })
  try {
    await pause(clock, Math.max(ms, 0), wake.signal)
  } finally {
    unsubscribe()
  }
}
