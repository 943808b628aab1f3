/** The life of a page: when it is put away and when it comes back. Where there is no page, neither happens. */

type Life = {
  /** Into the back-forward cache, frozen, or closed: whatever is held has to be let go of now. */
  readonly onAway: () => void
  readonly onBack: () => void
}

type Place = { readonly window?: Window; readonly document?: Document }

/** @returns a function that ends it */
export const watchPage = ({ onAway, onBack }: Life): (() => void) => {
  const { window, document } = globalThis as Place
  if (typeof window?.addEventListener !== 'function') return () => {}
  const ending = new AbortController()
  const { signal } = ending
  let isAway = false
  const away = () => {
    if (!isAway) onAway()
    isAway = true
  }
  const back = () => {
    if (isAway) onBack()
    isAway = false
  }
  window.addEventListener('pagehide', away, { signal })
  window.addEventListener('pageshow', back, { signal })
  document?.addEventListener('freeze', away, { signal })
  document?.addEventListener('resume', back, { signal })
  return () => ending.abort()
}

export const isHidden = (): boolean => (globalThis as Place).document?.visibilityState === 'hidden'

/** A tab that nobody looks at for so long gives its connection up: a browser has six of them for a server. */
const UNSEEN_MS = 30_000

/** @returns a function that ends it */
export const watchUnseen = ({ onAway, onBack }: Life): (() => void) => {
  const { document } = globalThis as Place
  if (typeof document?.addEventListener !== 'function') return () => {}
  const ending = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let isAway = false
  const look = () => {
    clearTimeout(timer)
    if (isHidden())
      timer = setTimeout(() => {
        isAway = true
        onAway()
      }, UNSEEN_MS)
    else if (isAway) {
      isAway = false
      onBack()
    }
  }
  document.addEventListener('visibilitychange', look, { signal: ending.signal })
  look()
  return () => {
    clearTimeout(timer)
    ending.abort()
  }
}
