/** One model call as an iterator: closing it, or aborting its signal, closes the provider's connection at once. */
// As a whole: a name that an older version lacks would keep everything of Outlast from being imported (`checkSdk`).
import * as sdk from 'ai'
import type { ModelMessage, ToolSet } from 'ai'
import type { ModelPart } from '../engine/ports.ts'
import type { AgentModel, CallOptions, OutlastToolSet } from './define-agent.ts'

/** Everything that one model call depends on. */
export type ModelCallOptions = CallOptions & {
  readonly model: AgentModel
  /** The tools that are offered; undefined when the agent has none at all. */
  readonly tools: OutlastToolSet | undefined
  readonly toolsContext: Readonly<Record<string, unknown>>
  readonly messages: readonly ModelMessage[]
}

type Reader = ReadableStreamDefaultReader<ModelPart>
type Result = IteratorResult<ModelPart, undefined>

const DONE: Result = { done: true, value: undefined }

/** The call is made with the first `next()`; its parts can be read once. */
export const callModel = (
  options: ModelCallOptions,
  signal: AbortSignal,
): AsyncIterable<ModelPart> => {
  const call = new ModelCall(options, signal)
  return { [Symbol.asyncIterator]: () => call }
}

// Not a generator: its `return()` would wait for the pending `next()`, which a silent provider never ends.
class ModelCall implements AsyncIterator<ModelPart, undefined> {
  readonly #options: ModelCallOptions
  readonly #signal: AbortSignal
  readonly #controller = new AbortController()
  readonly #closed = Promise.withResolvers<undefined>()
  #opening: Promise<Reader> | undefined
  #reader: Reader | undefined
  #ended = false

  constructor(options: ModelCallOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
  }

  /** @throws the signal's reason once it is aborted, else what the provider threw */
  async next(): Promise<Result> {
    const signal = this.#signal
    if (this.#ended && !signal.aborted) return DONE
    try {
      signal.throwIfAborted()
      // A read needs no race: closing the call cancels the reader, which resolves its reads.
      this.#reader ??= await Promise.race([this.#open(), this.#closed.promise])
      const result = await this.#reader?.read()
      if (result && !result.done && !this.#ended) return { done: false, value: result.value }
    } catch (error) {
      if (!this.#ended) {
        this.#close()
        throw error
      }
    }
    this.#close()
    signal.throwIfAborted()
    return DONE
  }

  async return(): Promise<Result> {
    this.#close()
    return DONE
  }

  #open(): Promise<Reader> {
    this.#signal.addEventListener('abort', this.#close, { once: true })
    this.#opening = startCall(this.#options, this.#controller.signal)
    return this.#opening
  }

  readonly #close = (): void => {
    if (this.#ended) return
    this.#ended = true
    this.#signal.removeEventListener('abort', this.#close)
    this.#closed.resolve(undefined)
    this.#controller.abort(new DOMException('The model call was closed.', 'AbortError'))
    // What fails from here on is our own abort, or was thrown by `next()` already.
    this.#opening?.then((reader) => reader.cancel()).catch(() => {})
  }
}

const startCall = async (options: ModelCallOptions, abortSignal: AbortSignal): Promise<Reader> => {
  const {
    tools,
    messages,
    experimental_refineToolInput: refineToolInput,
    experimental_download: download,
    // What is not known to the call would go to the provider.
    ...call
  } = options
  const { stream } = await sdk.experimental_streamLanguageModelCall<ToolSet>({
    ...call,
    ...(refineToolInput && { refineToolInput }),
    ...(download && { download }),
    ...(tools && { tools: tools as ToolSet }),
    messages: [...messages],
    abortSignal,
    includeRawChunks: false,
    // The journal collects the content; a second copy in the SDK would serve only who asks for it.
    _internal: { collectContent: call.onLanguageModelCallEnd !== undefined },
  })
  return stream.getReader()
}
