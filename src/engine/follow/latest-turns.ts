/** The latest turns of chats that are followed in depth: told when they are another run, or the same in another state. */
import type { LatestTurn } from '../../domain/catalog.ts'
import { coerceError } from '../../domain/errors.ts'
import type { Principal, RunRecord } from '../../domain/run.ts'
import type { RunNews } from '../api.ts'
import type { ChatStates } from '../catalog-ports.ts'
import { patiently } from '../patience.ts'
import type { Clock } from '../ports.ts'
import { runSummary, uiMessage } from '../summaries.ts'

export type LatestTurnsOptions = {
  readonly states: ChatStates
  readonly clock: Clock
  readonly principal: Principal
  /** Called when there is something to take. */
  readonly onNews: () => void
}

export type TurnNews = { readonly turn: LatestTurn | undefined; readonly news: RunNews }

export class LatestTurns implements Disposable {
  readonly #options: LatestTurnsOptions
  readonly #leaving = new AbortController()
  /** The state in which each chat was told last. */
  readonly #told = new Map<string, string>()
  #asked = new Set<string>()
  #isReading = false
  #found = new Map<string, TurnNews>()
  #error: Error | undefined

  constructor(options: LatestTurnsOptions) {
    this.#options = options
  }

  /** Something may have happened in these chats. */
  ask(chatIds: Iterable<string>): void {
    for (const chatId of chatIds) this.#asked.add(chatId)
    if (!this.#isReading && this.#asked.size > 0) void this.#read()
  }

  /** The chat is gone: what takes its place is news. */
  forget(chatId: string): void {
    this.#told.set(chatId, NONE)
    this.#found.delete(chatId)
    // What is being read now may be from before.
    if (this.#isReading) this.#asked.add(chatId)
  }

  /** @throws what no waiting helps against */
  take(): readonly TurnNews[] {
    if (this.#error) throw this.#error
    const found = [...this.#found.values()]
    this.#found.clear()
    return found.filter(({ turn, news }) => {
      const state = turn ? stateOf(turn.run) : NONE
      if (this.#told.get(news.chatId) === state) return false
      this.#told.set(news.chatId, state)
      return true
    })
  }

  async #read(): Promise<void> {
    const { states, clock, principal, onNews } = this.#options
    const patience = { clock, until: this.#leaving.signal, onError: () => undefined }
    this.#isReading = true
    try {
      while (this.#asked.size > 0) {
        const chatIds = [...this.#asked]
        this.#asked = new Set()
        const turns = await patiently(patience, () => states.turns(principal, chatIds))
        for (const chatId of chatIds) {
          const turn = turns.find(({ chatPublicId }) => chatPublicId === chatId)
          if (!this.#asked.has(chatId))
            this.#found.set(chatId, { turn, news: newsOf(chatId, turn) })
        }
        onNews()
      }
    } catch (thrown) {
      this.#error = coerceError(thrown)
      onNews()
    } finally {
      this.#isReading = false
    }
  }

  [Symbol.dispose](): void {
    this.#leaving.abort()
  }
}

const NONE = ''

/** An epoch later it has been taken over, or has waited and gone on. */
const stateOf = ({ id, status, stopRequestedAt, leaseEpoch }: RunRecord): string =>
  `${id} ${status} ${stopRequestedAt !== null} ${leaseEpoch}`

const newsOf = (chatId: string, turn: LatestTurn | undefined): RunNews => ({
  type: 'run',
  chatId,
  run: turn ? runSummary(turn.run, chatId) : null,
  question: turn?.question ? uiMessage(turn.question, chatId) : null,
  previousMessageId: turn?.previousPublicId ?? null,
})
