/** A client of the HTTP interface that keeps what it was sent, reconnects where it stands, and sees how a stream ended. */
import { expect } from 'vitest'
import type { Chunk } from '../../src/engine/chunks.ts'
import type { RunSummary, UiMessage } from '../../src/engine/api.ts'
import { readSse } from '../../src/protocol/sse-decoder.ts'
import { eventually } from './eventually.ts'

export type Received = { readonly id: string; readonly chunk: Chunk }

export type Latest = {
  readonly run: RunSummary
  readonly message: UiMessage & { readonly status: string }
}

export type Stopped = { readonly stopped: boolean }

const post = (url: string, path: string, body: unknown, signal?: AbortSignal): Promise<Response> =>
  fetch(new URL(path, url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  })

/** The chat's latest run and its message, from the database. */
export const latestOf = async (url: string, chatId: string): Promise<Latest> =>
  (await (await post(url, '/ai-chat/run', { chatId })).json()) as Latest

export const stopRun = async (
  url: string,
  target: { readonly runId: string } | { readonly chatId: string },
): Promise<boolean> => {
  const { stopped } = (await (await post(url, '/ai-chat/stop', target)).json()) as Stopped
  return stopped
}

/** Waits until the chat's run has settled. */
export const settledRun = async (url: string, chatId: string): Promise<Latest> => {
  const look = async () => {
    const latest = await latestOf(url, chatId)
    expect(latest.run.status).toMatch(/succeeded|failed|aborted/)
    return latest
  }
  return eventually(look, { timeout: 25_000, interval: 50 })
}

type Ending = 'done' | 'broken' | 'unfinished'

/** One tab: it asks once and then follows the run through any number of connections. */
export class Tab {
  readonly chatId: string
  readonly received: Received[] = []
  /** How its last connection ended: `done` after `[DONE]`, `broken` off, or cleanly and yet `unfinished`. */
  ended: Ending | undefined
  readonly #leaving = new AbortController()
  #watchers: (() => void)[] = []

  constructor(chatId: string) {
    this.chatId = chatId
  }

  get chunks(): readonly Chunk[] {
    return this.received.map(({ chunk }) => chunk)
  }

  get runId(): string {
    const [first] = this.chunks
    const metadata = first?.type === 'start' ? first.messageMetadata : undefined
    return (metadata as { runId: string }).runId
  }

  /** Sends a message; resolves as soon as the answer begins. */
  async ask(url: string, text: string): Promise<void> {
    const message = { id: `${this.chatId}-m1`, role: 'user', parts: [{ type: 'text', text }] }
    const body = { id: this.chatId, messages: [message], trigger: 'submit-message' }
    this.#follow(await post(url, '/ai-chat', body, this.#leaving.signal))
    await this.until(({ type }) => type === 'start')
  }

  /** Reads a run that somebody else has begun. */
  async attach(url: string, runId: string): Promise<void> {
    const address = new URL(`/ai-chat/runs/${runId}/stream`, url)
    this.#follow(await fetch(address, { signal: this.#leaving.signal }))
    await this.until(({ type }) => type === 'start')
  }

  /** Goes on after the last id that it got. */
  async reconnect(url: string): Promise<Response> {
    const id = this.received.at(-1)?.id
    const response = await fetch(new URL(`/ai-chat/runs/${this.runId}/stream`, url), {
      ...(id === undefined ? {} : { headers: { 'last-event-id': id } }),
      signal: this.#leaving.signal,
    })
    this.#follow(response)
    return response
  }

  /** Closes the connection. */
  leave(): void {
    this.#leaving.abort()
  }

  /** Waits for a chunk, also one that is there already. */
  async until(wanted: (chunk: Chunk) => boolean): Promise<void> {
    await this.#when(() => this.chunks.some(wanted))
  }

  /** Waits for so many frames, or for the end. */
  async reaches(count: number): Promise<void> {
    await this.#when(() => this.ended !== undefined || this.received.length >= count)
  }

  /** Waits until the connection has ended. */
  async closed(): Promise<Ending> {
    await this.#when(() => this.ended !== undefined)
    return this.ended!
  }

  async #when(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.ended) throw new Error(`The stream of ${this.chatId} is ${this.ended} without it.`)
      await new Promise<void>((resolve) => this.#watchers.push(resolve))
    }
  }

  #follow(response: Response): void {
    this.ended = undefined
    void this.#read(response).then((ended) => {
      this.ended = ended
      this.#tell()
    })
  }

  async #read(response: Response): Promise<Ending> {
    let done = false
    try {
      for await (const { id, data } of readSse(response.body!)) {
        if (data === '[DONE]') done = true
        else this.received.push({ id, chunk: JSON.parse(data) as Chunk })
        this.#tell()
      }
    } catch {
      return 'broken' // The socket was destroyed: that is what a test looks for.
    }
    return done ? 'done' : 'unfinished'
  }

  #tell(): void {
    for (const watcher of this.#watchers.splice(0)) watcher()
  }
}
