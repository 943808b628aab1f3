import { setTimeout as sleep } from 'node:timers/promises'

/** Sleeps, but not beyond the signal. */
export const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}
