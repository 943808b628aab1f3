/** Server-sent events as this server writes them: one JSON value a message, on one line. */

/** What an AI SDK client expects of a stream, and what keeps proxies from holding it back. */
export const SSE_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache',
  'x-vercel-ai-ui-message-stream': 'v1',
  'x-accel-buffering': 'no',
} as const

/** A comment: readers ignore it, and everything between them and us sees that the connection lives. */
export const SSE_KEEP_ALIVE = ': keep-alive\n\n'

/** The last message of a stream whose run has settled. */
export const SSE_DONE = 'data: [DONE]\n\n'

/** @param id - the position of a reader that has this message; JSON escapes every line end in `data` */
export const encodeSse = (data: unknown, id?: string): string =>
  id === undefined
    ? `data: ${JSON.stringify(data)}\n\n`
    : `id: ${id}\ndata: ${JSON.stringify(data)}\n\n`
