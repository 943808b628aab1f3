/** Writes what comes in batches to one reader, at its pace, with a sign of life in between. */
import { coerceError, EngineStoppingError } from '../domain/errors.ts'
import { SSE_KEEP_ALIVE } from '../protocol/sse.ts'
import type { TextSink } from './text-sink.ts'

export type BatchStream<Batch> = {
  readonly batches: (signal: AbortSignal) => AsyncIterable<Batch>
  readonly encode: (batch: Batch) => string
  readonly sink: TextSink
  /** After so much silence a comment is sent. */
  readonly keepAliveMs: number
  readonly onError: (error: Error) => void
}

/**
 * What an end means is for the caller to say: nothing is ended here, but what failed is broken off.
 *
 * @returns `ended` when there are no more batches; `left` when the reader did not stay, or could not be served
 */
export const streamBatches = async <Batch>({
  batches,
  encode,
  sink,
  keepAliveMs,
  onError,
}: BatchStream<Batch>): Promise<'ended' | 'left'> => {
  const { gone } = sink
  let writing = false
  const silence = setInterval(() => {
    if (!writing) void sink.write(SSE_KEEP_ALIVE)
  }, keepAliveMs)
  try {
    for await (const batch of batches(gone)) {
      writing = true
      await sink.write(encode(batch))
      writing = false
      silence.refresh()
    }
    return gone.aborted ? 'left' : 'ended'
  } catch (thrown) {
    const error = coerceError(thrown)
    onError(error)
    sink.destroy(error)
    return 'left'
  } finally {
    clearInterval(silence)
  }
}

/** Why an answer is broken off that would go on. */
export const shuttingDown = (): EngineStoppingError =>
  new EngineStoppingError('The server is shutting down. Reconnect in a moment.')
