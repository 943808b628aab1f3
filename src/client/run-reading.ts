/** A run as somebody reads it: chunk by chunk, or as the message that it makes. */
import { readUIMessageStream, type UIMessage, type UIMessageChunk } from 'ai'
import { coerceError } from '../domain/errors.ts'
import { BOUND_HEADER, RUN_HEADER } from '../protocol/routes.ts'
import { chunkStream } from './chunk-stream.ts'
import { ConnectionLostError, RunFailedError } from './errors.ts'
import type { RunFrame } from './feed/feed.ts'
import { discard } from './http.ts'
import { linkedSignal } from './linked-signal.ts'
import { readRun, type Wires } from './run-stream.ts'
import { takenBack } from './take-back.ts'

/** Reads once, in one of the ways. Leaving a loop early leaves the run, which goes on. */
export type RunReading<MESSAGE extends UIMessage = UIMessage> = {
  readonly runId: string
  /** The run ends when this reader leaves: its workspace does not let runs outlive their request. */
  readonly isBound: boolean
  /** Chunks with the offset of whoever has them; `attach({ runId, after: offset })` goes on there. */
  chunks(): AsyncIterable<RunFrame>
  /**
   * The answer as it grows, until the run has settled or waits for a person. Not after an offset: it has no beginning there.
   * @throws RunFailedError after the last one, when the run has failed; StepRepeatedError with `ai` before 7.0.70
   */
  messages(): AsyncIterable<MESSAGE>
  /** The answer at its end. @throws RunFailedError */
  message(): Promise<MESSAGE | undefined>
  /** The chunks as a stream of the AI SDK. */
  stream(): ReadableStream<UIMessageChunk>
  /** Stops reading. The run goes on. */
  leave(): void
}

type RunReadingOptions = {
  readonly signal?: AbortSignal | undefined
  /** The offset that the answer goes on behind. */
  readonly after?: string | undefined
}

/** @throws ConnectionLostError for an answer that does not say which run it is of */
export const runReading = <MESSAGE extends UIMessage>(
  wires: Wires,
  response: Response,
  { signal, after }: RunReadingOptions = {},
): RunReading<MESSAGE> => {
  const runId = response.headers.get(RUN_HEADER)
  if (runId === null)
    throw new ConnectionLostError(
      `The answer does not say which run it is of: something on the way has taken its header ${RUN_HEADER}.`,
    )
  const reading = linkedSignal(signal)
  const framesUntil = (until: AbortSignal) => readRun(wires, response, until, after)
  const shownUntil = (until: AbortSignal) => takenBack(framesUntil(until))
  const messages = () => snapshots<MESSAGE>(shownUntil, reading.signal)
  return {
    runId,
    isBound: response.headers.get(BOUND_HEADER) === 'true',
    chunks: () => framesUntil(reading.signal),
    stream: () => chunkStream(shownUntil, reading.signal),
    messages,
    message: async () => {
      let last: MESSAGE | undefined
      for await (const message of messages()) last = message
      return last
    },
    leave: () => {
      reading.abort()
      // Where nothing was read yet nobody else ends it.
      discard(response)
    },
  }
}

/** @throws RunFailedError after the last one, when the run has failed */
async function* snapshots<MESSAGE extends UIMessage>(
  framesUntil: (until: AbortSignal) => AsyncIterable<RunFrame>,
  signal: AbortSignal,
): AsyncGenerator<MESSAGE> {
  const reading = linkedSignal(signal)
  let broken: Error | undefined
  let failed: string | undefined
  const watched = async function* () {
    try {
      for await (const frame of framesUntil(reading.signal)) {
        if (frame.chunk.type === 'error') failed = frame.chunk.errorText
        yield frame
      }
    } catch (error) {
      broken = coerceError(error)
    }
  }
  const stream = chunkStream(watched, undefined)
  // A run that failed has said so in a chunk, and its answer is read to the end.
  try {
    yield* readUIMessageStream<MESSAGE>({ stream, onError: () => {} })
  } finally {
    reading.unlink()
    reading.abort()
  }
  if (broken) throw broken
  if (failed !== undefined) throw new RunFailedError(failed)
}
