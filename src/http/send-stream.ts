/** Answers a request with a stream, on the socket where there is one and as a web stream elsewhere. */
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Context } from 'hono'
import type { Env } from './env.ts'
import { API_HEADERS } from './headers.ts'
import type { ReaderPlace } from './readers.ts'
import { nodeSink, webSink, type SlowReader, type TextSink } from './text-sink.ts'

export type StreamOptions = {
  readonly keepAliveMs: number
  readonly slow: SlowReader
  readonly onError: (error: Error) => void
}

export type Streaming = {
  /** Writes all of it; never rejects. */
  readonly write: (sink: TextSink) => Promise<void>
  /** Held while it is read. */
  readonly place: ReaderPlace
  /** Beside those that every answer of the API has. */
  readonly headers: Readonly<Record<string, string>>
}

export const sendStream = async (
  c: Context<Env>,
  { write, place, headers }: Streaming,
  { slow }: StreamOptions,
): Promise<Response> => {
  const own = { ...API_HEADERS, ...headers }
  const outgoing = c.env?.connection?.outgoing
  if (c.req.method === 'HEAD') return new Response(null, { headers: own })
  if (outgoing) {
    // Beside our own: those that were set on the way here, which nobody adds to an answer that we write ourselves.
    const all = { ...Object.fromEntries(c.res.headers), ...own }
    await place.during(write(nodeSink(outgoing, { headers: all, slow })))
    return new Response(null, RESPONSE_ALREADY_SENT)
  }
  const sink = webSink(c.req.raw.signal, slow)
  void place.during(write(sink))
  return new Response(sink.body, { headers: own })
}
