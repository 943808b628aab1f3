/** An in-process language model that says exactly what a script tells it to, and remembers what it was asked. */
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Content,
  LanguageModelV4FinishReason,
  LanguageModelV4GenerateResult,
  LanguageModelV4Prompt,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
  SharedV4ProviderMetadata,
} from '@ai-sdk/provider'

export type ModelScript = (
  callIndex: number,
  options: LanguageModelV4CallOptions,
) => Iterable<LanguageModelV4StreamPart> | AsyncIterable<LanguageModelV4StreamPart>

export type ScriptedModel = LanguageModelV4 & {
  /** The options of every call in order. */
  calls: LanguageModelV4CallOptions[]
  readonly prompts: LanguageModelV4Prompt[]
}

/**
 * Each call plays what `script` returns for it; an abort ends the stream with the signal's reason, also while the
 * script waits. A script that throws at once makes the call itself fail.
 *
 * @example scriptedModel((call) => call === 0 ? [...toolCallParts({ id: 'c1', name: 'add', input: {} }), finishPart('tool-calls')] : [...textParts('Done'), finishPart()])
 */
export const scriptedModel = (
  script: ModelScript,
  { provider = 'scripted', modelId = 'scripted-1' } = {},
): ScriptedModel => {
  const calls: LanguageModelV4CallOptions[] = []
  const open = (options: LanguageModelV4CallOptions) => {
    options.abortSignal?.throwIfAborted()
    const parts = script(calls.push(options) - 1, options)
    return streamOf(parts, options.abortSignal)
  }
  return {
    specificationVersion: 'v4',
    provider,
    modelId,
    supportedUrls: {},
    calls,
    get prompts() {
      return calls.map((call) => call.prompt)
    },
    doStream: async (options) => ({ stream: open(options) }),
    doGenerate: async (options) => wholeAnswer(open(options)),
  }
}

const streamOf = (
  parts: Iterable<LanguageModelV4StreamPart> | AsyncIterable<LanguageModelV4StreamPart>,
  signal: AbortSignal | undefined,
): ReadableStream<LanguageModelV4StreamPart> => {
  const iterator = iterate(parts)
  const aborted = Promise.withResolvers<never>()
  aborted.promise.catch(() => {})
  const abort = () => aborted.reject(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  const end = () => {
    signal?.removeEventListener('abort', abort)
    // Not awaited: a script that waits at a barrier returns only after it.
    void iterator.return()
  }
  return new ReadableStream<LanguageModelV4StreamPart>({
    start: (controller) => controller.enqueue({ type: 'stream-start', warnings: [] }),
    pull: async (controller) => {
      try {
        signal?.throwIfAborted()
        const next = await Promise.race([iterator.next(), aborted.promise])
        if (!next.done) return controller.enqueue(next.value)
        end()
        controller.close()
      } catch (error) {
        end()
        controller.error(error)
      }
    },
    cancel: end,
  })
}

async function* iterate(
  parts: Iterable<LanguageModelV4StreamPart> | AsyncIterable<LanguageModelV4StreamPart>,
): AsyncGenerator<LanguageModelV4StreamPart, void> {
  yield* parts
}

/** The same answer without streaming: parts of a block are joined. */
const wholeAnswer = async (
  stream: ReadableStream<LanguageModelV4StreamPart>,
): Promise<LanguageModelV4GenerateResult> => {
  const content: LanguageModelV4Content[] = []
  let finish: Extract<LanguageModelV4StreamPart, { type: 'finish' }> = finishPart('other')
  for await (const part of stream) {
    const last = content.at(-1)
    if (part.type === 'text-start') content.push({ type: 'text', text: '' })
    else if (part.type === 'reasoning-start') content.push({ type: 'reasoning', text: '' })
    else if (part.type === 'text-delta' && last?.type === 'text') last.text += part.delta
    else if (part.type === 'reasoning-delta' && last?.type === 'reasoning') last.text += part.delta
    else if (part.type === 'error') throw part.error
    else if (part.type === 'finish') finish = part
    else if (isContent(part)) content.push(part)
  }
  return { content, finishReason: finish.finishReason, usage: finish.usage, warnings: [] }
}

const CONTENT_TYPES = ['tool-call', 'tool-result', 'file', 'source', 'reasoning-file', 'custom']

const isContent = (
  part: LanguageModelV4StreamPart,
): part is Extract<LanguageModelV4StreamPart, LanguageModelV4Content> =>
  CONTENT_TYPES.includes(part.type)

/** A text block; more than one string gives as many deltas. */
export const textParts = (
  deltas: string | readonly string[],
  { id = 'text-1', metadata }: { id?: string; metadata?: SharedV4ProviderMetadata } = {},
): LanguageModelV4StreamPart[] => [
  { type: 'text-start', id },
  ...[deltas].flat().map((delta) => ({ type: 'text-delta' as const, id, delta })),
  { type: 'text-end', id, ...providerMetadata(metadata) },
]

/** A reasoning block; its metadata (a signature, for example) comes with the end. */
export const reasoningParts = (
  deltas: string | readonly string[],
  { id = 'reasoning-1', metadata }: { id?: string; metadata?: SharedV4ProviderMetadata } = {},
): LanguageModelV4StreamPart[] => [
  { type: 'reasoning-start', id },
  ...[deltas].flat().map((delta) => ({ type: 'reasoning-delta' as const, id, delta })),
  { type: 'reasoning-end', id, ...providerMetadata(metadata) },
]

export type ScriptedToolCall = {
  id: string
  name: string
  /** An object is sent as JSON, a string as it is: so it may be no JSON at all. */
  input: unknown
  /** The input arrives in pieces of this many characters. */
  pieceSize?: number
  metadata?: SharedV4ProviderMetadata
}

/** A tool call with its streamed input. */
export const toolCallParts = (call: ScriptedToolCall): LanguageModelV4StreamPart[] => {
  const { id, name, pieceSize = 8, metadata } = call
  const input = typeof call.input === 'string' ? call.input : JSON.stringify(call.input)
  const deltas = input.match(new RegExp(`[^]{1,${pieceSize}}`, 'gu')) ?? []
  return [
    { type: 'tool-input-start', id, toolName: name },
    ...deltas.map((delta) => ({ type: 'tool-input-delta' as const, id, delta })),
    { type: 'tool-input-end', id },
    { type: 'tool-call', toolCallId: id, toolName: name, input, ...providerMetadata(metadata) },
  ]
}

export const finishPart = (
  reason: LanguageModelV4FinishReason['unified'] = 'stop',
  usage: LanguageModelV4Usage = usageOf(10, 5),
): Extract<LanguageModelV4StreamPart, { type: 'finish' }> => ({
  type: 'finish',
  finishReason: { unified: reason, raw: reason },
  usage,
})

export const usageOf = (input: number, output: number): LanguageModelV4Usage => ({
  inputTokens: { total: input, noCache: input, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: output, text: output, reasoning: undefined },
})

export const errorPart = (error: unknown): LanguageModelV4StreamPart => ({ type: 'error', error })

const providerMetadata = (metadata: SharedV4ProviderMetadata | undefined) =>
  metadata === undefined ? {} : { providerMetadata: metadata }
