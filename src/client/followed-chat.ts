/**
 * Keeps a `Chat` of the AI SDK equal to its chat on the server: also what other tabs and devices ask, edit and stop, and what
 * the server begins by itself.
 *
 * INVARIANT: what the chat shows at rest is what the server has; a message that was typed is never lost.
 */
import type { ChatStatus, ChatTransport, UIMessage } from 'ai'
import { coerceError } from '../domain/errors.ts'
import { isAtRest, isSettled } from '../domain/run.ts'
import type { RunEnvelope } from '../protocol/envelopes.ts'
import { OutlastChatTransport, type OutlastChatTransportOptions } from './chat-transport.ts'
import type { History } from './catalog.ts'
import { wiresOf, type OutlastClient } from './client.ts'
import type { ChatNews } from './feed/feed.ts'
import type { FollowedState, Unsent } from './followed-state.ts'
import { isOver, KnownMessages } from './history.ts'
import { patiently } from './requests.ts'
import { createStore, type Observable, type Store } from './store.ts'
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
  readonly #known = new KnownMessages()
  #chat: ChatLike<MESSAGE> | undefined
  #news: RunEnvelope | undefined
  /** The news that was acted on. */
  #settled: RunEnvelope | undefined
  /** The run that is attached to. */
  #target: string | undefined
  /** The run whose answer is shown in part only. */
  #partial: string | undefined
  /** The run whose answer was read last, to its end. */
  #complete: string | undefined
  /** Answers that are being read just now. */
  #readings = 0
  /** Messages that are on their way: the server may not have them yet. */
  #sends = 0
  /** Requests to stop that were not answered yet. */
  #stops = 0
  /** The run that will stop, as the server says. */
  #stopped: string | undefined
  #mustLoad: boolean
  #seen: string | undefined
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
      unsent: undefined,
      isRemoved: false,
      trouble: undefined,
    })
    const { client, body } = options
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
    if (!this.#isBegun) this.#known.set(chat.messages)
    this.#isBegun = true
    this.#chat = chat
    const { client, chatId, activeRun } = this.#options
    const refused = (trouble: Error) => this.#set({ trouble })
    const unfollow = client.feed.follow(chatId, (news) => this.#hear(news), refused)
    const awake = onWake((wake) => wake === 'shown' && this.#see())
    if (isActive(activeRun) && !this.#news) void this.#attach(chat, activeRun)
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
    if (this.#mustLoad && this.#readings > 0 && this.#chat?.status === 'error')
      void this.#chat.stop()
    if (!this.#isWorking) void this.#catchUp()
  }

  /** Loads the history anew. */
  reload(): void {
    this.#mustLoad = true
    this.update()
  }

  /** Stops the run that is read, or the chat's active one. Settles when the server has taken it, or `trouble` says why not. */
  async stop(): Promise<void> {
    this.#set({ isStopping: true, trouble: undefined })
    this.#stops += 1
    const { client, chatId } = this.#options
    const { run } = this.#state.get()
    try {
      const known = run && !isSettled(run.status) ? run.id : undefined
      const runId = (await this.#inner.runOf(chatId)) ?? known
      const isTaken = await client.stop(runId === undefined ? { chatId } : { runId })
      if (isTaken) this.#stopped = runId
    } catch (thrown) {
      this.#set({ trouble: coerceError(thrown) })
    } finally {
      this.#stops -= 1
      this.#set({ isStopping: this.#isStopping(this.#state.get().run) })
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
    if (news.type === 'removed') return this.#set({ isRemoved: true, run: null, isStopping: false })
    this.#news = news
    const { run, question } = news
    const isStopping = this.#isStopping(run)
    this.#set({ run, isRemoved: false, isStopping, trouble: undefined })
    if (question) this.#arrived([question.id])
    this.update()
  }

  #isStopping(run: RunSummary | null | undefined): boolean {
    if (run == null || isSettled(run.status)) return false
    return this.#stops > 0 || run.stopRequestedAt != null || run.id === this.#stopped
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
    if (chat && isNew && this.#readings > 0)
      // Beside an answer that is being read, and goes on.
      chat.messages = chat.messages.filter(({ id }) => id !== message?.id)
    else this.#mustLoad = true
  }

  #onRead(runId: string | undefined): (isComplete: boolean) => void {
    this.#partial = runId
    this.#complete = undefined
    this.#read(1)
    return (isComplete) => {
      this.#read(-1)
      if (!isComplete) return
      const news = this.#news
      // What was told of it before its end says nothing new. How it ended is looked at: turns may have come before it.
      if (news?.run?.id === runId && isActive(news?.run)) this.#settled = news
      if (this.#partial === runId) this.#partial = undefined
      this.#complete = runId
    }
  }

  #read(more: number): void {
    this.#readings += more
    this.#set({ isReading: this.#readings > 0 })
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
      if (!chat || this.#isBusy(chat) || !(this.#mustLoad || this.#isBehind(chat))) return
      const news = this.#news
      let run = news?.run
      const isPlaced = news && isActive(run) && this.#known.place(chat, news)
      if (this.#mustLoad || !isPlaced) {
        const history = await this.#load(chat)
        if (!history) return
        // Of the same instant as the messages, so it is the one that is missing behind them.
        run = history.activeRun
      }
      this.#settled = news
      if (isActive(run)) await this.#attach(chat, run)
    }
  }

  /** One message may be refused while another one is on its way: what the chat says of itself is of the last word. */
  #isBusy(chat: ChatLike<MESSAGE>): boolean {
    return isBusy(chat) || this.#sends > 0
  }

  #isBehind(chat: ChatLike<MESSAGE>): boolean {
    const news = this.#news
    if (!news?.run || news === this.#settled) return false
    // Also behind an error of something else: when it ends there is another look.
    if (this.#readings > 0 && news.run.id === this.#partial) return false
    // News may be older than what was read since.
    if (!isAtRest(news.run.status))
      return news.run.id !== this.#complete || !isOver(chat.messages, news.run.assistantMessageId)
    return news.run.id === this.#partial || !this.#known.isShown(chat.messages, news)
  }

  /** To that run and no later one, for which the history may not be the right one. */
  async #attach(chat: ChatLike<MESSAGE>, { id }: RunSummary): Promise<void> {
    this.#target = id
    await chat.resumeStream()
  }

  /** @returns what is there now; undefined when it could not be loaded, or something was begun meanwhile */
  async #load(chat: ChatLike<MESSAGE>): Promise<History<MESSAGE> | undefined> {
    const { client, chatId } = this.#options
    try {
      const wires = wiresOf(client)
      const history = await patiently(wires, undefined, () => client.chats.messages(chatId))
      if (this.#isBusy(chat) || this.#chat !== chat) return undefined
      const { messages } = history
      chat.messages = messages
      this.#known.set(messages)
      this.#mustLoad = false
      this.#partial = undefined
      this.#set({ isLoading: false, trouble: undefined })
      this.#arrived(messages.map(({ id }) => id))
      return history
    } catch (thrown) {
      this.#set({ isLoading: false, trouble: coerceError(thrown) })
      return undefined
    }
  }

  /** Whoever looks at the chat has seen how its run ended. */
  #see(): void {
    const { run } = this.#state.get()
    const chat = this.#chat
    if (!run || !chat || !isSettled(run.status) || isBusy(chat) || this.#seen === run.id) return
    if (globalThis.document?.visibilityState === 'hidden') return
    this.#seen = run.id
    const { client, chatId } = this.#options
    client.chats.seen(chatId, run.id).catch(() => {
      // Only a mark in a list: the next look sets it.
      this.#seen = undefined
    })
  }
}

type Sending<MESSAGE extends UIMessage> = Parameters<ChatTransport<MESSAGE>['sendMessages']>[0]

const isBusy = ({ status }: { readonly status: ChatStatus }): boolean =>
  status === 'submitted' || status === 'streaming'

const isActive = (run: RunSummary | null | undefined): run is RunSummary =>
  run != null && !isAtRest(run.status)
