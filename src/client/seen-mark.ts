/** Tells the server, once, that the user has seen how a run ended: whoever has its chat in front of them has. */
import type { UIMessage } from 'ai'
import { isSettled } from '../domain/run.ts'
import type { OutlastClient } from './client.ts'
import type { RunSummary } from './types.ts'

export class SeenMark {
  readonly #client: Pick<OutlastClient<UIMessage>, 'chats'>
  readonly #chatId: string
  #seen: string | undefined

  constructor(client: Pick<OutlastClient<UIMessage>, 'chats'>, chatId: string) {
    this.#client = client
    this.#chatId = chatId
  }

  /** To be called when the chat shows all of the run, and when somebody comes back to the page. */
  look(run: RunSummary | null | undefined): void {
    if (!run || !isSettled(run.status) || this.#seen === run.id) return
    if (globalThis.document?.visibilityState === 'hidden') return
    this.#seen = run.id
    this.#client.chats.seen(this.#chatId, run.id).catch(() => {
      // Only a mark in a list: the next look sets it.
      this.#seen = undefined
    })
  }
}
