/** What a page without the AI SDK's client makes of chunks: the answer, by the AI SDK's own reading of them. */
import { readUIMessageStream, type UIMessage, type UIMessageChunk } from 'ai'

export class Gathered {
  readonly #before: readonly UIMessage[]
  readonly #chunks: UIMessageChunk[] = []
  #answer: UIMessage | undefined

  /** @param before - what the page shows before the answer */
  constructor(before: readonly UIMessage[]) {
    this.#before = before
  }

  /** With the answer as it was when `show` was called. */
  get messages(): readonly UIMessage[] {
    return this.#answer ? [...this.#before, this.#answer] : this.#before
  }

  /** Of the calls that somebody is asked about. */
  get approvals(): readonly string[] {
    const parts = this.#answer?.parts ?? []
    return parts.flatMap((part) =>
      'state' in part && part.state === 'approval-requested' ? [part.approval.id] : [],
    )
  }

  /** @param data - of a message of the stream */
  add(data: string): void {
    this.#chunks.push(JSON.parse(data) as UIMessageChunk)
  }

  /** Makes a message of everything that has come. */
  async show(): Promise<void> {
    const chunks = this.#chunks
    const stream = new ReadableStream<UIMessageChunk>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(chunk)
        controller.close()
      },
    })
    for await (const message of readUIMessageStream({ stream })) this.#answer = message
  }
}
