/** All who follow in this process: one watch, and a feed for each. */
import { RunNotFoundError } from '../../domain/errors.ts'
import type { Principal, RunRecord } from '../../domain/run.ts'
import type {
  Attachment,
  ChatFeedNews,
  ChatPlace,
  EngineApi,
  Feed,
  FeedNews,
  RunPlace,
  RunTarget,
} from '../api.ts'
import { followChat } from './follow-chat.ts'
import { follow, type FollowPorts, type Wish } from './follow.ts'
import { Watch, type WatchPorts } from './watch.ts'

export type FollowingPorts = WatchPorts & {
  /** Feeds end when it aborts. */
  readonly closing: AbortSignal
  /** @throws RunNotFoundError for the id of a run that the principal does not own */
  readonly find: (principal: Principal, target: RunTarget) => Promise<RunRecord | undefined>
  readonly attach: EngineApi['attach']
}

export class Following {
  readonly #ports: FollowingPorts
  readonly #watch: Watch

  constructor(ports: FollowingPorts) {
    this.#ports = ports
    this.#watch = new Watch(ports)
  }

  follow(principal: Principal, wish: Wish): Feed<FeedNews> {
    return (signal) => follow(this.#portsOf(principal), principal, wish, this.#untilClosed(signal))
  }

  /** @throws RunNotFoundError when the chat has no such run */
  async followChat(
    principal: Principal,
    chatId: string,
    place?: ChatPlace,
  ): Promise<Feed<ChatFeedNews>> {
    const wish = { chatId, place: place && (await this.#placeIn(principal, chatId, place)) }
    return (signal) =>
      followChat(this.#portsOf(principal), principal, wish, this.#untilClosed(signal))
  }

  async #placeIn(
    principal: Principal,
    chatId: string,
    { runId, after }: ChatPlace,
  ): Promise<RunPlace | undefined> {
    const { find } = this.#ports
    const latest = await find(principal, { chatId })
    if (runId === undefined || latest?.id === runId) return latest && { runId: latest.id, after }
    const run = await find(principal, { runId })
    if (run?.chatId === latest?.chatId) return { runId, after }
    throw new RunNotFoundError(`There is no run ${runId} in this chat.`)
  }

  #portsOf(principal: Principal): FollowPorts {
    const { states, clock, attach } = this.#ports
    return {
      watch: this.#watch,
      states,
      clock,
      attach: ({ runId, after }: RunPlace): Promise<Attachment | undefined> =>
        attach(principal, { runId }, after ? { after } : {}),
    }
  }

  #untilClosed(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.#ports.closing])
  }
}
