/** Removes, now and then, files that were brought and never used. */
import { coerceError } from '../../domain/errors.ts'
import type { Clock, EngineEvents, Files } from '../ports.ts'

const FIRST_MS = 60_000
const EVERY_MS = 3_600_000

/** @returns what ends it */
export const sweepFiles = ({
  files,
  clock,
  onError,
}: {
  files: Files
  clock: Clock
  onError: EngineEvents['error']
}): (() => void) => {
  let cancel: () => void
  let closed = false
  const sweep = async () => {
    try {
      await files.sweep()
    } catch (thrown) {
      onError(coerceError(thrown), { during: 'sweeping files' })
    }
    if (!closed) next(EVERY_MS)
  }
  // Jitter keeps the processes of a fleet from sweeping all at once.
  const next = (ms: number) => {
    cancel = clock.after(ms * (0.75 + clock.random() / 2), () => void sweep())
  }
  next(FIRST_MS)
  return () => {
    closed = true
    cancel()
  }
}
