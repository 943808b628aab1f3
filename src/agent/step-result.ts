/** A journaled step in the form in which the AI SDK gives steps to `prepareStep` and `stopWhen`. */
import type { ContentPart, LanguageModelUsage, ModelMessage, StepResult, ToolSet } from 'ai'
import { convertBase64ToUint8Array, type Context } from '@ai-sdk/provider-utils'
import { AgentFailedError } from '../domain/errors.ts'
import { mayAct, type StepPart, type ToolCallPart, type Usage } from '../domain/step.ts'
import type { StepView } from '../engine/ports.ts'

export type AgentStep = StepResult<ToolSet, Context>
type Content = ContentPart<ToolSet>
type Part<Type extends Content['type']> = Extract<Content, { type: Type }>

/** What a step knew beside its journal. */
export type StepSurroundings = {
  readonly runId: string
  readonly runtimeContext: Context
  readonly toolsContext: Readonly<Record<string, unknown>>
  /** What the step added to the messages. */
  readonly messages: readonly ModelMessage[]
}

/**
 * Everything that the journal keeps. Left out is what no journal could give back in another process: bodies of requests and
 * answers, and how long the pieces of an answer took.
 */
export const agentStep = (view: StepView, surroundings: StepSurroundings): AgentStep => {
  const { step } = view
  const { info, request } = step
  const content = contentOf(view)
  const startedAt = info?.startedAt ?? new Date(0)
  const responseTimeMs = (info?.finishedAt ?? startedAt).getTime() - startedAt.getTime()
  const provider = request?.provider ?? info?.provider ?? 'unknown'
  const modelId = request?.modelId ?? info?.modelId ?? 'unknown'
  const known = {
    callId: surroundings.runId,
    stepNumber: step.stepIndex,
    model: { provider, modelId },
    toolsContext: surroundings.toolsContext,
    runtimeContext: surroundings.runtimeContext,
    ...partsOf(content),
    finishReason: info && info.finishReason !== 'interrupted' ? info.finishReason : 'other',
    rawFinishReason: info?.rawFinishReason,
    usage: usageOf(info?.usage),
    performance: performanceOf(responseTimeMs),
    warnings: info?.warnings as AgentStep['warnings'],
    request: {},
    response: {
      id: info?.responseId ?? surroundings.runId,
      timestamp: info?.finishedAt ?? startedAt,
      modelId: info?.modelId ?? modelId,
      messages: surroundings.messages as AgentStep['response']['messages'],
    },
    providerMetadata: undefined,
  }
  return known as AgentStep
}

const partsOf = (content: Content[]) => {
  const all = <Type extends Content['type']>(...types: Type[]) =>
    content.filter((part): part is Part<Type> => types.includes(part.type as Type))
  const toolCalls = all('tool-call')
  const toolResults = all('tool-result')
  const isDynamic = ({ dynamic }: { dynamic?: boolean | undefined }) => dynamic === true
  const reasoning = all('reasoning')
  return {
    content,
    text: all('text')
      .map(({ text }) => text)
      .join(''),
    reasoning: all('reasoning', 'reasoning-file'),
    reasoningText: reasoning.length > 0 ? reasoning.map(({ text }) => text).join('') : undefined,
    files: all('file').map(({ file }) => file),
    sources: all('source'),
    toolCalls,
    staticToolCalls: toolCalls.filter((call) => !isDynamic(call)),
    dynamicToolCalls: toolCalls.filter(isDynamic),
    toolResults,
    staticToolResults: toolResults.filter((result) => !isDynamic(result)),
    dynamicToolResults: toolResults.filter(isDynamic),
  }
}

const contentOf = ({ step, calls }: StepView): Content[] => {
  const own = step.parts.map((part) => contentPart(part, step.parts))
  const ours = step.parts.filter(
    (part): part is ToolCallPart => part.type === 'tool-call' && !part.providerExecuted,
  )
  const results = ours.map((part) => resultPart(part, calls))
  const answered = mayAct(step.info) ? results : []
  return [...own, ...answered].filter((part) => part !== undefined) as Content[]
}

/** A large file of a step, which is not loaded for code that may never look at it. */
class KeptFile {
  readonly url: string
  readonly mediaType: string

  constructor(url: string, mediaType: string) {
    this.url = url
    this.mediaType = mediaType
  }

  get base64(): string {
    return this.#missing()
  }

  get uint8Array(): Uint8Array {
    return this.#missing()
  }

  #missing(): never {
    throw new AgentFailedError(`The bytes of a large file are not at hand here, only its url.`)
  }
}

const contentPart = (part: StepPart, all: readonly StepPart[]): unknown => {
  switch (part.type) {
    case 'text':
    case 'reasoning': {
      const { id: _onTheWire, ...content } = part
      return content
    }
    case 'file':
    case 'reasoning-file': {
      const { providerMetadata, mediaType } = part
      const file = 'url' in part ? new KeptFile(part.url, mediaType) : fileOf(part.data, mediaType)
      return { type: part.type, file, ...(providerMetadata ? { providerMetadata } : {}) }
    }
    case 'tool-call': {
      const { rawInput: _text, unfinished, invalid, ...content } = part
      if (unfinished) return undefined
      return invalid === undefined
        ? content
        : { ...content, dynamic: true, invalid: true, error: invalid }
    }
    case 'tool-result': {
      const call = all.find(
        (other): other is ToolCallPart =>
          other.type === 'tool-call' && other.toolCallId === part.toolCallId,
      )
      const { isError, output, ...content } = part
      const head = { ...content, input: call?.input, providerExecuted: true }
      return isError ? { ...head, type: 'tool-error', error: output } : { ...head, output }
    }
    case 'source':
    case 'custom':
      return part
    default:
      return part satisfies never
  }
}

const resultPart = (part: ToolCallPart, calls: StepView['calls']): unknown => {
  const { toolCallId, toolName, input, invalid } = part
  const head = { toolCallId, toolName, input, ...(part.dynamic ? { dynamic: true } : {}) }
  if (invalid !== undefined) return { ...head, type: 'tool-error', error: invalid, dynamic: true }
  const call = calls.find((one) => one.toolCallId === toolCallId)
  if (!call || call.status === 'started') return undefined
  return call.status === 'succeeded'
    ? { ...head, type: 'tool-result', output: call.output }
    : { ...head, type: 'tool-error', error: call.error }
}

const fileOf = (base64: string, mediaType: string) => ({
  base64,
  mediaType,
  get uint8Array() {
    return convertBase64ToUint8Array(base64)
  },
})

export const usageOf = (usage: Usage = {}): LanguageModelUsage => {
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens } = usage
  const minus = (all: number | undefined, ...parts: (number | undefined)[]) =>
    all === undefined ? undefined : parts.reduce<number>((rest, n) => rest - (n ?? 0), all)
  return {
    inputTokens,
    inputTokenDetails: {
      noCacheTokens: minus(inputTokens, cachedInputTokens, cacheWriteTokens),
      cacheReadTokens: cachedInputTokens,
      cacheWriteTokens,
    },
    outputTokens,
    outputTokenDetails: { textTokens: minus(outputTokens, reasoningTokens), reasoningTokens },
    totalTokens: usage.totalTokens,
  }
}

const performanceOf = (responseTimeMs: number): AgentStep['performance'] => ({
  responseTimeMs,
  stepTimeMs: responseTimeMs,
  toolExecutionMs: {},
  effectiveOutputTokensPerSecond: 0,
  effectiveTotalTokensPerSecond: 0,
  outputTokensPerSecond: undefined,
  inputTokensPerSecond: undefined,
  timeToFirstOutputMs: undefined,
})
