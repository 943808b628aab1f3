/** Chats as their owner lists, opens, names, exports and removes them. */
import type { MessageSlice, OpenedChat, PageRequest } from '../../domain/catalog.ts'
import { ChatNotFoundError } from '../../domain/errors.ts'
import { isSettled, type Principal, type RunRecord } from '../../domain/run.ts'
import type { EngineApi } from '../api.ts'
import type { ChatMessages, ChatsApi, ChatSummary } from '../catalog-api.ts'
import type { ChatCatalog } from '../catalog-ports.ts'
import { chatMarkdown } from './chat-markdown.ts'
import type { ChunkLog, Clock, Conversations, RunBus } from '../ports.ts'
import { settledOrLater } from '../workers/settled-or-later.ts'
import { chatSummary, runSummary, uiMessage } from '../summaries.ts'
import { uiParts } from '../tail/ui-parts.ts'
import { viewOf } from '../tail/view.ts'

export type ChatsPorts = {
  readonly catalog: ChatCatalog
  readonly conversations: Conversations
  readonly bus: RunBus
  readonly log: ChunkLog
  readonly clock: Clock
  readonly engine: Pick<EngineApi, 'stop'>
}

/** How long the run of a chat that is removed gets to end: what a stop gives to tools and providers, and a little more. */
const STOPPING_MS = 3000

export class Chats implements ChatsApi {
  readonly #ports: ChatsPorts

  constructor(ports: ChatsPorts) {
    this.#ports = ports
  }

  async list(
    principal: Principal,
    filter: { readonly query?: string | undefined },
    page: PageRequest,
  ): ReturnType<ChatsApi['list']> {
    const { items, after } = await this.#ports.catalog.list(principal, filter, page)
    return { chats: items.map(chatSummary), after }
  }

  async open(
    principal: Principal,
    chatId: string,
    slice: MessageSlice,
  ): ReturnType<ChatsApi['open']> {
    const opened = await this.#open(principal, chatId, slice)
    return { chat: chatSummary(opened.chat), ...messagesOf(opened) }
  }

  async messages(principal: Principal, chatId: string, slice: MessageSlice): Promise<ChatMessages> {
    const opened = await this.#ports.catalog.open(principal, chatId, slice)
    return opened ? messagesOf(withWaiting(opened)) : { messages: [], activeRun: null }
  }

  async rename(principal: Principal, chatId: string, title: string | null): Promise<ChatSummary> {
    const chat = await this.#ports.catalog.rename(principal, chatId, title)
    if (!chat) throw notFound(chatId)
    this.#ports.bus.publishChat({ ...principal, chatId })
    return chatSummary(chat)
  }

  async see(principal: Principal, chatId: string, runId: string): Promise<ChatSummary> {
    const chat = await this.#ports.catalog.see(principal, chatId, runId)
    if (!chat) throw notFound(chatId)
    this.#ports.bus.publishChat({ ...principal, chatId })
    return chatSummary(chat)
  }

  async remove(principal: Principal, chatId: string): Promise<void> {
    const { conversations, catalog, bus, log } = this.#ports
    const latest = await conversations.latestRun(principal, chatId)
    if (latest && !isSettled(latest.status)) await this.#stop(principal, chatId, latest)
    const active = await catalog.remove(principal, chatId)
    if (!active) throw notFound(chatId)
    bus.publishChat({ ...principal, chatId })
    for (const { id, leaseEpoch } of active) {
      // Its worker cannot write any more and ends; its readers look again and see that it is gone.
      bus.publish({ kind: 'stop', runId: id })
      bus.publish({ kind: 'settled', runId: id })
      await log.drop(id, leaseEpoch)
    }
  }

  async toMarkdown(principal: Principal, chatId: string): ReturnType<ChatsApi['toMarkdown']> {
    const opened = await this.#open(principal, chatId, {})
    return { title: opened.chat.title, markdown: chatMarkdown(opened) }
  }

  async #open(principal: Principal, chatId: string, slice: MessageSlice): Promise<OpenedChat> {
    const opened = await this.#ports.catalog.open(principal, chatId, slice)
    if (opened) return withWaiting(opened)
    throw notFound(chatId)
  }

  /** Readers get the end of a run that settles in time. Nobody waits for one that somebody else executes. */
  async #stop(principal: Principal, chatId: string, run: RunRecord): Promise<void> {
    const { engine, conversations, clock } = this.#ports
    const deadline = clock.now() + STOPPING_MS
    // Of the chat: the run may be gone already, with a chat that was removed twice.
    await engine.stop(principal, { chatId })
    if (run.driver === 'external') return
    for (;;) {
      const now = await conversations.findRun(principal, run.id)
      const left = deadline - clock.now()
      if (!now || isSettled(now.status) || left <= 0) return
      await settledOrLater(this.#ports, run.id, Math.min(250, left))
    }
  }
}

const notFound = (chatId: string): ChatNotFoundError =>
  new ChatNotFoundError(`There is no chat ${chatId} here.`)

/** The message of a run that waits, as far as it is. */
const withWaiting = (opened: OpenedChat): OpenedChat => {
  const { activeRun, waiting } = opened
  if (!activeRun || !waiting) return opened
  const parts = uiParts(viewOf(activeRun, waiting.steps, waiting.calls))
  const messages = opened.messages.map((message) =>
    message.id === activeRun.assistantMessageId ? { ...message, parts } : message,
  )
  return { ...opened, messages }
}

const messagesOf = ({ chat, messages, hasEarlier, activeRun }: OpenedChat): ChatMessages => {
  const [first] = messages
  return {
    messages: messages.map((message) => uiMessage(message, chat.publicId)),
    activeRun: activeRun ? runSummary(activeRun, chat.publicId) : null,
    ...(hasEarlier && first ? { before: first.publicId } : {}),
  }
}
