/** A reader that wants the whole answer: whenever its connection breaks it comes back to some process, with its last id. */
import { setTimeout as sleep } from 'node:timers/promises'
import { EndedTooSoonError, type Frame, type Question, type RunServer } from './adapter.ts'
import { doorsOf } from './fleet.ts'
import type { ReaderRecord } from './history.ts'
import type { Random } from './plan.ts'
import type { RunScript } from './script.ts'

/** Silence after which it tries its luck elsewhere: a frozen process says nothing. */
const SILENCE_MS = 6000
const PAUSE_MS = 200

export class Reader {
  readonly record: ReaderRecord
  readonly run: string
  readonly #server: RunServer
  readonly #random: Random
  readonly #leaving: AbortSignal
  readonly #decides: RunScript | undefined
  #connection = new AbortController()

  constructor(options: {
    server: RunServer
    random: Random
    run: string
    name: string
    /** What it says when it is asked; undefined for one that leaves that to others. */
    decides: RunScript | undefined
    /** Ends it for good. */
    leaving: AbortSignal
  }) {
    this.#server = options.server
    this.#random = options.random
    this.#leaving = options.leaving
    this.#decides = options.decides
    this.run = options.run
    this.record = { name: options.name, done: false, endedTooSoon: 0, connections: 0, frames: [] }
  }

  /** Breaks its connection; it comes back. */
  cut(): void {
    this.#connection.abort()
  }

  /** @param first - a connection that it has already, and what ends it */
  async follow(first?: {
    frames: AsyncIterable<Frame>
    connection: AbortController
  }): Promise<void> {
    if (first) await this.#attempt(first.connection, async () => first.frames)
    while (!this.record.done && !this.#leaving.aborted) {
      const connection = new AbortController()
      const signal = AbortSignal.any([connection.signal, this.#leaving])
      const process = this.#random.pick(doorsOf(this.#server))
      const after = this.record.frames.at(-1)?.id
      await this.#attempt(connection, () => this.#server.attach(process, this.run, after, signal))
      if (!this.record.done) await sleep(PAUSE_MS)
    }
    this.record.answer = await this.#server.reassemble(this.record.frames)
  }

  async #decide(questions: readonly Question[], signal: AbortSignal): Promise<void> {
    const script = this.#decides
    if (!script) return
    const decisions = questions.map(({ id, step, call }) => ({
      id,
      agreed: script.steps[step]?.calls[call]?.agreed ?? false,
    }))
    const process = this.#random.pick(doorsOf(this.#server))
    await this.#server.decide(process, this.run, decisions, signal)
  }

  async #attempt(
    connection: AbortController,
    open: () => Promise<AsyncIterable<Frame>>,
  ): Promise<void> {
    this.#connection = connection
    this.record.connections += 1
    const silence = setTimeout(() => connection.abort(), SILENCE_MS)
    try {
      for await (const frame of await open()) {
        silence.refresh()
        this.record.frames.push({ connection: this.record.connections, ...frame })
      }
      const questions = this.#server.questions(this.record.frames)
      // It comes back, as long as nobody has answered them.
      if (questions.length > 0) return await this.#decide(questions, connection.signal)
      this.record.done = true
      this.record.doneAt = Date.now()
    } catch (error) {
      if (error instanceof EndedTooSoonError) this.record.endedTooSoon += 1
      this.record.lastError = String(error)
    } finally {
      clearTimeout(silence)
    }
  }
}
