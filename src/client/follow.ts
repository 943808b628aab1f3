/** Follows one chat, or the states of all, on a connection of its own, and goes on when that breaks. */
import { isRetryable } from '../domain/errors.ts'
import { pathOf, ROUTES } from '../protocol/routes.ts'
import { Backoff } from './backoff.ts'
import { waitOf } from './errors.ts'
import type { StateNews } from './feed/feed.ts'
import { readMessages } from './messages.ts'
import type { Wires } from './run-stream.ts'
import type { ChatEnvelope } from './types.ts'
import { linkedSignal } from './linked-signal.ts'
import { pauseOrWake } from './wake.ts'

type Following = { readonly signal?: AbortSignal; readonly after?: string }

/**
 * What happens in a chat: its runs with their questions, and the chunks of each. After a break the latest run is told again.
 * @throws OutlastError when the server refuses it. Returns when the signal aborts
 */
export const followChat = (
  wires: Pick<Wires, 'http' | 'connections'>,
  chatId: string,
  options: Following = {},
): AsyncIterable<ChatEnvelope> =>
  follow<ChatEnvelope>(wires, pathOf(ROUTES.chatFollow, { chatId }), options)

/** The states of all chats. After a break those that are active or unread are told again. @throws as `followChat` */
export const followAll = (
  wires: Pick<Wires, 'http' | 'connections'>,
  { signal }: Pick<Following, 'signal'> = {},
): AsyncIterable<StateNews> => follow<StateNews>(wires, ROUTES.follow, signal ? { signal } : {})

async function* follow<ENVELOPE>(
  { http, connections }: Pick<Wires, 'http' | 'connections'>,
  path: string,
  { signal, after }: Following,
): AsyncGenerator<ENVELOPE> {
  const following = linkedSignal(signal)
  const link = connections.open()
  const backoff = new Backoff()
  const until = following.signal
  let position = after
  try {
    while (!until.aborted) {
      let wait = 0
      try {
        const response = await http.send(path, { query: { after: position }, signal: until })
        link.set('connected')
        for await (const { id, data } of readMessages(response, until)) {
          backoff.reset()
          position = id || position
          yield JSON.parse(data) as ENVELOPE
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
