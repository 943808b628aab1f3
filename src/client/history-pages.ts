/** The history of a chat as the server has it, from its end on and page by page. */
import type { UIMessage } from 'ai'
import { wiresOf, type OutlastClient } from './client.ts'
import { patiently } from './requests.ts'
import type { RunSummary } from './types.ts'

export type HistoryPage<MESSAGE extends UIMessage> = {
  readonly messages: readonly MESSAGE[]
  readonly activeRun: RunSummary | null
  readonly hasEarlier: boolean
}

export type HistoryPagesOptions<MESSAGE extends UIMessage> = {
  readonly client: OutlastClient<MESSAGE>
  readonly chatId: string
  /** Messages of a page; all unless set. */
  readonly pageSize?: number | undefined
}

/** What the server gives at once; a page shorter than a question and its answer could not be answered again. */
const MOST = 1000
const LEAST = 2

export class HistoryPages<MESSAGE extends UIMessage> {
  readonly #options: HistoryPagesOptions<MESSAGE>

  constructor(options: HistoryPagesOptions<MESSAGE>) {
    this.#options = options
  }

  latest(): Promise<HistoryPage<MESSAGE>> {
    return this.#load({})
  }

  /** @throws MessageNotFoundError when the chat is gone */
  before(messageId: string): Promise<HistoryPage<MESSAGE>> {
    return this.#load({ before: messageId })
  }

  async #load(slice: { readonly before?: string }): Promise<HistoryPage<MESSAGE>> {
    const { client, chatId, pageSize } = this.#options
    const limit = pageSize && Math.min(Math.max(Math.trunc(pageSize), LEAST), MOST)
    const asked = limit === undefined ? slice : { ...slice, limit }
    const { messages, activeRun, before } = await patiently(wiresOf(client), undefined, () =>
      client.chats.messages(chatId, asked),
    )
    const hasEarlier = before !== undefined
    return { messages: hasEarlier ? fromQuestion(messages) : messages, activeRun, hasEarlier }
  }
}

/** An answer is shown together with its question. */
const fromQuestion = <MESSAGE extends UIMessage>(
  messages: readonly MESSAGE[],
): readonly MESSAGE[] => {
  const place = messages.findIndex(({ role }) => role === 'user')
  return place > 0 ? messages.slice(place) : messages
}
