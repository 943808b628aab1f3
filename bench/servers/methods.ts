/** What both servers can be asked by the bench. */
import { setTimeout as sleep } from 'node:timers/promises'
import { releaseHeld, takeAborts } from './model.ts'

export type Usage = {
  /** User and system time of the process so far. */
  readonly cpuMs: number
  /** After a full collection. */
  readonly heapBytes: number
  readonly rssBytes: number
}

export const commonMethods = {
  cpuMs: (): number => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  },
  memory: async (): Promise<{ heapBytes: number; rssBytes: number }> => {
    // What the first collection finds unreachable may hold what only the second can free.
    for (let round = 0; round < 3; round++) {
      globalThis.gc?.()
      await sleep(50)
    }
    const { heapUsed, rss } = process.memoryUsage()
    return { heapBytes: heapUsed, rssBytes: rss }
  },
  release: (): void => releaseHeld(),
  takeAborts,
}
