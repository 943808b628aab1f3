/** How far a chat is with what the server tells of it: what it was told, what it has read, and whether it shows that. */
import type { UIMessage } from 'ai'
import { isAtRest } from '../domain/run.ts'
import type { RunEnvelope } from '../protocol/envelopes.ts'
import { isOver, KnownMessages } from './history.ts'

export class ChatProgress {
  readonly known = new KnownMessages()
  #news: RunEnvelope | undefined
  /** The news that was acted on. */
  #settled: RunEnvelope | undefined
  /** The run whose answer is shown in part only. */
  #partial: string | undefined
  /** The run whose answer was read last, to its end. */
  #complete: string | undefined
  /** Answers that are being read just now. */
  #readings = 0

  get news(): RunEnvelope | undefined {
    return this.#news
  }

  get isReading(): boolean {
    return this.#readings > 0
  }

  hear(news: RunEnvelope): void {
    this.#news = news
  }

  /** These news were acted on. */
  settle(news: RunEnvelope | undefined): void {
    this.#settled = news
  }

  /** The history was loaded. */
  load(messages: readonly UIMessage[], hasEarlier: boolean): void {
    this.known.set(messages, hasEarlier)
    this.#partial = undefined
  }

  /** The answer of this run is being read. @returns to be called at the end of that */
  read(runId: string | undefined): (isComplete: boolean) => void {
    this.#partial = runId
    this.#complete = undefined
    this.#readings += 1
    return (isComplete) => {
      this.#readings -= 1
      if (!isComplete) return
      const run = this.#news?.run
      // What was told of it before its end says nothing new. How it ended is looked at: turns may have come before it.
      if (run && run.id === runId && !isAtRest(run.status)) this.#settled = this.#news
      if (this.#partial === runId) this.#partial = undefined
      this.#complete = runId
    }
  }

  /** True when the server has told of something that the chat does not show. */
  isBehind(messages: readonly UIMessage[]): boolean {
    const news = this.#news
    if (!news?.run || news === this.#settled) return false
    const { id, status, assistantMessageId } = news.run
    // Also behind an error of something else: when it ends there is another look.
    if (this.isReading && id === this.#partial) return false
    // News may be older than what was read since.
    if (!isAtRest(status)) return id !== this.#complete || !isOver(messages, assistantMessageId)
    return id === this.#partial || !this.known.isShown(messages, news)
  }
}
