/**
 * Follows all chats of one owner, some of them in depth, and reads runs beside that, for one follower.
 *
 * It is pulled: of what a slow follower has not taken there is the newest state of each chat and one batch of each run.
 */
import type { Principal } from '../../domain/run.ts'
import type { Attachment, FeedNews, RunPlace } from '../api.ts'
import type { ChatStates } from '../catalog-ports.ts'
import { untilAborted } from '../run/execution.ts'
import { LatestTurns } from './latest-turns.ts'
import type { Clock } from '../ports.ts'
import { RunReading } from './run-reading.ts'
import { chatSummary } from '../summaries.ts'
import { Wake } from './wake.ts'
import type { ChatNews, Watch } from './watch.ts'

export type FollowPorts = {
  readonly watch: Watch
  readonly states: ChatStates
  readonly clock: Clock
  /** @throws RunNotFoundError; undefined when the run is not for reading */
  readonly attach: (place: RunPlace) => Promise<Attachment | undefined>
}

export type Wish = { readonly chats: readonly string[]; readonly runs: readonly RunPlace[] }

export async function* follow(
  { watch, states, clock, attach }: FollowPorts,
  principal: Principal,
  { chats, runs }: Wish,
  signal: AbortSignal,
): AsyncGenerator<readonly FeedNews[]> {
  using wake = new Wake(signal)
  const news = new LatestNews(wake.up)
  using followed = watch.follow(principal, { newest: true, chats }, news.hear)
  const opened = await untilAborted(followed.opened, signal)
  if (!opened) return
  const newest = opened.filter(({ isNewest }) => isNewest)
  yield [{ type: 'states', chats: newest.map(chatSummary) }]

  using turns = new LatestTurns({ states, clock, principal, onNews: wake.up })
  using stack = new DisposableStack()
  const inDepth = new Set(chats)
  turns.ask(inDepth)
  const readings = runs.map((place) =>
    stack.use(new RunReading({ attach: () => attach(place), clock, onNews: wake.up })),
  )
  while (!signal.aborted) {
    const changes = news.take()
    for (const change of changes)
      if (change.kind === 'removed') turns.forget(change.chatId)
      else if (inDepth.has(change.chatId)) turns.ask([change.chatId])
    const states = [...changes.map(toFeed), ...turns.take().map((turn) => turn.news)]
    if (states.length > 0) yield states
    let isIdle = states.length === 0
    for (const [reader, reading] of readings.entries())
      for (const one of reading.take()) {
        isIdle = false
        yield [{ ...one, reader }]
      }
    if (isIdle) await wake.wait()
  }
}

/** Of each chat the newest that was heard. */
export class LatestNews {
  readonly #onNews: () => void
  readonly #news = new Map<string, ChatNews>()

  constructor(onNews: () => void) {
    this.#onNews = onNews
  }

  readonly hear = (news: ChatNews): void => {
    this.#news.set(news.chatId, news)
    this.#onNews()
  }

  take(): readonly ChatNews[] {
    const news = [...this.#news.values()]
    this.#news.clear()
    return news
  }
}

const toFeed = (news: ChatNews): FeedNews =>
  news.kind === 'state'
    ? { type: 'state', chat: chatSummary(news.chat) }
    : { type: 'removed', chatId: news.chatId }
