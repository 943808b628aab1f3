/**
 * Keeps a `Chat` of the AI SDK equal to its chat on the server: also what other tabs and devices ask, edit and stop, and what
 * the server begins by itself.
 *
 * INVARIANT: what the chat shows at rest is what the server has; a message that was typed is never lost.
 */
import type { ChatStatus, ChatTransport, UIMessage } from 'ai'
import { coerceError } from '../domain/errors.ts'
import { isAtRest } from '../domain/run.ts'
import type { RunEnvelope } from '../protocol/envelopes.ts'
import { ChatProgress } from './chat-progress.ts'
import { OutlastChatTransport, type OutlastChatTransportOptions } from './chat-transport.ts'
import type { OutlastClient } from './client.ts'
import { StepRepeatedError } from './errors.ts'
import type { ChatNews } from './feed/feed.ts'
import type { FollowedState, Unsent } from './followed-state.ts'
import { HistoryPages, type HistoryPage } from './history-pages.ts'
import { createStore, type Observable, type Store } from './store.ts'
import { SeenMark } from './seen-mark.ts'
import { Stopping } from './stopping.ts'
import type { RunSummary } from './types.ts'
import { onWake } from './wake.ts'

/** What is used of the AI SDK's `Chat`; those for React, Vue, Svelte and Angular all have it. */
export type ChatLike<MESSAGE extends UIMessage> = {
  messages: MESSAGE[]
  readonly status: ChatStatus
  resumeStream(): Promise<void>
  stop(): Promise<void>
}

export type FollowedChatOptions<MESSAGE extends UIMessage> = {
  readonly client: OutlastClient<MESSAGE>
  readonly chatId: string
  /** False when the chat was given no history: it is loaded. */
  readonly hasHistory: boolean
  /** As the server said it together with the history: there are earlier messages. */
  readonly before?: string | undefined
  /** How many of the last messages are loaded, and how many more with each `loadEarlier`. All unless set. */
  readonly pageSize?: number | undefined
  /** As the server said it together with the history: an active run is read at once. */
  readonly activeRun?: RunSummary | null | undefined
  readonly body?: OutlastChatTransportOptions['body']
}

export class FollowedChat<MESSAGE extends UIMessage> {
  /** For the `Chat`. */
  readonly transport: ChatTransport<MESSAGE>
  readonly #options: FollowedChatOptions<MESSAGE>
  readonly #inner: OutlastChatTransport<MESSAGE>
  readonly #state: Store<FollowedState<MESSAGE>>
  readonly #progress = new ChatProgress()
  readonly #pages: HistoryPages<MESSAGE>
  readonly #stopping: Stopping
  readonly #mark: SeenMark
  #chat: ChatLike<MESSAGE> | undefined
  /** The run that is attached to. */
  #target: string | undefined
  /** Messages that are on their way: the server may not have them yet. */
  #sends = 0
  #mustLoad: boolean
  #isWorking = false
  #isBegun = false

  constructor(options: FollowedChatOptions<MESSAGE>) {
    this.#options = options
    this.#mustLoad = !options.hasHistory
    this.#state = createStore<FollowedState<MESSAGE>>({
      run: options.activeRun ?? undefined,
      isStopping: false,
      isReading: false,
      isLoading: this.#mustLoad,
      hasEarlier: options.before !== undefined,
      isLoadingEarlier: false,
      unsent: undefined,
      isRemoved: false,
      trouble: undefined,
    })
    const { client, chatId, body } = options
    this.#pages = new HistoryPages(options)
    this.#stopping = new Stopping(client, chatId)
    this.#mark = new SeenMark(client, chatId)
    this.#inner = new OutlastChatTransport<MESSAGE>({
      client,
      ...(body ? { body } : {}),
      have: () => this.#chat?.messages.at(-1)?.id,
      onRead: (_, runId) => this.#onRead(runId),
    })
    this.transport = {
      resumeStreamIsReplay: true,
      reconnectToStream: (options) => this.#inner.reconnectToStream(options, this.#target),
      sendMessages: (sending) => this.#send(sending),
    }
  }

  get state(): Observable<FollowedState<MESSAGE>> {
    return this.#state
  }

  /** Begins to follow. @returns a function that ends it; the run goes on */
  connect(chat: ChatLike<MESSAGE>): () => void {
    const { client, chatId, activeRun, before } = this.#options
    if (!this.#isBegun) this.#progress.known.set(chat.messages, before !== undefined)
    this.#isBegun = true
    this.#chat = chat
    const refused = (trouble: Error) => this.#set({ trouble })
    const unfollow = client.feed.follow(chatId, (news) => this.#hear(news), refused)
    const awake = onWake((wake) => wake === 'shown' && this.#see())
    if (isActive(activeRun) && !this.#progress.news) void this.#attach(chat, activeRun)
    else this.update()
    return () => {
      unfollow()
      awake()
      this.#chat = undefined
      // React mounts twice: whoever is back by then goes on reading.
      setTimeout(() => {
        if (!this.#chat && isBusy(chat)) void chat.stop()
      })
    }
  }

  /** To be called when the chat has become idle: by its `onFinish`. */
  update(): void {
    // What is read goes on behind an error of something else; the history has to be loaded before.
    if (this.#mustLoad && this.#progress.isReading && this.#chat?.status === 'error')
      void this.#chat.stop()
    if (!this.#isWorking) void this.#catchUp()
  }

  /** Loads the history anew. */
  reload(): void {
    this.#mustLoad = true
    this.update()
  }

  /** Shows the messages before those that are shown. Settles when they are there, or `trouble` says why not. */
  async loadEarlier(): Promise<void> {
    const chat = this.#chat
    const first = chat?.messages[0]?.id
    const { hasEarlier, isLoadingEarlier } = this.#state.get()
    if (!chat || first === undefined || !hasEarlier || isLoadingEarlier) return
    this.#set({ isLoadingEarlier: true })
    try {
      const { messages, hasEarlier } = await this.#pages.before(first)
      // Elsewhere something may have taken its place.
      if (this.#chat !== chat || chat.messages[0]?.id !== first) return
      chat.messages = [...messages, ...chat.messages]
      this.#progress.known.add(messages, hasEarlier)
      this.#set({ hasEarlier, trouble: undefined })
    } catch (thrown) {
      this.#set({ trouble: coerceError(thrown) })
    } finally {
      this.#set({ isLoadingEarlier: false })
    }
  }

  /** Stops the run that is read, or the chat's active one. Settles when the server has taken it, or `trouble` says why not. */
  async stop(): Promise<void> {
    this.#set({ isStopping: true, trouble: undefined })
    const { run } = this.#state.get()
    try {
      await this.#stopping.stop(this.#inner.runOf(this.#options.chatId), run)
    } catch (thrown) {
      this.#set({ trouble: coerceError(thrown) })
    } finally {
      this.#set({ isStopping: this.#stopping.isStopping(this.#state.get().run) })
    }
  }

  /** Gives back what was not sent, for the composer. */
  takeUnsent(): Unsent<MESSAGE> | undefined {
    const { unsent } = this.#state.get()
    this.#set({ unsent: undefined })
    return unsent
  }

  #set(change: Partial<FollowedState<MESSAGE>>): void {
    this.#state.set({ ...this.#state.get(), ...change })
  }

  #hear(news: ChatNews): void {
    const isGone = news.type === 'removed' || (news.run === null && this.#wasThere)
    if (isGone) return this.#set({ isRemoved: true, run: null, isStopping: false })
    this.#progress.hear(news)
    const { run, question } = news
    const isStopping = this.#stopping.isStopping(run)
    // What is missing of the history is still missing.
    const trouble = this.#mustLoad ? this.#state.get().trouble : undefined
    this.#set({ run, isRemoved: false, isStopping, trouble })
    if (question) this.#arrived([question.id])
    this.update()
  }

  /** The server takes a chat that was removed while nobody heard of it for one that is not born yet. */
  get #wasThere(): boolean {
    const { run, isRemoved } = this.#state.get()
    return isRemoved || run != null
  }

  /** These messages are with the server. */
  #arrived(ids: readonly string[]): void {
    const { unsent } = this.#state.get()
    if (unsent && unsent.messageId === undefined && ids.includes(unsent.message.id))
      this.#set({ unsent: undefined })
  }

  async #send(sending: Sending<MESSAGE>): ReturnType<ChatTransport<MESSAGE>['sendMessages']> {
    this.#set({ unsent: undefined })
    this.#sends += 1
    try {
      return await this.#inner.sendMessages(sending)
    } catch (thrown) {
      if (!sending.abortSignal?.aborted) this.#refuse(sending, coerceError(thrown))
      throw thrown
    } finally {
      this.#sends -= 1
    }
  }

  /** The chat shows already what is not so. */
  #refuse({ messages, messageId, trigger }: Sending<MESSAGE>, error: Error): void {
    const message = messages.at(-1)
    if (message?.role === 'user') this.#set({ unsent: { message, messageId, error } })
    const chat = this.#chat
    const isNew = trigger === 'submit-message' && messageId === undefined
    if (chat && isNew && this.#progress.isReading)
      // Beside an answer that is being read, and goes on.
      chat.messages = chat.messages.filter(({ id }) => id !== message?.id)
    else this.#mustLoad = true
  }

  #onRead(runId: string | undefined): (isComplete: boolean, error: unknown) => void {
    const end = this.#progress.read(runId)
    this.#set({ isReading: true })
    return (isComplete, error) => {
      end(isComplete)
      // What is shown of it cannot be taken back.
      if (error instanceof StepRepeatedError) this.#mustLoad = true
      this.#set({ isReading: this.#progress.isReading })
    }
  }

  async #catchUp(): Promise<void> {
    this.#isWorking = true
    try {
      await this.#keepUp()
    } finally {
      this.#isWorking = false
    }
    this.#see()
  }

  async #keepUp(): Promise<void> {
    // Who says that the chat is idle now may still be about to make it so.
    await new Promise((resolve) => setTimeout(resolve))
    for (;;) {
      const chat = this.#chat
      if (!chat || this.#isBusy(chat) || !this.#isBehind(chat)) return
      const { news } = this.#progress
      let run = news?.run
      const isPlaced = news && isActive(run) && this.#place(chat, news)
      if (this.#mustLoad || !isPlaced) {
        const history = await this.#load(chat)
        if (!history) return
        // Of the same instant as the messages, so it is the one that is missing behind them.
        run = history.activeRun
      }
      this.#progress.settle(news)
      if (isActive(run)) await this.#attach(chat, run)
    }
  }

  /** One message may be refused while another one is on its way: what the chat says of itself is of the last word. */
  #isBusy(chat: ChatLike<MESSAGE>): boolean {
    return isBusy(chat) || this.#sends > 0
  }

  #isBehind({ messages }: ChatLike<MESSAGE>): boolean {
    return this.#mustLoad || this.#progress.isBehind(messages)
  }

  #place(chat: ChatLike<MESSAGE>, news: RunEnvelope): boolean {
    const { known } = this.#progress
    const isPlaced = known.place(chat, news)
    if (isPlaced) this.#set({ hasEarlier: known.hasEarlier })
    return isPlaced
  }

  /** To that run and no later one, for which the history may not be the right one. */
  async #attach(chat: ChatLike<MESSAGE>, { id }: RunSummary): Promise<void> {
    this.#target = id
    await chat.resumeStream()
  }

  /** @returns what is there now; undefined when it could not be loaded, or something was begun meanwhile */
  async #load(chat: ChatLike<MESSAGE>): Promise<HistoryPage<MESSAGE> | undefined> {
    try {
      const page = await this.#pages.latest()
      if (this.#isBusy(chat) || this.#chat !== chat) return undefined
      const { known } = this.#progress
      const earlier = page.hasEarlier ? known.before(chat.messages, page.messages) : []
      const hasEarlier = earlier.length > 0 ? known.hasEarlier : page.hasEarlier
      chat.messages = [...earlier, ...page.messages]
      this.#progress.load(chat.messages, hasEarlier)
      this.#mustLoad = false
      this.#set({ isLoading: false, hasEarlier, trouble: undefined })
      this.#arrived(page.messages.map(({ id }) => id))
      return page
    } catch (thrown) {
      this.#set({ isLoading: false, trouble: coerceError(thrown) })
      return undefined
    }
  }

  /** Whoever looks at the chat has seen how its run ended. */
  #see(): void {
    if (this.#chat && !isBusy(this.#chat)) this.#mark.look(this.#state.get().run)
  }
}

type Sending<MESSAGE extends UIMessage> = Parameters<ChatTransport<MESSAGE>['sendMessages']>[0]

const isBusy = ({ status }: { readonly status: ChatStatus }): boolean =>
  status === 'submitted' || status === 'streaming'

const isActive = (run: RunSummary | null | undefined): run is RunSummary =>
  run != null && !isAtRest(run.status)
