/** Notices that the server does not know the person any more, whichever part of the page has asked it. */

const listeners = new Set<() => void>()

export const onRefused = (listener: () => void): (() => void) => {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

/** For the client of the page. */
export const watchedFetch: typeof fetch = async (input, init) => {
  const answer = await fetch(input, init)
  if (answer.status === 401) for (const listener of [...listeners]) listener()
  return answer
}
