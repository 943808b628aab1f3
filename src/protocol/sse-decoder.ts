/** Decodes server-sent events as the HTML standard says, whatever the pieces they arrive in. */

export type SseMessage = {
  readonly event: string
  readonly data: string
  /** The last `id` of the stream so far; empty before the first. */
  readonly id: string
}

export class SseDecoder {
  #line = ''
  #first = true
  #afterReturn = false
  #data: string[] = []
  #event = ''
  #id = ''
  #lastEventId = ''
  #retryMs: number | undefined

  /** What a reader that reconnects sends as `Last-Event-ID`: the id of the last complete message. */
  get lastEventId(): string {
    return this.#lastEventId
  }

  /** The pause before a reconnect that the server asked for. */
  get retryMs(): number | undefined {
    return this.#retryMs
  }

  /** @returns the messages that are complete now; one in whose middle the stream ends is none */
  push(text: string): SseMessage[] {
    if (text === '') return []
    const messages: SseMessage[] = []
    let start = this.#first && text.startsWith('\uFEFF') ? 1 : 0
    if (this.#afterReturn && text.startsWith('\n')) start = 1
    this.#first = false
    this.#afterReturn = text.endsWith('\r')
    for (const { 0: end, index } of text.matchAll(/\r\n|\r|\n/g)) {
      if (index < start) continue
      const line = this.#line + text.slice(start, index)
      this.#line = ''
      start = index + end.length
      if (line !== '') this.#field(line)
      else this.#dispatch(messages)
    }
    this.#line += text.slice(start)
    return messages
  }

  #field(line: string): void {
    const colon = line.indexOf(':')
    if (colon === 0) return
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'data') this.#data.push(value)
    else if (name === 'event') this.#event = value
    else if (name === 'id' && !value.includes('\0')) this.#id = value
    else if (name === 'retry' && /^\d+$/.test(value)) this.#retryMs = Number(value)
  }

  #dispatch(messages: SseMessage[]): void {
    this.#lastEventId = this.#id
    if (this.#data.length > 0)
      messages.push({
        event: this.#event === '' ? 'message' : this.#event,
        data: this.#data.join('\n'),
        id: this.#id,
      })
    this.#data = []
    this.#event = ''
  }
}

/** The messages of a response body, until it ends. Leaving the loop cancels the body. */
export async function* readSse(body: ReadableStream<Uint8Array>): AsyncGenerator<SseMessage> {
  const messages = new SseDecoder()
  const text = new TextDecoder()
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield* messages.push(text.decode(value, { stream: true }))
    }
  } finally {
    await reader.cancel()
  }
}
