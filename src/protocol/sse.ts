/** Server-sent events as this server writes them: one JSON value a message, on one line. */

/** Of a connection that follows; they keep proxies from holding it back. */
export const FOLLOW_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
} as const

/** Of the stream of a run, as an AI SDK client expects it. */
export const SSE_HEADERS = { ...FOLLOW_HEADERS, 'x-vercel-ai-ui-message-stream': 'v1' } as const

/** A comment: readers ignore it, and everything between them and us sees that the connection lives. */
export const SSE_KEEP_ALIVE = ': keep-alive\n\n'

/** The last message of a stream whose run has settled. */
export const SSE_DONE = 'data: [DONE]\n\n'

/** @param id - the position of a reader that has this message; JSON escapes every line end in `data` */
export const encodeSse = (data: unknown, id?: string): string =>
  id === undefined
    ? `data: ${JSON.stringify(data)}\n\n`
    : `id: ${id}\ndata: ${JSON.stringify(data)}\n\n`
