/** Where the text of a long answer goes: written at the pace of its reader, and the writer knows when the reader has left. */
import type { ServerResponse } from 'node:http'
import { TooLargeError } from '../domain/errors.ts'

export type TextSink = {
  /** Aborted when the reader has left, by itself or because it was too slow. */
  readonly gone: AbortSignal
  /** Resolves when there is room for more, or nobody to write for. Never rejects. */
  write(text: string): Promise<void>
  /** Ends the answer in good order. */
  end(): void
  /** Breaks the answer off, so that its reader sees that it is not complete. */
  destroy(error: Error): void
}

export type SlowReader = {
  /** While more than this waits for a reader, ... */
  readonly bytes: number
  /** ... it has to take something within this time. */
  readonly ms: number
}

/** Larger texts are written in pieces: what a reader has not taken yet stays with the writer and not in the socket. */
const PIECE = 64 * 1024

/** Writes to the socket, without a web stream in between. Sends the head of the answer at once. */
export const nodeSink = (
  outgoing: ServerResponse,
  { headers, slow }: { headers: Readonly<Record<string, string>>; slow: SlowReader },
): TextSink => {
  const gone = new AbortController()
  const leave = () => gone.abort()
  outgoing.once('close', leave)
  // A write that races with the end of the connection reports here; `close` follows.
  outgoing.on('error', leave)
  if (outgoing.destroyed) leave()
  else {
    outgoing.writeHead(200, headers)
    outgoing.flushHeaders()
  }

  const room = (waiting: number) =>
    new Promise<void>((resolve) => {
      const timer = waiting > slow.bytes ? setTimeout(() => outgoing.destroy(), slow.ms) : undefined
      const done = () => {
        clearTimeout(timer)
        outgoing.off('drain', done)
        gone.signal.removeEventListener('abort', done)
        resolve()
      }
      outgoing.once('drain', done)
      gone.signal.addEventListener('abort', done, { once: true })
    })

  return {
    gone: gone.signal,
    async write(text) {
      const bytes = Buffer.from(text)
      for (let at = 0; at < bytes.length && !gone.signal.aborted; at += PIECE)
        if (!outgoing.write(bytes.subarray(at, at + PIECE))) await room(bytes.length - at)
    },
    end: () => void outgoing.end(),
    destroy: () => void outgoing.destroy(),
  }
}

/** Writes to the body of a `Response`, for whoever calls the app with a `Request`. */
export const webSink = (
  request: AbortSignal,
  slow: SlowReader,
): TextSink & { readonly body: ReadableStream<Uint8Array<ArrayBuffer>> } => {
  const gone = new AbortController()
  const encoder = new TextEncoder()
  let room = Promise.withResolvers<void>()
  let stream: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined
  const close = () => {
    request.removeEventListener('abort', leave)
    stream = undefined
    room.resolve()
  }
  const breakOff = (reason: unknown) => {
    stream?.error(reason)
    close()
    gone.abort()
  }
  const leave = () => breakOff(request.reason)
  const tooSlow = () => breakOff(new TooLargeError('More waits for this reader than is kept.'))
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start: (controller) => void (stream = controller),
      pull: () => room.resolve(),
      cancel: () => {
        close()
        gone.abort()
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: PIECE }),
  )
  request.addEventListener('abort', leave, { once: true })
  if (request.aborted) leave()
  return {
    body,
    gone: gone.signal,
    async write(text) {
      if (!stream) return
      room = Promise.withResolvers()
      stream.enqueue(encoder.encode(text))
      const free = stream.desiredSize ?? 0
      if (free > 0) return
      const timer = PIECE - free > slow.bytes ? setTimeout(tooSlow, slow.ms) : undefined
      await room.promise
      clearTimeout(timer)
    },
    end() {
      stream?.close()
      close()
    },
    destroy(error) {
      stream?.error(error)
      close()
    },
  }
}
