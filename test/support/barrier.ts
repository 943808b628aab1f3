/** A gate for tests: one side waits at it, the other sees that it is reached and opens it. No sleeps. */

export type Barrier = {
  /** Settles when the barrier has been released. */
  promise: Promise<void>
  /** Settles when somebody waits at the barrier for the first time. */
  reached: Promise<void>
  /** Announces the arrival and waits for the release. */
  wait: () => Promise<void>
  /** Opens the barrier for good. */
  release: () => void
}

export const createBarrier = (): Barrier => {
  const opened = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  return {
    promise: opened.promise,
    reached: arrived.promise,
    wait: () => {
      arrived.resolve()
      return opened.promise
    },
    release: () => opened.resolve(),
  }
}
