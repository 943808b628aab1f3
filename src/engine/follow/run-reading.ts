/** One run, read for somebody who reads other things too: a batch is held until it is taken, and nothing queues. */
import { coerceError, NotAllowedError } from '../../domain/errors.ts'
import type { Position } from '../../domain/position.ts'
import type { Attachment } from '../api.ts'
import { Handover } from './handover.ts'
import { patiently } from '../patience.ts'
import type { Clock } from '../ports.ts'
import type { Frame } from '../tail/replay.ts'

export type Reading =
  | { readonly type: 'frames'; readonly runId: string; readonly frames: readonly Frame[] }
  | { readonly type: 'end' }
  | { readonly type: 'problem'; readonly error: Error }

export type RunReadingOptions = {
  /** Undefined: the run may be read by nobody but who began it. */
  readonly attach: () => Promise<Attachment | undefined>
  readonly clock: Clock
  /** Called when there is something to take. */
  readonly onNews: () => void
}

export class RunReading implements Disposable {
  readonly #leaving = new AbortController()
  readonly #handover: Handover<Reading>
  #position: Position | undefined
  #ended = false

  constructor(options: RunReadingOptions) {
    this.#handover = new Handover(options.onNews)
    void this.#read(options)
  }

  /** Where its reader stands: behind everything that was taken. */
  get position(): Position | undefined {
    return this.#position
  }

  /** True when the last of it was taken. */
  get ended(): boolean {
    return this.#ended
  }

  take(): readonly Reading[] {
    const taken = this.#handover.take()
    for (const reading of taken)
      if (reading.type === 'frames') this.#position = reading.frames.at(-1)?.position
      else this.#ended = true
    return taken
  }

  async #read({ attach, clock }: RunReadingOptions): Promise<void> {
    const { signal } = this.#leaving
    try {
      const patience = { clock, until: signal, onError: () => undefined }
      const attachment = await patiently(patience, attach)
      if (!attachment) throw new NotAllowedError('This run is tied to the request that began it.')
      const runId = attachment.run.id
      for await (const frames of attachment.frames(signal))
        await this.#handover.give({ type: 'frames', runId, frames })
      // It may have ended early because the engine closes: then nothing is said.
      if (attachment.ended) await this.#handover.give({ type: 'end' })
    } catch (thrown) {
      if (!signal.aborted)
        await this.#handover.give({ type: 'problem', error: coerceError(thrown) })
    }
  }

  [Symbol.dispose](): void {
    this.#leaving.abort()
    this.#handover.close()
  }
}
