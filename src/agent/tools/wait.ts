/** A tool that waits and says each second how long it has waited; an abort ends it at once. */
import { setTimeout as delay } from 'node:timers/promises'
import { tool } from 'ai'
import { z } from 'zod'

const MAX_SECONDS = 600

/** Yields `{ waitedMs, totalMs }` at the start and after each second; the last value is the output. */
export const waitTool = tool({
  title: 'Wait',
  description: `Waits for a number of seconds, at most ${MAX_SECONDS}.`,
  inputSchema: z.object({ seconds: z.number().min(0).max(MAX_SECONDS) }),
  async *execute({ seconds }, { abortSignal }) {
    const totalMs = Math.round(seconds * 1_000)
    let waitedMs = 0
    abortSignal?.throwIfAborted()
    yield { waitedMs, totalMs }
    while (waitedMs < totalMs) {
      const pieceMs = Math.min(1_000, totalMs - waitedMs)
      await delayUnless(abortSignal, pieceMs)
      waitedMs += pieceMs
      yield { waitedMs, totalMs }
    }
  },
})

/** Rejects with the reason of the signal, as fetch does, not with the timer's own error. */
const delayUnless = async (signal: AbortSignal | undefined, ms: number): Promise<void> => {
  try {
    await delay(ms, undefined, signal ? { signal } : {})
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}
