/**
 * What the model is told: built from journal and ledger, never from UI parts, and always acceptable to a strict provider.
 *
 * INVARIANT: each tool call is followed by one result; nothing unfinished or unsigned goes back.
 */
import type { AssistantModelMessage, ModelMessage, ToolModelMessage, UserModelMessage } from 'ai'
import { textOf, type MessagePart } from '../domain/message.ts'
import {
  INTERRUPTED_CALL,
  type ProviderMetadata,
  type StepPart,
  type ToolCallPart,
  type ToolCallRecord,
} from '../domain/step.ts'
import { NOT_EXECUTED } from './chunks.ts'
import type { Turn } from './ports.ts'
import type { StepView } from './view.ts'

type AssistantContent = Exclude<AssistantModelMessage['content'], string>
type ToolResult = Extract<ToolModelMessage['content'][number], { type: 'tool-result' }>
type Options = { providerOptions?: ToolResult['providerOptions'] & {} }

/** The messages of earlier turns, up to the run's own user message. */
export const historyMessages = (turns: readonly Turn[], provider: string): ModelMessage[] =>
  turns.flatMap(({ message, journal }): ModelMessage[] => {
    if (message.role === 'user') return userMessages(message.parts)
    if (message.role === 'system') return []
    if (!journal || journal.steps.length === 0) return plainAnswer(message.parts)
    return journal.steps.flatMap((step) => {
      const calls = journal.calls.filter((call) => call.stepIndex === step.stepIndex)
      return stepMessages({ step, calls }, provider)
    })
  })

const userMessages = (parts: readonly MessagePart[]): UserModelMessage[] => {
  const content = parts.flatMap((part): Exclude<UserModelMessage['content'], string> => {
    if (part.type === 'text') return [{ type: 'text', text: String(part['text']) }]
    if (part.type !== 'file') return []
    const { mediaType, url, filename } = part as unknown as FileFields
    return [{ type: 'file', data: url, mediaType, ...(filename ? { filename } : {}) }]
  })
  return content.length > 0 ? [{ role: 'user', content }] : []
}

type FileFields = { mediaType: string; url: string; filename?: string }

/** An answer that no run of ours made: only its text is known for sure. */
const plainAnswer = (parts: readonly MessagePart[]): AssistantModelMessage[] => {
  const text = textOf(parts)
  return text === '' ? [] : [{ role: 'assistant', content: [{ type: 'text', text }] }]
}

/** One step as the provider expects it back: the model's own words, then the results of its calls. */
export const stepMessages = ({ step, calls }: StepView, provider: string): ModelMessage[] => {
  const interrupted = step.info?.finishReason === 'interrupted'
  const keep = !interrupted && step.info?.provider === provider
  const parts = step.parts.filter((part) => !isDropped(part, interrupted, keep))
  const content = parts.flatMap((part) => assistantContent(part, keep))
  const results = parts
    .filter((part): part is ToolCallPart => part.type === 'tool-call' && !part.providerExecuted)
    .map((part) => toolResult(part, calls, keep))
  return [
    ...(content.length > 0 ? [{ role: 'assistant' as const, content }] : []),
    ...(results.length > 0 ? [{ role: 'tool' as const, content: results }] : []),
  ]
}

const isDropped = (part: StepPart, interrupted: boolean, keep: boolean): boolean => {
  if (part.type === 'tool-call')
    return part.unfinished === true || (part.providerExecuted === true && !keep)
  if (part.type === 'tool-result') return !keep
  if (part.type === 'reasoning' || part.type === 'reasoning-file') return !keep
  if (part.type === 'custom') return interrupted || !keep
  return false
}

const assistantContent = (part: StepPart, keep: boolean): AssistantContent => {
  const options = keep ? optionsOf(part.providerMetadata) : {}
  switch (part.type) {
    case 'text':
      // A provider may have signed an empty text; without that it says nothing and strict ones refuse it.
      if (part.text === '' && !options.providerOptions) return []
      return [{ type: 'text', text: part.text, ...options }]
    case 'reasoning':
      return [{ type: 'reasoning', text: part.text, ...options }]
    case 'file':
    case 'reasoning-file':
      return [
        {
          type: part.type,
          data: 'url' in part ? part.url : part.data,
          mediaType: part.mediaType,
          ...options,
        },
      ]
    case 'custom':
      return [{ type: 'custom', kind: part.kind as `${string}.${string}`, ...options }]
    case 'source':
      return []
    case 'tool-call':
      return [
        {
          type: 'tool-call',
          toolCallId: part.toolCallId,
          toolName: part.toolName,
          input: part.invalid !== undefined && !isObject(part.input) ? {} : part.input,
          ...(part.providerExecuted === undefined
            ? {}
            : { providerExecuted: part.providerExecuted }),
          ...options,
        },
      ]
    case 'tool-result':
      return [
        {
          type: 'tool-result',
          toolCallId: part.toolCallId,
          toolName: part.toolName,
          output: part.isError
            ? { type: 'error-json', value: part.output as never }
            : outputForModel(part.output),
          ...options,
        },
      ]
    default:
      return part satisfies never
  }
}

const toolResult = (
  part: ToolCallPart,
  calls: readonly ToolCallRecord[],
  keep: boolean,
): ToolResult => {
  const call = calls.find(({ toolCallId }) => toolCallId === part.toolCallId)
  return {
    type: 'tool-result',
    toolCallId: part.toolCallId,
    toolName: part.toolName,
    output: resultOutput(part, call),
    ...(keep ? optionsOf(part.providerMetadata) : {}),
  }
}

const resultOutput = (
  part: ToolCallPart,
  call: ToolCallRecord | undefined,
): ToolResult['output'] => {
  if (part.invalid !== undefined) return { type: 'error-text', value: part.invalid }
  if (!call) return { type: 'error-text', value: NOT_EXECUTED }
  if (call.status !== 'succeeded')
    return { type: 'error-text', value: call.error ?? INTERRUPTED_CALL }
  if (call.modelOutput !== undefined && call.modelOutput !== null)
    return call.modelOutput as ToolResult['output']
  return outputForModel(call.output)
}

const outputForModel = (output: unknown): ToolResult['output'] =>
  typeof output === 'string'
    ? { type: 'text', value: output }
    : { type: 'json', value: (output ?? null) as never }

const optionsOf = (metadata: ProviderMetadata | undefined): Options =>
  metadata ? { providerOptions: metadata as NonNullable<Options['providerOptions']> } : {}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null

/** Messages of a run so far, in the form in which the next model call gets them. */
export const runMessages = (steps: readonly StepView[], provider: string): ModelMessage[] =>
  steps.flatMap((step) => stepMessages(step, provider))
