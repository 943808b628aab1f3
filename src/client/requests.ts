/** Requests that begin to read a run, made again while the server is away. */
import { isRetryable } from '../domain/errors.ts'
import { pathOf, ROUTES } from '../protocol/routes.ts'
import { Backoff } from './backoff.ts'
import { waitOf } from './errors.ts'
import type { HttpRequest } from './http.ts'
import { throwIfAborted } from './linked-signal.ts'
import type { Wires } from './run-stream.ts'
import { pauseOrWake } from './wake.ts'

/** How long a server that is away is asked again before the caller is told. */
const GIVE_UP_MS = 30_000

/**
 * Sends a turn. The same one is sent again when its answer is lost: its key makes the server recognise it.
 * @param body - as PROTOCOL.md has it under POST
 * @throws RunAlreadyActiveError, ConnectionLostError after 30 s, and whatever else the server refuses it for
 */
export const startRun = (
  wires: Wires,
  body: Readonly<Record<string, unknown>>,
  { headers, signal }: Pick<HttpRequest, 'headers' | 'signal'> = {},
): Promise<Response> =>
  patiently(wires, signal, () => {
    const request = { method: 'POST', json: body, signal } as const
    return wires.http.stream(ROUTES.start, headers ? { ...request, headers } : request)
  })

/** @returns undefined when there is nothing to attach to */
export const attachToChat = async (
  wires: Wires,
  chatId: string,
  {
    have,
    headers,
    signal,
  }: Pick<HttpRequest, 'headers' | 'signal'> & { readonly have?: string | undefined },
): Promise<Response | undefined> => {
  const path = pathOf(ROUTES.chatStream, { chatId })
  const request = { query: { have }, signal }
  const response = await patiently(wires, signal, () =>
    wires.http.stream(path, headers ? { ...request, headers } : request),
  )
  return response.status === 204 ? undefined : response
}

/** @returns undefined when the run is tied to another connection */
export const attachToRun = async (
  wires: Wires,
  runId: string,
  {
    after,
    headers,
    signal,
  }: Pick<HttpRequest, 'headers' | 'signal'> & { readonly after?: string | undefined },
): Promise<Response | undefined> => {
  const path = pathOf(ROUTES.runStream, { runId })
  const request = { query: { after }, signal }
  const response = await patiently(wires, signal, () =>
    wires.http.stream(path, headers ? { ...request, headers } : request),
  )
  return response.status === 204 ? undefined : response
}

/** Makes a request again until it is answered, for at most 30 s. */
export const patiently = async <T>(
  { connections }: Pick<Wires, 'connections'>,
  signal: AbortSignal | undefined,
  request: () => Promise<T>,
): Promise<T> => {
  const link = connections.open()
  const backoff = new Backoff()
  const deadline = Date.now() + GIVE_UP_MS
  try {
    for (;;) {
      try {
        return await request()
      } catch (error) {
        throwIfAborted(signal)
        const wait = backoff.next(waitOf(error))
        if (!isRetryable(error) || Date.now() + wait > deadline) throw error
        link.set('reconnecting')
        await pauseOrWake(wait, signal)
        throwIfAborted(signal)
      }
    }
  } finally {
    link.close()
  }
}
