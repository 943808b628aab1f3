/** Waits out what passes by itself: a database that cannot be reached, a statement that lost its connection. */
import { coerceError, isRetryable } from '../domain/errors.ts'
import { pause } from './run/execution.ts'
import type { Clock } from './ports.ts'

const FIRST_MS = 100
const LONGEST_MS = 2000

export type Patience = {
  readonly clock: Clock
  /** Ends the waiting; the error of the last attempt is thrown then. */
  readonly until: AbortSignal
  /** Hears of each failed attempt. */
  readonly onError: (error: Error) => void
}

/**
 * Repeats `work`, which may have taken effect although it failed, as long as its error is retryable.
 *
 * @throws the error of the last attempt
 */
export const patiently = async <T>(
  { clock, until, onError }: Patience,
  work: () => Promise<T>,
): Promise<T> => {
  for (let wait = FIRST_MS; ; wait = Math.min(wait * 2, LONGEST_MS)) {
    try {
      return await work()
    } catch (thrown) {
      if (!isRetryable(thrown)) throw thrown
      onError(coerceError(thrown))
      if (await pause(clock, wait * (0.5 + clock.random() / 2), until)) throw thrown
    }
  }
}
