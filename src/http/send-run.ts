/** Answers a request with a run, on the socket where there is one and as a web stream elsewhere. */
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Context } from 'hono'
import { coerceError } from '../domain/errors.ts'
import type { Attachment } from '../engine/api.ts'
import { BOUND_HEADER, RUN_HEADER } from '../protocol/routes.ts'
import { SSE_HEADERS } from '../protocol/sse.ts'
import type { Env } from './env.ts'
import { API_HEADERS } from './headers.ts'
import type { ReaderPlace } from './readers.ts'
import { streamRun } from './stream-run.ts'
import { nodeSink, webSink, type SlowReader, type TextSink } from './text-sink.ts'

export type SendOptions = {
  readonly keepAliveMs: number
  readonly slow: SlowReader
  readonly onError: (error: Error) => void
}

export type Sending = {
  readonly attachment: Attachment
  /** Held while the run is read. */
  readonly place: ReaderPlace
  /** Numbers the messages with it too. */
  readonly runId?: string | undefined
  /** Called when the reader did not stay until the run's last frame. */
  readonly onLeave?: () => Promise<void>
}

/** A reader that gave the request its run is told when that ends with its connection. */
const headersOf = ({ attachment: { run }, onLeave }: Sending) => ({
  ...API_HEADERS,
  ...SSE_HEADERS,
  [RUN_HEADER]: run.id,
  ...(onLeave && run.bound ? { [BOUND_HEADER]: 'true' } : {}),
})

export const sendRun = async (
  c: Context<Env>,
  sending: Sending,
  options: SendOptions,
): Promise<Response> => {
  const outgoing = c.env?.connection?.outgoing
  const own = headersOf(sending)
  if (c.req.method === 'HEAD') return new Response(null, { headers: own })
  if (outgoing) {
    // Beside our own: those that were set on the way here, which nobody adds to an answer that we write ourselves.
    const headers = { ...Object.fromEntries(c.res.headers), ...own }
    const sent = send(nodeSink(outgoing, { headers, slow: options.slow }), sending, options)
    await sending.place.during(sent)
    return new Response(null, RESPONSE_ALREADY_SENT)
  }
  const sink = webSink(c.req.raw.signal, options.slow)
  void sending.place.during(send(sink, sending, options))
  return new Response(sink.body, { headers: own })
}

/** Never rejects. */
const send = async (
  sink: TextSink,
  { attachment, runId, onLeave }: Sending,
  { keepAliveMs, onError }: SendOptions,
): Promise<void> => {
  const end = await streamRun({ attachment, sink, runId, keepAliveMs, onError })
  if (end !== 'left' || attachment.ended) return
  try {
    await onLeave?.()
  } catch (error) {
    onError(coerceError(error))
  }
}
