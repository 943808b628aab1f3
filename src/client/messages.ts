/** Reads the messages of an answer that streams, and notices when nothing comes any more. */
import { SseDecoder, type SseMessage } from '../protocol/sse-decoder.ts'
import { ConnectionLostError } from './errors.ts'
import { bodyOf } from './http.ts'
import { onWake } from './wake.ts'

/** The server says something at least each 10 s: after so long without anything the connection is taken for dead. */
const SILENCE_MS = 25_000
/** Who comes back to a page looks sooner: what should have come meanwhile has not. */
const SILENCE_AT_WAKE_MS = 12_000
/** Timers stand still while a device sleeps, so the clock is looked at. */
const LOOK_MS = 2500

/**
 * The messages until the answer ends or the signal aborts. Leaving the loop closes the connection.
 * @throws ConnectionLostError when it breaks off, or is silent for too long
 */
export async function* readMessages(
  response: Response,
  signal: AbortSignal,
): AsyncGenerator<SseMessage> {
  for await (const batch of readBatches(response, signal)) yield* batch
}

/**
 * The same messages as they come, those that arrived together in one array; an empty one when all that came was a sign of life.
 * @throws as `readMessages`
 */
export async function* readBatches(
  response: Response,
  signal: AbortSignal,
): AsyncGenerator<readonly SseMessage[]> {
  const messages = new SseDecoder()
  const text = new TextDecoder()
  const reader = bodyOf(response).getReader()
  let silent = false
  // Ends a read that waits. Where the connection has broken already there is nothing more to hear of it.
  const end = () => void reader.cancel().catch(() => undefined)
  const silence = watchSilence(() => {
    silent = true
    end()
  })
  signal.addEventListener('abort', end, { once: true })
  try {
    while (!signal.aborted) {
      const { done, value } = await reader.read()
      if (silent) throw new ConnectionLostError('The server has not said anything for too long.')
      if (done) return
      silence.end()
      yield messages.push(text.decode(value, { stream: true }))
    }
  } catch (cause) {
    if (signal.aborted) return
    if (cause instanceof ConnectionLostError) throw cause
    throw new ConnectionLostError('The connection to the server broke.', { cause })
  } finally {
    silence.forget()
    signal.removeEventListener('abort', end)
    end()
  }
}

/** Calls `onSilence` when it lasts too long, or when the network changes. */
const watchSilence = (onSilence: () => void) => {
  let since = Date.now()
  const look = (ms: number) => {
    if (Date.now() - since >= ms) onSilence()
  }
  const timer = setInterval(() => look(SILENCE_MS), LOOK_MS)
  const awake = onWake((wake) => {
    // A connection of the network before does not tell of its end.
    if (wake === 'online') look(0)
    else if (wake === 'shown') look(SILENCE_AT_WAKE_MS)
  })
  return {
    /** Something came. */
    end: () => {
      since = Date.now()
    },
    forget: () => {
      clearInterval(timer)
      awake()
    },
  }
}
