/** One model call as an iterator: closing it, or aborting its signal, closes the provider's connection at once. */
import { experimental_streamLanguageModelCall, type ToolSet } from 'ai'
import type { ModelPart, ModelRequest } from '../engine/ports.ts'
import type { AgentDefinition } from './define-agent.ts'

type Reader = ReadableStreamDefaultReader<ModelPart>
type Result = IteratorResult<ModelPart, undefined>

const DONE: Result = { done: true, value: undefined }

/** The call is made with the first `next()`; its parts can be read once. */
export const callModel = (
  definition: AgentDefinition,
  request: ModelRequest,
): AsyncIterable<ModelPart> => {
  const call = new ModelCall(definition, request)
  return { [Symbol.asyncIterator]: () => call }
}

// Not a generator: its `return()` would wait for the pending `next()`, which a silent provider never ends.
class ModelCall implements AsyncIterator<ModelPart, undefined> {
  readonly #definition: AgentDefinition
  readonly #request: ModelRequest
  readonly #controller = new AbortController()
  readonly #closed = Promise.withResolvers<undefined>()
  #opening: Promise<Reader> | undefined
  #reader: Reader | undefined
  #ended = false

  constructor(definition: AgentDefinition, request: ModelRequest) {
    this.#definition = definition
    this.#request = request
  }

  /** @throws the signal's reason once it is aborted, else what the provider threw */
  async next(): Promise<Result> {
    const { signal } = this.#request
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
    this.#request.signal.addEventListener('abort', this.#close, { once: true })
    this.#opening = startCall(this.#definition, this.#request, this.#controller.signal)
    return this.#opening
  }

  readonly #close = (): void => {
    if (this.#ended) return
    this.#ended = true
    this.#request.signal.removeEventListener('abort', this.#close)
    this.#closed.resolve(undefined)
    this.#controller.abort(new DOMException('The model call was closed.', 'AbortError'))
    // What fails from here on is our own abort, or was thrown by `next()` already.
    this.#opening?.then((reader) => reader.cancel()).catch(() => {})
  }
}

const startCall = async (
  { model, tools, call }: AgentDefinition,
  { messages, withTools }: ModelRequest,
  abortSignal: AbortSignal,
): Promise<Reader> => {
  const hasTools = tools !== undefined && Object.keys(tools).length > 0
  const { stream } = await experimental_streamLanguageModelCall<ToolSet>({
    ...call,
    model,
    // Offered also when they must not be used: the messages mention them, and prompt caches begin with them.
    ...(tools === undefined ? {} : { tools: tools as ToolSet }),
    ...(hasTools && !withTools ? { toolChoice: 'none' as const } : {}),
    messages: [...messages],
    abortSignal,
    includeRawChunks: false,
    // The journal collects the content; a second copy in the SDK would serve nobody.
    _internal: { collectContent: false },
  })
  return stream.getReader()
}
