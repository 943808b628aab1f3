/**
 * Writes a run to one reader.
 *
 * INVARIANT: the answer ends in good order only after the run's last frame; a clean end means "done" to its reader.
 */
import type { Attachment } from '../engine/api.ts'
import { frameOffset, type Frame } from '../engine/tail/replay.ts'
import { formatStreamPosition } from '../protocol/stream-position.ts'
import { encodeSse, SSE_DONE } from '../protocol/sse.ts'
import { shuttingDown, streamBatches } from './stream-batches.ts'
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
export const streamRun = async ({
  attachment,
  runId,
  ...stream
}: RunStream): Promise<'complete' | 'left' | 'interrupted'> => {
  const { sink } = stream
  const encode = (frames: readonly Frame[]) =>
    frames
      .map((frame) => encodeSse(frame.chunk, formatStreamPosition(frameOffset(frame), runId)))
      .join('')
  const end = await streamBatches({
    ...stream,
    batches: (signal) => attachment.frames(signal),
    encode,
  })
  if (end === 'left') return 'left'
  if (!attachment.ended) {
    sink.destroy(shuttingDown())
    return 'interrupted'
  }
  await sink.write(SSE_DONE)
  sink.end()
  return 'complete'
}
