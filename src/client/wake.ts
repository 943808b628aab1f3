/** When a device or a page may have come back: worth a look at once, whatever was planned. */

/** `online`, `offline`: of the device's network. `shown`: the page is looked at again, or left the back-forward cache. */
export type Wake = 'online' | 'offline' | 'shown'

/** Calls the listener at each wake; never where there is no page. @returns a function that ends it */
export const onWake = (listener: (wake: Wake) => void): (() => void) => {
  const page = globalThis as { window?: Window; document?: Document }
  const { window, document } = page
  // React Native has a `window` that hears of nothing.
  if (typeof window?.addEventListener !== 'function') return () => {}
  const ending = new AbortController()
  const { signal } = ending
  window.addEventListener('online', () => listener('online'), { signal })
  window.addEventListener('offline', () => listener('offline'), { signal })
  window.addEventListener('pageshow', () => listener('shown'), { signal })
  document?.addEventListener(
    'visibilitychange',
    () => {
      if (document.visibilityState === 'visible') listener('shown')
    },
    { signal },
  )
  return () => ending.abort()
}

/** Resolves after so long, at a wake, or when the signal aborts. Never rejects. */
export const pauseOrWake = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      forget()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    const forget = onWake((wake) => {
      if (wake !== 'offline') done()
    })
    signal?.addEventListener('abort', done, { once: true })
  })
