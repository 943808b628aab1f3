/**
 * Reads a run from an answer that streams it, and goes on when that breaks: directly, or on the feed.
 *
 * INVARIANT: whatever breaks, its frames come once and in order, until everything was sent.
 */
import type { UIMessageChunk } from 'ai'
import { isRetryable } from '../domain/errors.ts'
import { BOUND_HEADER, pathOf, ROUTES, RUN_HEADER } from '../protocol/routes.ts'
import { Backoff } from './backoff.ts'
import type { Connections } from './connection.ts'
import { ConnectionLostError, waitOf } from './errors.ts'
import type { Feed, RunFrame } from './feed/feed.ts'
import { discard, type Http } from './http.ts'
import { linkedSignal } from './linked-signal.ts'
import { readMessages } from './messages.ts'
import { pauseOrWake } from './wake.ts'

export type Wires = {
  readonly http: Http
  readonly connections: Connections
  /** The connection that runs move to when they last; undefined where each has its own. */
  readonly feed: () => Feed | undefined
}

/** After so long a stream leaves its own connection for the feed: a browser has six of them for a server. */
const MOVE_MS = 2000

const DONE = '[DONE]'

/**
 * @param first - the answer that began the stream
 * @param after - the offset that it goes on behind
 * @throws OutlastError when the run cannot be read any more. Returns when the signal aborts
 */
export async function* readRun(
  wires: Wires,
  first: Response,
  signal: AbortSignal,
  after?: string,
): AsyncGenerator<RunFrame> {
  const position: Position = {
    runId: first.headers.get(RUN_HEADER) ?? undefined,
    offset: after,
  }
  const isBound = first.headers.get(BOUND_HEADER) === 'true'
  const moving = linkedSignal(signal)
  const mover = isBound ? undefined : setTimeout(() => moving.abort(), MOVE_MS)
  try {
    const { feed } = wires
    // Without a feed there is nothing to move to.
    const until = !isBound && feed() ? moving.signal : signal
    const ended = yield* readDirectly(wires, { first, position, isBound, until })
    if (ended || signal.aborted) return
    const { runId, offset } = position
    const shared = feed()
    if (runId !== undefined && offset !== undefined && shared)
      yield* shared.read(runId, offset, signal)
    else yield* readDirectly(wires, { position, isBound, until: signal })
  } finally {
    clearTimeout(mover)
    moving.unlink()
  }
}

/** Where a reader stands; moved on by what it reads. */
type Position = { runId: string | undefined; offset: string | undefined }

type DirectReading = {
  readonly first?: Response
  readonly position: Position
  readonly isBound: boolean
  readonly until: AbortSignal
}

/** @returns whether everything was sent; false when the signal aborted first */
async function* readDirectly(
  { http, connections }: Wires,
  { first, position, isBound, until }: DirectReading,
): AsyncGenerator<RunFrame, boolean> {
  const link = connections.open()
  const backoff = new Backoff()
  let response = first
  try {
    while (!until.aborted) {
      let wait = 0
      try {
        response ??= await attachAt(http, position, until)
        link.set('connected')
        for await (const { id, data } of readMessages(response, until)) {
          if (data === DONE) return true
          const frame = frameOf(id, data)
          backoff.reset()
          position.offset = frame.offset
          position.runId ??= runIdIn(frame.chunk)
          yield frame
        }
        // An end without [DONE] is a connection that broke.
      } catch (error) {
        if (until.aborted) return false
        if (!isRetryable(error) || isBound || position.runId === undefined) throw error
        wait = waitOf(error)
      }
      if (until.aborted) return false
      if (isBound || position.runId === undefined)
        throw new ConnectionLostError('The connection broke that the run was tied to.')
      response = undefined
      link.set('reconnecting')
      await pauseOrWake(backoff.next(wait), until)
    }
    return false
  } finally {
    link.close()
    // Whoever left before the first message has not read it.
    if (response) discard(response)
  }
}

const attachAt = async (
  http: Http,
  { runId = '', offset }: Position,
  signal: AbortSignal,
): Promise<Response> => {
  const path = pathOf(ROUTES.runStream, { runId })
  const response = await http.send(path, { query: { after: offset }, signal })
  if (response.status !== 204) return response
  throw new ConnectionLostError('The run is tied to another connection and cannot be read.')
}

const frameOf = (id: string, data: string): RunFrame => {
  try {
    // On the route of a chat an id also names the run.
    return { offset: id.slice(id.lastIndexOf('/') + 1), chunk: JSON.parse(data) as UIMessageChunk }
  } catch (cause) {
    throw new ConnectionLostError('Something on the way has damaged the stream.', { cause })
  }
}

/** Where something on the way has taken the header, the first chunk says it too. */
const runIdIn = (chunk: UIMessageChunk): string | undefined => {
  const metadata: unknown = chunk.type === 'start' ? chunk.messageMetadata : undefined
  if (typeof metadata !== 'object' || metadata === null || !('runId' in metadata)) return undefined
  return typeof metadata.runId === 'string' ? metadata.runId : undefined
}
