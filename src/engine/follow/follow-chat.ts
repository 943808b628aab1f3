/**
 * Follows one chat for one follower, which is told everything in an order in which it can be shown: a run before its chunks,
 * and the end of a run, or the next one, after them.
 */
import { isAtRest, type Principal } from '../../domain/run.ts'
import type { ChatFeedNews, RunPlace } from '../api.ts'
import { untilAborted } from '../run/execution.ts'
import { LatestNews, type FollowPorts } from './follow.ts'
import { LatestTurns, type TurnNews } from './latest-turns.ts'
import { RunReading } from './run-reading.ts'
import { RunsInTurn } from './runs-in-turn.ts'
import { Wake } from './wake.ts'

export type ChatWish = {
  readonly chatId: string
  /** Where the follower stands in a run of the chat. */
  readonly place?: RunPlace | undefined
}

export async function* followChat(
  { watch, states, clock, attach }: FollowPorts,
  principal: Principal,
  { chatId, place }: ChatWish,
  signal: AbortSignal,
): AsyncGenerator<readonly ChatFeedNews[]> {
  using wake = new Wake(signal)
  const changes = new LatestNews(wake.up)
  using followed = watch.follow(principal, { newest: false, chats: [chatId] }, changes.hear)
  if (!(await untilAborted(followed.opened, signal))) return

  using turns = new LatestTurns({ states, clock, principal, onNews: wake.up })
  using reader = new RunsInTurn(
    (next) => new RunReading({ attach: () => attach(next), clock, onNews: wake.up }),
    place,
  )
  turns.ask([chatId])
  /** Told as soon as it can be shown. */
  let next: TurnNews | 'removed' | undefined
  let told: TurnNews | undefined
  while (!signal.aborted) {
    for (const change of changes.take()) {
      if (change.chatId !== chatId) continue
      if (change.kind === 'state') turns.ask([chatId])
      else {
        turns.forget(chatId)
        next = 'removed'
      }
    }
    next = turns.take().at(-1) ?? next
    const wasReading = reader.isReading
    const frames = reader.take()
    if (frames.length > 0) yield frames
    if (wasReading && !reader.isReading) {
      // It may have ended to wait, and gone on since.
      turns.ask([chatId])
      // A run that was quick was told at rest before its chunks: its end is told behind them all the same.
      if (told?.turn && isAtRest(told.turn.run.status)) next ??= told
    }
    if (next === 'removed' && !reader.isReading) {
      next = undefined
      yield [{ type: 'removed', chatId }]
    } else if (next && next !== 'removed' && reader.lets(next.turn?.run)) {
      told = next
      next = undefined
      yield [told.news]
      reader.goTo(told.turn?.run)
    } else if (frames.length === 0) await wake.wait()
  }
}
