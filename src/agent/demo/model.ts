/** The built-in demo model: no LLM, no network, the same answer every time, streamed at a human pace. */
import { setTimeout as delay } from 'node:timers/promises'
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Content,
  LanguageModelV4GenerateResult,
  LanguageModelV4Prompt,
  LanguageModelV4StreamPart,
  SharedV4Warning,
} from '@ai-sdk/provider'
import { InvariantError } from '../../domain/errors.ts'
import { streamParts } from './stream-parts.ts'
import type { PacedPart } from './stream-parts.ts'
import { planTurn } from './turn.ts'

export type DemoModelOptions = {
  /** The pause before each word, 35 by default; 0 streams without pauses. */
  chunkDelayMs?: number
}

const MODEL_ID = 'demo'

/** A model that follows the command language of docs/demo-model.md with the tools of `createDemoTools`. */
export const createDemoModel = ({ chunkDelayMs = 35 }: DemoModelOptions = {}): LanguageModelV4 => {
  const doStream: LanguageModelV4['doStream'] = async (options) => {
    options.abortSignal?.throwIfAborted()
    return { stream: paced(partsFor(options), chunkDelayMs, options.abortSignal) }
  }
  return {
    specificationVersion: 'v4',
    provider: 'outlast',
    modelId: MODEL_ID,
    supportedUrls: {},
    doStream,
    doGenerate: async (options) => collect((await doStream(options)).stream),
  }
}

const partsFor = (options: LanguageModelV4CallOptions): Iterator<PacedPart> => {
  const turn = planTurn(options.prompt, offeredTools(options))
  return streamParts(options.reasoning === 'none' ? { ...turn, reasoning: undefined } : turn, {
    inputWords: countWords(options.prompt),
    maxWords: options.maxOutputTokens,
    warnings: warningsFor(options),
    modelId: MODEL_ID,
  })
}

const offeredTools = ({
  tools = [],
  toolChoice,
}: LanguageModelV4CallOptions): ReadonlySet<string> => {
  if (toolChoice?.type === 'none') return new Set()
  const names = tools.flatMap((tool) => (tool.type === 'function' ? [tool.name] : []))
  return new Set(
    toolChoice?.type === 'tool' ? names.filter((name) => name === toolChoice.toolName) : names,
  )
}

const warningsFor = ({ responseFormat }: LanguageModelV4CallOptions): SharedV4Warning[] =>
  responseFormat?.type === 'json'
    ? [
        {
          type: 'unsupported',
          feature: 'responseFormat',
          details: 'The demo model writes plain text only.',
        },
      ]
    : []

const countWords = (prompt: LanguageModelV4Prompt): number => {
  const words = (text: string): number => text.match(/\S+/g)?.length ?? 0
  return prompt
    .flatMap(({ content }) =>
      typeof content === 'string'
        ? [content]
        : content.map((part) => ('text' in part ? part.text : JSON.stringify(part))),
    )
    .reduce((sum, text) => sum + words(text), 0)
}

/** Makes the next part when it is asked for; an abort ends the wait and the stream with its reason. */
const paced = (
  parts: Iterator<PacedPart>,
  delayMs: number,
  abortSignal: AbortSignal | undefined,
): ReadableStream<LanguageModelV4StreamPart> => {
  const left = new AbortController()
  const signal = abortSignal ? AbortSignal.any([abortSignal, left.signal]) : left.signal
  return new ReadableStream<LanguageModelV4StreamPart>(
    {
      pull: async (controller) => {
        const next = parts.next()
        try {
          if (!next.done) await pause(next.value.pauses * delayMs, signal)
        } catch {
          return controller.error(signal.reason)
        }
        if (next.done) controller.close()
        else controller.enqueue(next.value.part)
      },
      cancel: () => left.abort(),
    },
    { highWaterMark: 0 },
  )
}

const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
  signal.throwIfAborted()
  if (ms > 0) await delay(ms, undefined, { signal })
}

const collect = async (
  stream: ReadableStream<LanguageModelV4StreamPart>,
): Promise<LanguageModelV4GenerateResult> => {
  const content: LanguageModelV4Content[] = []
  let warnings: SharedV4Warning[] = []
  for await (const part of stream) {
    const last = content.at(-1)
    if (part.type === 'stream-start') warnings = part.warnings
    if (part.type === 'text-start') content.push({ type: 'text', text: '' })
    if (part.type === 'reasoning-start') content.push({ type: 'reasoning', text: '' })
    if (part.type === 'text-delta' && last?.type === 'text') last.text += part.delta
    if (part.type === 'reasoning-delta' && last?.type === 'reasoning') last.text += part.delta
    if (part.type === 'tool-call') content.push(part)
    if (part.type !== 'finish') continue
    const { finishReason, usage } = part
    return { content, finishReason, usage, warnings, response: { modelId: MODEL_ID } }
  }
  throw new InvariantError('The stream of the demo model ended without a finish part.')
}
