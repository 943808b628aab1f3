/** A lock that a tab holds as long as it lives, by which others learn that it does not any more. */

/** @returns settles when it is held; `end` gives it back */
export const bePresent = (locks: LockManager, name: string) => {
  const ending = new AbortController()
  const { signal } = ending
  const begun = new Promise<void>((resolve) => {
    const hold = () =>
      new Promise<void>((release) => {
        if (signal.aborted) return release()
        signal.addEventListener('abort', () => release(), { once: true })
        resolve()
      })
    // Refused where a document may have no locks: then nobody waits for it either.
    locks.request(name, { signal }, hold).catch(() => resolve())
  })
  return { begun, end: () => ending.abort() }
}

/** Calls `onGone` when nobody holds the lock any more. @returns a function that ends the waiting */
export const watchPresence = (
  locks: LockManager,
  name: string,
  onGone: () => void,
): (() => void) => {
  const ending = new AbortController()
  const { signal } = ending
  locks
    .request(name, { mode: 'shared', signal }, () => {
      if (!signal.aborted) onGone()
    })
    // The waiting was ended, or the page is going: nobody waits for the answer.
    .catch(() => undefined)
  return () => ending.abort()
}
