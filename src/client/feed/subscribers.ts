/** Who reads and listens in one tab, and how far each reader is, whoever brings the news. */
import { InvalidRequestError, type OutlastError } from '../../domain/errors.ts'
import { isClientId } from '../../domain/message.ts'
import { parseOffset } from '../../domain/position.ts'
import { errorOfProblem } from '../errors.ts'
import type { Demand } from './demand.ts'
import type { ChatNews, Feed, OnRefused, RunFrame, StateNews } from './feed.ts'
import { Latest } from './latest.ts'
import type { News, ReaderNews } from './news.ts'
import { RunReader } from './run-reader.ts'

type Listener<T> = { readonly tell: (news: T) => void; readonly onRefused: OnRefused }

const ignore: OnRefused = () => {}

export class Subscribers {
  readonly #onChange: () => void
  readonly #readers = new Map<string, RunReader>()
  readonly #chats = new Map<string, Set<Listener<ChatNews>>>()
  readonly #states = new Set<Listener<StateNews>>()
  readonly #renewed = new Set<() => void>()
  readonly #latest = new Latest()
  #keys = 0
  #isClosed = false

  /** @param onChange - called when `demand` is another one */
  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  /** True when nobody reads or listens. */
  get isEmpty(): boolean {
    const isFollowed = [...this.#chats.values()].some(({ size }) => size > 0)
    return !isFollowed && this.#readers.size === 0 && this.#states.size === 0
  }

  /** What is wanted now, with the positions reached so far. Of what is not wanted, nothing is known any more. */
  demand(): Demand {
    for (const [chatId, listeners] of this.#chats)
      if (listeners.size === 0) this.#chats.delete(chatId)
    this.#latest.keep(new Set(this.#chats.keys()))
    if (this.#states.size === 0) this.#latest.forgetStates()
    return {
      chats: [...this.#chats.keys()],
      runs: [...this.#readers].map(([key, { runId, position }]) => ({
        key,
        runId,
        after: position,
      })),
      states: this.#states.size > 0,
    }
  }

  /** What a feed offers to those who listen. */
  get listening(): Pick<Feed, 'read' | 'follow' | 'states' | 'onRenewed'> {
    return {
      read: (runId, after, signal) => this.read(runId, after, signal),
      follow: (chatId, tell, onRefused) => this.follow(chatId, tell, onRefused),
      states: (tell, onRefused) => this.states(tell, onRefused),
      onRenewed: (listener) => this.onRenewed(listener),
    }
  }

  async *read(runId: string, after: string, signal: AbortSignal): AsyncGenerator<RunFrame> {
    if (signal.aborted || this.#isClosed) return
    checkRead(runId, after)
    const key = String((this.#keys += 1))
    const reader = new RunReader(runId, after)
    const leave = () => reader.leave()
    signal.addEventListener('abort', leave, { once: true })
    this.#readers.set(key, reader)
    this.#onChange()
    try {
      yield* reader.frames()
    } finally {
      signal.removeEventListener('abort', leave)
      this.#drop(key)
    }
  }

  follow(
    chatId: string,
    tell: (news: ChatNews) => void,
    onRefused: OnRefused = ignore,
  ): () => void {
    if (!isClientId(chatId)) {
      const error = new InvalidRequestError('No chat can have this id.')
      queueMicrotask(() => onRefused(error))
      return () => {}
    }
    const listeners = this.#chats.get(chatId) ?? new Set()
    this.#chats.set(chatId, listeners)
    return this.#listen(listeners, { tell, onRefused }, () => this.#latest.of(chatId))
  }

  states(tell: (news: StateNews) => void, onRefused: OnRefused = ignore): () => void {
    return this.#listen(this.#states, { tell, onRefused }, () => this.#latest.states)
  }

  tell(news: readonly News[]): void {
    for (const one of news) this.#tell(one)
  }

  /** Somebody else may be signed in: what was told is not told again to those who begin to listen. */
  renew(): void {
    this.#latest.forget()
    for (const listener of [...this.#renewed]) guarded(listener)
  }

  onRenewed(listener: () => void): () => void {
    this.#renewed.add(listener)
    return () => this.#renewed.delete(listener)
  }

  /** Readers return, and nobody is told anything more. */
  close(): void {
    this.#isClosed = true
    for (const reader of this.#readers.values()) reader.leave()
    this.#readers.clear()
    this.#chats.clear()
    this.#states.clear()
    this.#renewed.clear()
  }

  #listen<T>(
    listeners: Set<Listener<T>>,
    listener: Listener<T>,
    latest: () => T | undefined,
  ): () => void {
    if (this.#isClosed) return () => {}
    listeners.add(listener)
    if (listeners.size === 1) this.#onChange()
    queueMicrotask(() => {
      const known = latest()
      if (known && listeners.has(listener)) guarded(() => listener.tell(known))
    })
    return () => {
      if (listeners.delete(listener) && listeners.size === 0) this.#onChange()
    }
  }

  #tell(news: News): void {
    switch (news.type) {
      case 'frame':
      case 'end':
      case 'problem':
        return this.#tellReader(news)
      case 'refused':
        return this.#refuse(errorOfProblem(news.problem))
      case 'run':
        this.#latest.learn(news)
        return tellAll(this.#chats.get(news.chatId), news)
      case 'removed':
        this.#latest.learn(news)
        tellAll(this.#states, news)
        return tellAll(this.#chats.get(news.chatId), news)
      case 'states':
      case 'state':
        this.#latest.learn(news)
        return tellAll(this.#states, news)
      default:
        news satisfies never
    }
  }

  #tellReader(news: ReaderNews): void {
    const reader = this.#readers.get(news.reader)
    if (!reader) return
    if (news.type === 'frame') return reader.push({ offset: news.offset, chunk: news.chunk })
    reader.end(news.type === 'problem' ? errorOfProblem(news.problem) : undefined)
    this.#drop(news.reader)
  }

  #refuse(error: OutlastError): void {
    const listeners = [...this.#states, ...[...this.#chats.values()].flatMap((all) => [...all])]
    for (const { onRefused } of listeners) guarded(() => onRefused(error))
  }

  #drop(key: string): void {
    if (this.#readers.delete(key)) this.#onChange()
  }
}

/** @throws InvalidRequestError for what would make the server refuse everybody's readers together with this one */
const checkRead = (runId: string, after: string): void => {
  if (isClientId(runId) && (after === '' || parseOffset(after))) return
  throw new InvalidRequestError('A run is read by its id, after an offset that came with a frame.')
}

const tellAll = <T>(listeners: Iterable<Listener<T>> | undefined, news: T): void => {
  for (const { tell } of [...(listeners ?? [])]) guarded(() => tell(news))
}

/** What a listener throws is its own affair: reported like that of any listener, and the others hear the news. */
const guarded = (tell: () => void): void => {
  try {
    tell()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
