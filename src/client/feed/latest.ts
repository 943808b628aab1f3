/** What somebody has to be told who begins to listen later than the others. */
import { ACTIVE_STATUSES, type RunStatus } from '../../domain/run.ts'
import type { ChatSummary, StatesEnvelope } from '../../protocol/envelopes.ts'
import type { ChatNews, StateNews } from './feed.ts'

const ACTIVE: ReadonlySet<RunStatus> = new Set(ACTIVE_STATUSES)

export class Latest {
  readonly #chats = new Map<string, ChatNews>()
  #states: Map<string, ChatSummary> | undefined

  learn(news: ChatNews | StateNews): void {
    switch (news.type) {
      case 'run':
        this.#chats.set(news.chatId, news)
        return
      case 'states':
        this.#states = new Map(news.chats.map((chat) => [chat.id, chat]))
        return
      case 'state':
        if (isOfNote(news.chat)) this.#states?.set(news.chat.id, news.chat)
        else this.#states?.delete(news.chat.id)
        return
      case 'removed':
        this.#states?.delete(news.chatId)
        if (this.#chats.has(news.chatId)) this.#chats.set(news.chatId, news)
        return
      default:
        news satisfies never
    }
  }

  of(chatId: string): ChatNews | undefined {
    return this.#chats.get(chatId)
  }

  get states(): StatesEnvelope | undefined {
    return this.#states && { type: 'states', chats: [...this.#states.values()] }
  }

  /** Nothing more is heard of the other chats. */
  keep(chatIds: ReadonlySet<string>): void {
    for (const chatId of this.#chats.keys()) if (!chatIds.has(chatId)) this.#chats.delete(chatId)
  }

  forget(): void {
    this.#chats.clear()
    this.#states = undefined
  }

  forgetStates(): void {
    this.#states = undefined
  }
}

const isOfNote = ({ latestRun, unread }: ChatSummary): boolean =>
  unread === true || (latestRun !== null && ACTIVE.has(latestRun.status))
