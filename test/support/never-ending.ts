/** Answers that never end by themselves, for tests that ask every route. */
import type { ChatEnvelope, FeedEnvelope } from '../../src/protocol/envelopes.ts'
import { readSse } from '../../src/protocol/sse-decoder.ts'

/** True for an answer that follows; a run's stream has one header more. */
export const isFollowing = (header: (name: string) => string | null | undefined): boolean =>
  header('content-type')?.startsWith('text/event-stream') === true &&
  !header('x-vercel-ai-ui-message-stream')

/** The text of an answer; of one that never ends what it says until everything that was asked for has been answered. */
export const textOf = async (response: Response, url: string): Promise<string> => {
  const isEndless = isFollowing((name) => response.headers.get(name))
  if (!isEndless || !response.body) return response.text()
  const { pathname, searchParams } = new URL(url, 'http://app.example')
  const isFeed = pathname.endsWith('/ai-chat/follow')
  const chats = new Set(searchParams.getAll('chat'))
  let open = isFeed ? 1 + chats.size + searchParams.getAll('run').length : 1
  let text = ''
  for await (const { data } of readSse(response.body)) {
    text += `${data}\n`
    const { type } = JSON.parse(data) as FeedEnvelope | ChatEnvelope
    if (type !== 'chunk' && type !== 'state' && (open -= 1) === 0) break
  }
  return text
}
