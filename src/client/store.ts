/** A value that changes and can be watched; shaped for React's `useSyncExternalStore`. */

export type Observable<T> = {
  readonly get: () => T
  /** Calls the listener after each change, until the returned function is called. */
  readonly subscribe: (listener: () => void) => () => void
}

export type Store<T> = Observable<T> & {
  /** Tells nobody where nothing changed. */
  readonly set: (value: T) => void
}

export const createStore = <T>(initial: T): Store<T> => {
  const listeners = new Set<() => void>()
  let current = initial
  return {
    get: () => current,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    set: (value) => {
      if (Object.is(value, current)) return
      current = value
      for (const listener of listeners) listener()
    },
  }
}
