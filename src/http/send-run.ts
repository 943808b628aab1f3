/** Answers a request with the stream of a run. */
import type { Context } from 'hono'
import { coerceError } from '../domain/errors.ts'
import type { Attachment } from '../engine/api.ts'
import { BOUND_HEADER, RUN_HEADER } from '../protocol/routes.ts'
import type { Env } from './env.ts'
import type { ReaderPlace } from './readers.ts'
import { SSE_HEADERS } from '../protocol/sse.ts'
import { sendStream, type StreamOptions } from './send-stream.ts'
import { streamRun } from './stream-run.ts'
import type { TextSink } from './text-sink.ts'

export type Sending = {
  readonly attachment: Attachment
  /** Held while the run is read. */
  readonly place: ReaderPlace
  /** Numbers the messages with it too. */
  readonly runId?: string | undefined
  /** The run ends with this connection: called when the reader did not stay until its last frame. */
  readonly onLeave?: (() => Promise<void>) | undefined
}

export const sendRun = (
  c: Context<Env>,
  sending: Sending,
  options: StreamOptions,
): Promise<Response> => {
  const { attachment, place, onLeave } = sending
  const headers = {
    ...SSE_HEADERS,
    [RUN_HEADER]: attachment.run.id,
    ...(onLeave ? { [BOUND_HEADER]: 'true' } : {}),
  }
  return sendStream(c, { write: (sink) => send(sink, sending, options), place, headers }, options)
}

/** Never rejects. */
const send = async (
  sink: TextSink,
  { attachment, runId, onLeave }: Sending,
  { keepAliveMs, onError }: StreamOptions,
): Promise<void> => {
  const end = await streamRun({ attachment, sink, runId, keepAliveMs, onError })
  if (end !== 'left' || attachment.ended) return
  try {
    await onLeave?.()
  } catch (error) {
    onError(coerceError(error))
  }
}
