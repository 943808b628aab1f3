/** The transport that makes `useChat` outlast its connections: one line in place of the default one. */
import type { ChatTransport, UIMessage, UIMessageChunk } from 'ai'
import { RUN_HEADER } from '../protocol/routes.ts'
import { chunkStream } from './chunk-stream.ts'
import {
  createOutlastClient,
  wiresOf,
  type OutlastClient,
  type OutlastClientOptions,
} from './client.ts'
import type { RunFrame } from './feed/feed.ts'
import { discard } from './http.ts'
import { reasonOf } from './linked-signal.ts'
import { requestKey } from './request-key.ts'
import { attachToChat, attachToRun, startRun } from './requests.ts'
import { readRun } from './run-stream.ts'
import { takenBack } from './take-back.ts'

export type OutlastChatTransportOptions = {
  /** What `useChat().stop()` means; see `docs/client.md`. `leave` unless set: the run goes on, as when the page is closed. */
  readonly onAbort?: 'leave' | 'stop'
  /** Added to the body of each request: `agent`, `options`. A function is asked each time. */
  readonly body?: BodyExtras | (() => BodyExtras)
  /** The last message that the page shows of a chat, so that an answer that came meanwhile is not missed. */
  readonly have?: (chatId: string) => string | undefined
  /**
   * Hears of each reading: called at its beginning; what it returns is called at its end, with whether it was read to the end,
   * and with what broke it.
   */
  readonly onRead?: (
    chatId: string,
    runId: string | undefined,
  ) => (isComplete: boolean, error?: unknown) => void
} & (
  | { readonly client: OutlastClient<UIMessage> }
  | ({ readonly client?: never } & OutlastClientOptions)
)

type BodyExtras = Readonly<Record<string, unknown>>

type SendOptions<MESSAGE extends UIMessage> = Parameters<ChatTransport<MESSAGE>['sendMessages']>[0]
type ReconnectOptions<MESSAGE extends UIMessage> = Parameters<
  ChatTransport<MESSAGE>['reconnectToStream']
>[0]

/**
 * @example useChat({ id, messages, resume: true, transport: new OutlastChatTransport() })
 */
export class OutlastChatTransport<
  MESSAGE extends UIMessage = UIMessage,
> implements ChatTransport<MESSAGE> {
  /** For `ai` 7: who reconnects gets the whole answer, so what is there of it gives way. */
  readonly resumeStreamIsReplay = true
  readonly client: OutlastClient<UIMessage>
  readonly #options: OutlastChatTransportOptions
  /** The run that each chat reads, or asks for: known when its request was answered. */
  readonly #reading = new Map<string, Promise<string | undefined>>()

  constructor(options: OutlastChatTransportOptions = {}) {
    this.#options = options
    this.client = options.client ?? createOutlastClient(options)
  }

  /** @throws RunAlreadyActiveError with `activeRunId`, and whatever else the server refuses the message for */
  readonly sendMessages = async (
    options: SendOptions<MESSAGE>,
  ): Promise<ReadableStream<UIMessageChunk>> => {
    const { chatId, messages, trigger, messageId, abortSignal, headers, body } = options
    const { body: extras } = this.#options
    const last = messages.at(-1)
    const request = {
      ...(typeof extras === 'function' ? extras() : extras),
      ...body,
      id: chatId,
      // The server has the others.
      messages: last ? [last] : [],
      trigger,
      messageId,
    }
    const decided = approvalsIn(last)
    // Without the signal: a message that is on its way arrives although its sender has left.
    const started = startRun(wiresOf(this.client), request, {
      headers: { ...plainHeaders(headers), 'idempotency-key': requestKey() },
    })
    return this.#show(chatId, started, abortSignal, ({ chunk }) => {
      // Clients before `ai` 7 do not know the chunk, and who has decided needs no telling.
      return !(chunk.type === 'tool-approval-response' && decided.has(chunk.approvalId))
    })
  }

  /** @param runId - unless set, what the chat is just doing */
  readonly reconnectToStream = async (
    options: ReconnectOptions<MESSAGE>,
    runId?: string,
  ): Promise<ReadableStream<UIMessageChunk> | null> => {
    const { chatId, abortSignal } = options
    const wires = wiresOf(this.client)
    const request = { headers: plainHeaders(options.headers), signal: abortSignal }
    const have = this.#options.have?.(chatId)
    const attached =
      runId === undefined
        ? await attachToChat(wires, chatId, { ...request, have })
        : await attachToRun(wires, runId, request)
    return attached ? this.#show(chatId, Promise.resolve(attached), abortSignal) : null
  }

  /**
   * Stops the run that the chat reads, by its id; where it reads none, the chat's active one.
   * @returns whether it will settle as `aborted`; false when it has ended by itself
   */
  readonly stop = async (chatId: string): Promise<boolean> => {
    const runId = await this.runOf(chatId)
    return this.client.stop(runId === undefined ? { chatId } : { runId })
  }

  /** The run that the chat reads, or asks for. Settles when the server has answered. */
  readonly runOf = (chatId: string): Promise<string | undefined> =>
    this.#reading.get(chatId) ?? Promise.resolve(undefined)

  /** Ends what the transport's own client keeps open. A client that it was given stays open. */
  readonly close = (): void => {
    if (!this.#options.client) this.client.close()
  }

  /** An abort has nobody to tell that it did not work. */
  #stopUnheard(chatId: string): void {
    this.stop(chatId).catch(() => undefined)
  }

  async #show(
    chatId: string,
    answer: Promise<Response>,
    abortSignal: AbortSignal | undefined,
    isShown: (frame: RunFrame) => boolean = () => true,
  ): Promise<ReadableStream<UIMessageChunk>> {
    const runId = answer.then(
      ({ headers }) => headers.get(RUN_HEADER) ?? undefined,
      () => undefined,
    )
    this.#reading.set(chatId, runId)
    const forget = () => {
      if (this.#reading.get(chatId) === runId) this.#reading.delete(chatId)
    }
    if (this.#options.onAbort === 'stop')
      abortSignal?.addEventListener('abort', () => this.#stopUnheard(chatId), { once: true })
    try {
      const response = await untilAborted(answer, abortSignal, discard)
      const wires = wiresOf(this.client)
      const onEnd = this.#options.onRead?.(chatId, await runId)
      const read = async function* (signal: AbortSignal): AsyncGenerator<RunFrame> {
        const ending: RunFrame[] = []
        let isComplete = false
        let broken: unknown
        try {
          for await (const frame of takenBack(readRun(wires, response, signal))) {
            if (!isShown(frame)) continue
            // A chat takes an error for the end and leaves without a word, so the end is read before it.
            if (ending.length > 0 || frame.chunk.type === 'error') ending.push(frame)
            else yield frame
          }
          isComplete = !signal.aborted
        } catch (thrown) {
          broken = thrown
          throw thrown
        } finally {
          forget()
          onEnd?.(isComplete, broken)
        }
        yield* ending
      }
      return chunkStream(read, abortSignal)
    } catch (error) {
      forget()
      throw error
    }
  }
}

/** Rejects at once when the signal aborts; what comes after that is given to `late`. */
const untilAborted = <T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  late: (value: T) => void,
): Promise<T> =>
  new Promise((resolve, reject) => {
    if (!signal) return void promise.then(resolve, reject)
    const abort = () => {
      reject(reasonOf(signal))
      promise.then(late, () => undefined)
    }
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.finally(() => signal.removeEventListener('abort', abort)).then(resolve, reject)
  })

const plainHeaders = (headers: Record<string, string> | Headers | undefined) =>
  headers instanceof Headers ? Object.fromEntries(headers) : { ...headers }

/** The approvals that this message answers. */
const approvalsIn = (message: UIMessage | undefined): ReadonlySet<string> =>
  new Set(
    message?.parts.flatMap((part) =>
      'approval' in part && 'state' in part && part.state === 'approval-responded'
        ? [part.approval.id]
        : [],
    ),
  )
