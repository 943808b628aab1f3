/** Frames as the stream of chunks that the AI SDK reads. */
import type { UIMessageChunk } from 'ai'
import type { RunFrame } from './feed/feed.ts'
import { linkedSignal, reasonOf } from './linked-signal.ts'

/**
 * @param read - begins to read; returns when its signal aborts
 * @param signal - ends the stream with its reason, as an aborted `fetch` does
 */
export const chunkStream = (
  read: (signal: AbortSignal) => AsyncIterable<RunFrame>,
  signal: AbortSignal | undefined,
): ReadableStream<UIMessageChunk> => {
  const reading = linkedSignal(signal)
  const frames = read(reading.signal)[Symbol.asyncIterator]()
  return new ReadableStream<UIMessageChunk>(
    {
      async pull(controller) {
        try {
          const { done, value } = await frames.next()
          if (!done) return controller.enqueue(value.chunk)
          reading.unlink()
          if (signal?.aborted) controller.error(reasonOf(signal))
          else controller.close()
        } catch (error) {
          reading.unlink()
          controller.error(error)
        }
      },
      cancel() {
        reading.unlink()
        reading.abort()
        void end(frames)
      },
    },
    { highWaterMark: 0 },
  )
}

/** What was not begun has nothing to clean up, and keeps what it was given: so it is begun, and ended. */
const end = async (frames: AsyncIterator<unknown>): Promise<void> => {
  try {
    await frames.next()
    await frames.return?.()
  } catch {
    // Nobody reads it any more.
  }
}
