/**
 * Writes a run to one reader.
 *
 * INVARIANT: the answer ends in good order only after the run's last frame; a clean end means "done" to its reader.
 */
import { coerceError, EngineStoppingError } from '../domain/errors.ts'
import type { Attachment } from '../engine/api.ts'
import { frameOffset } from '../engine/replay.ts'
import { formatStreamPosition } from '../protocol/stream-position.ts'
import { encodeSse, SSE_DONE, SSE_KEEP_ALIVE } from '../protocol/sse.ts'
import type { TextSink } from './text-sink.ts'

export type RunStream = {
  readonly attachment: Attachment
  readonly sink: TextSink
  /** Numbers the messages with it too, for readers of a chat. */
  readonly runId?: string | undefined
  /** After so much silence a comment is sent. */
  readonly keepAliveMs: number
  readonly onError: (error: Error) => void
}

/** @returns `complete`; `left` when the reader did not stay until the end; `interrupted` when we did not */
export const streamRun = async (
  stream: RunStream,
): Promise<'complete' | 'left' | 'interrupted'> => {
  const { attachment, sink, runId, keepAliveMs, onError } = stream
  const { gone } = sink
  let writing = false
  const silence = setInterval(() => {
    if (!writing) void sink.write(SSE_KEEP_ALIVE)
  }, keepAliveMs)
  try {
    for await (const frames of attachment.frames(gone)) {
      writing = true
      await sink.write(
        frames
          .map((frame) => encodeSse(frame.chunk, formatStreamPosition(frameOffset(frame), runId)))
          .join(''),
      )
      writing = false
      silence.refresh()
    }
    if (gone.aborted) return 'left'
    if (!attachment.ended) {
      sink.destroy(new EngineStoppingError('The server is shutting down. Reconnect in a moment.'))
      return 'interrupted'
    }
    await sink.write(SSE_DONE)
    sink.end()
    return 'complete'
  } catch (thrown) {
    const error = coerceError(thrown)
    onError(error)
    sink.destroy(error)
    return 'left'
  } finally {
    clearInterval(silence)
  }
}
