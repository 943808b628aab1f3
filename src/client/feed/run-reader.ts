/** The frames of one reader between the connection that brings them and whoever takes them, at their own pace. */
import type { UIMessageChunk } from 'ai'
import type { OutlastError } from '../../domain/errors.ts'
import type { RunFrame } from './feed.ts'

export class RunReader {
  readonly runId: string
  #position: string
  #waiting: RunFrame[] = []
  #isOver = false
  #error: OutlastError | undefined
  #wake: () => void = () => {}

  constructor(runId: string, after: string) {
    this.runId = runId
    this.#position = after
  }

  /** The offset of whoever has all that was pushed. */
  get position(): string {
    return this.#position
  }

  /** What nobody takes grows as the text of the answer does, not as the number of its chunks. */
  push(frame: RunFrame): void {
    this.#position = frame.offset
    const last = this.#waiting.at(-1)
    const joined = last && join(last.chunk, frame.chunk)
    if (joined) this.#waiting[this.#waiting.length - 1] = { offset: frame.offset, chunk: joined }
    else this.#waiting.push(frame)
    this.#wake()
  }

  /** Nothing follows what was pushed. */
  end(error?: OutlastError): void {
    this.#isOver = true
    this.#error ??= error
    this.#wake()
  }

  /** Nobody takes what was pushed any more. */
  leave(): void {
    this.#waiting = []
    this.end()
  }

  /** @throws what it ended with */
  async *frames(): AsyncGenerator<RunFrame> {
    for (;;) {
      const frame = this.#waiting.shift()
      if (frame) {
        yield frame
        continue
      }
      if (this.#error) throw this.#error
      if (this.#isOver) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

/** Two deltas of the same part as one. */
const join = (one: UIMessageChunk, next: UIMessageChunk): UIMessageChunk | undefined => {
  if (one.type === 'tool-input-delta')
    return next.type === one.type && next.toolCallId === one.toolCallId
      ? { ...one, inputTextDelta: one.inputTextDelta + next.inputTextDelta }
      : undefined
  if (one.type !== 'text-delta' && one.type !== 'reasoning-delta') return undefined
  if (next.type !== one.type || next.id !== one.id) return undefined
  // What a provider says of a delta belongs to that delta.
  if (one.providerMetadata ?? next.providerMetadata) return undefined
  return { ...one, delta: one.delta + next.delta }
}
