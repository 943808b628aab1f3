/** What a page knows of stops: those that it asked for itself, and those that the server tells of. */
import type { UIMessage } from 'ai'
import { isSettled } from '../domain/run.ts'
import type { OutlastClient } from './client.ts'
import type { RunSummary } from './types.ts'

export class Stopping {
  readonly #client: Pick<OutlastClient<UIMessage>, 'stop'>
  readonly #chatId: string
  /** Requests that were not answered yet. */
  #asked = 0
  /** The run that will stop, as the server says. */
  #stopped: string | undefined

  constructor(client: Pick<OutlastClient<UIMessage>, 'stop'>, chatId: string) {
    this.#client = client
    this.#chatId = chatId
  }

  /**
   * @param read - the run that is read, as soon as its request was answered
   * @param latest - of the chat, as far as it is known
   */
  async stop(read: Promise<string | undefined>, latest: RunSummary | null | undefined) {
    this.#asked += 1
    try {
      const known = latest && !isSettled(latest.status) ? latest.id : undefined
      const runId = (await read) ?? known
      const target = runId === undefined ? { chatId: this.#chatId } : { runId }
      if (await this.#client.stop(target)) this.#stopped = runId
    } finally {
      this.#asked -= 1
    }
  }

  /** It was asked to stop, here or elsewhere, and has not settled yet. */
  isStopping(run: RunSummary | null | undefined): boolean {
    if (run == null || isSettled(run.status)) return false
    return this.#asked > 0 || run.stopRequestedAt != null || run.id === this.#stopped
  }
}
