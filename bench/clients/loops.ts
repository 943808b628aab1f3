/** Clients of whom each reads one run after another, so that as many runs stream at a time as there are clients. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { IncomingMessage } from 'node:http'
import { StampReader } from './stamps.ts'

export class Loops {
  readonly #begin: (index: number) => Promise<IncomingMessage>
  readonly #stamps = new StampReader()
  #loops: Promise<void>[] = []
  #isOver = false

  constructor(begin: (index: number) => Promise<IncomingMessage>) {
    this.#begin = begin
  }

  /** Resolves when all have begun: one after the other over this time, so that no two are in step. */
  async add(count: number, overMs: number): Promise<void> {
    this.#isOver = false
    const first = this.#loops.length
    const begun = Array.from({ length: count }, async (_, index) => {
      await sleep((overMs * index) / count)
      this.#loops.push(this.#loop(first + index))
    })
    await Promise.all(begun)
  }

  /** How late the words came that came since this was asked last. */
  takeDelays(): readonly number[] {
    return this.#stamps.take()
  }

  /** Resolves when each has read its last run. @throws what went wrong for one of them */
  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#loops)
    this.#loops = []
    this.#stamps.take()
  }

  async #loop(index: number): Promise<void> {
    while (!this.#isOver) {
      let tail = ''
      for await (const piece of (await this.#begin(index)) as AsyncIterable<Buffer>) {
        const text = piece.toString()
        this.#stamps.read(text)
        tail = (tail + text).slice(-DONE.length)
      }
      if (tail !== DONE) throw new Error('An answer broke off.')
    }
  }
}

const DONE = 'data: [DONE]\n\n'
