/**
 * Where a reader wants to continue, as it says it in `Last-Event-ID` or `?after=`.
 *
 * Streams of a run number their messages `<offset>`; streams of a chat `<runId>/<offset>`, so that a reader that comes back
 * continues the run that it was reading although a newer one exists.
 */
import { InvalidRequestError } from '../domain/errors.ts'
import { parseOffset, type Position } from '../domain/position.ts'
import { isClientId } from '../domain/message.ts'

export type StreamPosition = { readonly runId?: string; readonly after: Position }

export const formatStreamPosition = (offset: string, runId?: string): string =>
  runId === undefined ? offset : `${runId}/${offset}`

/** @throws InvalidRequestError for a text that is no position */
export const parseStreamPosition = (text: string): StreamPosition => {
  const slash = text.lastIndexOf('/')
  const runId = slash < 0 ? undefined : text.slice(0, slash)
  const after = parseOffset(text.slice(slash + 1))
  if (!after || (runId !== undefined && !isClientId(runId)))
    throw new InvalidRequestError(
      'Last-Event-ID and ?after= take an id that this server sent with a stream, unchanged.',
    )
  return runId === undefined ? { after } : { runId, after }
}
