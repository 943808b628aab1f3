/** A signal that aborts with another one, or by itself; and what signals of React Native do not say of themselves. */
import { LeftError } from './errors.ts'

export type LinkedSignal = {
  readonly signal: AbortSignal
  readonly abort: (reason?: unknown) => void
  /** The other one may live for long: it forgets this one. */
  readonly unlink: () => void
}

export const linkedSignal = (parent: AbortSignal | undefined): LinkedSignal => {
  const controller = new AbortController()
  const follow = () => controller.abort(parent && reasonOf(parent))
  if (parent?.aborted) follow()
  else parent?.addEventListener('abort', follow, { once: true })
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    unlink: () => parent?.removeEventListener('abort', follow),
  }
}

/** What it was aborted with. */
export const reasonOf = (signal: AbortSignal): unknown =>
  signal.reason ?? new LeftError('Nobody waits for this any more.')

/** @throws what it was aborted with */
export const throwIfAborted = (signal: AbortSignal | undefined): void => {
  if (signal?.aborted) throw reasonOf(signal)
}
