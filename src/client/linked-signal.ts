/** A signal that aborts with another one, or by itself. */

export type LinkedSignal = {
  readonly signal: AbortSignal
  readonly abort: (reason?: unknown) => void
  /** The other one may live for long: it forgets this one. */
  readonly unlink: () => void
}

export const linkedSignal = (parent: AbortSignal | undefined): LinkedSignal => {
  const controller = new AbortController()
  const follow = () => controller.abort(parent?.reason)
  if (parent?.aborted) follow()
  else parent?.addEventListener('abort', follow, { once: true })
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    unlink: () => parent?.removeEventListener('abort', follow),
  }
}
