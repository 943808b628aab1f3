/** A key under which the server recognises a request that is sent again. */

/** Unique among the requests of one chat; `crypto` is missing on plain HTTP and in React Native. */
export const requestKey = (): string =>
  `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`
