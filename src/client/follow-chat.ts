/** Follows one chat on a connection of its own, and goes on when that breaks. */
import { isRetryable } from '../domain/errors.ts'
import { pathOf, ROUTES } from '../protocol/routes.ts'
import { Backoff } from './backoff.ts'
import { waitOf } from './errors.ts'
import { readMessages } from './messages.ts'
import type { Wires } from './run-stream.ts'
import type { ChatEnvelope } from './types.ts'
import { linkedSignal } from './linked-signal.ts'
import { pauseOrWake } from './wake.ts'

/**
 * What happens in a chat: its runs with their questions, and the chunks of each. After a break the latest run is told again.
 * @throws OutlastError when the server refuses it. Returns when the signal aborts
 */
export async function* followChat(
  { http, connections }: Pick<Wires, 'http' | 'connections'>,
  chatId: string,
  { signal, after }: { readonly signal?: AbortSignal; readonly after?: string } = {},
): AsyncGenerator<ChatEnvelope> {
  const following = linkedSignal(signal)
  const link = connections.open()
  const backoff = new Backoff()
  const until = following.signal
  let position = after
  try {
    while (!until.aborted) {
      let wait = 0
      try {
        const path = pathOf(ROUTES.chatFollow, { chatId })
        const response = await http.send(path, { query: { after: position }, signal: until })
        link.set('connected')
        for await (const { id, data } of readMessages(response, until)) {
          backoff.reset()
          position = id || position
          yield JSON.parse(data) as ChatEnvelope
        }
      } catch (error) {
        if (until.aborted) return
        if (!isRetryable(error)) throw error
        wait = waitOf(error)
      }
      link.set('reconnecting')
      await pauseOrWake(backoff.next(wait), until)
    }
  } finally {
    link.close()
    following.unlink()
    following.abort()
  }
}
