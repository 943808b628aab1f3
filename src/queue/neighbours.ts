/**
 * The other processes on one database: that they are there, which runs they read, and what they say.
 *
 * INVARIANT: who cannot hear takes everything for possible: that others are there, and that they read every run.
 */
import { coerceError } from '../domain/errors.ts'
import type { ChatSignal, Signal } from '../engine/ports.ts'
import { decodeNotice, encodeNotice, type Notice } from './notice.ts'

/** A notice on its way to one process, or to all that listen, its writer included. */
export type Letter = { readonly to: string | undefined; readonly payload: string }

export type Wire = {
  send(letters: readonly Letter[]): Promise<void>
  listen(listener: WireListener): AsyncDisposable
}

export type WireListener = {
  readonly hear: (payload: string) => void
  /** That it begins to hear, that it does not any more, or that it may have missed something. */
  readonly changed: (listens: boolean) => void
}

export type NeighboursOptions = {
  /** Names this process. */
  readonly name: string
  readonly wire: Wire
  readonly onError: (error: Error) => void
}

export type NeighbourEvents = {
  readonly run: (signal: Signal) => void
  readonly chat: (signal: ChatSignal) => void
  /** Somebody reads a run, or goes on reading it. */
  readonly wanted: (runId: string) => void
  /** Before each beat. @returns the runs of others that are read here */
  readonly reads: () => readonly string[]
}

type Words = Pick<Notice, 'hello' | 'reads' | 'runs' | 'chats'>

type Saying = { readonly words: Words; readonly to: string | undefined }

const BEAT_MS = 2000
/** What was said so long ago does not count any more. */
export const FORGET_MS = 3 * BEAT_MS + 500
/** How long the others take at most to answer a hello. */
const ANSWER_MS = 1000

export class Neighbours implements AsyncDisposable {
  readonly #options: NeighboursOptions
  readonly #events: NeighbourEvents
  /** When each of them was heard last. */
  readonly #others = new Map<string, number>()
  /** When each run was read last, by whom else. */
  readonly #read = new Map<string, Map<string, number>>()
  /** What is to be said next, without what is said twice. */
  #unsaid = new Map<string, Saying>()
  #saying: Promise<void> | undefined
  #listensSince: number | undefined
  #isCutOff = false
  readonly #ear: AsyncDisposable
  readonly #beat: NodeJS.Timeout

  constructor(options: NeighboursOptions, events: NeighbourEvents) {
    this.#options = options
    this.#events = events
    this.#ear = options.wire.listen({
      hear: (payload) => this.#hear(payload),
      changed: (listens) => {
        this.#listensSince = listens ? performance.now() : undefined
        this.#others.clear()
        if (listens) this.#say('hello', { hello: true, reads: events.reads() })
      },
    })
    this.#beat = setInterval(() => this.#announce(), BEAT_MS).unref()
  }

  /** True when this process hears what is said, and nobody else says anything. */
  get isAlone(): boolean {
    if (this.#listensSince === undefined) return false
    return this.#others.size === 0 && performance.now() - this.#listensSince > ANSWER_MS
  }

  get listens(): boolean {
    return this.#listensSince !== undefined
  }

  /** Whether somebody else may read it. */
  reads(runId: string): boolean {
    return !this.listens || this.#read.has(runId)
  }

  tell(signal: Signal): void {
    const { kind, runId } = signal
    if (this.isAlone) return
    // How far a run is concerns those who read it.
    const readers = kind === 'progress' && this.listens && this.#read.get(runId)?.keys()
    for (const to of readers || [undefined]) this.#say(`${kind} ${runId}`, { runs: [signal] }, to)
  }

  tellChat(signal: ChatSignal): void {
    if (!this.isAlone) this.#say(JSON.stringify(signal), { chats: [signal] })
  }

  /** Asks whoever executes it to write down what it says. */
  want(runId: string): void {
    this.#say(`read ${runId}`, { reads: [runId] })
  }

  #announce(): void {
    const before = performance.now() - FORGET_MS
    const forget = (known: Map<string, number>) => {
      for (const [key, at] of known) if (at < before) known.delete(key)
    }
    forget(this.#others)
    for (const [runId, readers] of this.#read) {
      forget(readers)
      if (readers.size === 0) this.#read.delete(runId)
    }
    this.#say('beat', { reads: this.#events.reads() })
  }

  #hear(payload: string): void {
    const notice = decodeNotice(payload)
    if (!notice || notice.from === this.#options.name) return
    const now = performance.now()
    const isNew = !this.#others.has(notice.from)
    this.#others.set(notice.from, now)
    if (notice.hello || isNew) this.#announce()
    for (const runId of notice.reads ?? []) {
      this.#read.set(
        runId,
        (this.#read.get(runId) ?? new Map<string, number>()).set(notice.from, now),
      )
      this.#events.wanted(runId)
    }
    for (const signal of notice.runs ?? []) this.#events.run(signal)
    for (const signal of notice.chats ?? []) this.#events.chat(signal)
  }

  #say(key: string, words: Words, to?: string): void {
    this.#unsaid.set(to === undefined ? key : `${key} ${to}`, { words, to })
    // Whatever is said meanwhile goes together.
    this.#saying ??= this.#sayAll().finally(() => (this.#saying = undefined))
  }

  async #sayAll(): Promise<void> {
    // Those who speak in the same turn are waited for.
    await Promise.resolve()
    while (this.#unsaid.size > 0) {
      const sayings = Map.groupBy(this.#unsaid.values(), ({ to }) => to)
      this.#unsaid = new Map()
      const letters = [...sayings].flatMap(([to, said]) => {
        const notice = joined(
          this.#options.name,
          said.map(({ words }) => words),
        )
        return encodeNotice(notice).map((payload) => ({ to, payload }))
      })
      await this.#send(letters)
    }
  }

  /** Told once an outage: what is not said is found out by looking. */
  async #send(letters: readonly Letter[]): Promise<void> {
    try {
      await this.#options.wire.send(letters)
      this.#isCutOff = false
    } catch (thrown) {
      if (!this.#isCutOff) this.#options.onError(coerceError(thrown))
      this.#isCutOff = true
    }
  }

  /** What was said before is still sent. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#beat)
    await this.#saying
    await this.#ear[Symbol.asyncDispose]()
  }
}

const joined = (from: string, words: readonly Words[]): Notice => ({
  from,
  ...(words.some(({ hello }) => hello) ? { hello: true } : {}),
  reads: words.flatMap(({ reads = [] }) => reads),
  runs: words.flatMap(({ runs = [] }) => runs),
  chats: words.flatMap(({ chats = [] }) => chats),
})
