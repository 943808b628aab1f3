/**
 * One run as a model is told of it: its own words as it said them, everybody else's as plain text, calls and results.
 *
 * INVARIANT: each tool call is followed by one result; nothing unfinished, unsigned or of another model goes back.
 */
import type { AssistantModelMessage, ModelMessage, ToolModelMessage } from 'ai'
import {
  INTERRUPTED_CALL,
  mayAct,
  type FilePart,
  type ProviderMetadata,
  type StepPart,
  type StepRecord,
  type ToolCallPart,
  type ToolCallRecord,
} from '../../domain/step.ts'
import { toldToolName, type CallNames } from './call-names.ts'
import { NOT_EXECUTED } from '../chunks.ts'
import type { ModelName } from '../ports.ts'
import type { StepView } from '../tail/view.ts'

/** Who is told. For `any` model nothing is its own. */
export type Listener = {
  readonly model: ModelName | 'any'
  readonly names: CallNames
}

type AssistantContent = Exclude<AssistantModelMessage['content'], string>
type ToolResult = Extract<ToolModelMessage['content'][number], { type: 'tool-result' }>
type Options = { providerOptions?: ToolResult['providerOptions'] & {} }

/** @param goesOn - whether the run is still under way: a result that the provider owes may come */
export const runMessages = (
  steps: readonly StepView[],
  listener: Listener,
  goesOn: boolean,
): ModelMessage[] => {
  const told = steps.map((view) => ({ view, own: isOwn(view.step, listener.model) }))
  const resolved = new Set(
    told.flatMap(({ view, own }) => (own ? view.step.parts : []).flatMap(resultId)),
  )
  const begun = new Set<string>()
  return told.flatMap(({ view, own }) => {
    if (!own) return foreignMessages(view, listener.names)
    const parts = view.step.parts.filter((part) => {
      if (part.type === 'tool-result') return goesOn || begun.has(part.toolCallId)
      if (part.type !== 'tool-call' || !part.providerExecuted) return true
      const kept = goesOn || resolved.has(part.toolCallId)
      if (kept) begun.add(part.toolCallId)
      return kept
    })
    return ownMessages(parts, view, listener.names)
  })
}

const resultId = (part: StepPart): string[] =>
  part.type === 'tool-result' ? [part.toolCallId] : []

/** Only what the same model said, to its end, may be told with what the provider attached to it. */
const isOwn = ({ info, request }: StepRecord, model: ModelName | 'any'): boolean => {
  if (model === 'any' || !mayAct(info)) return false
  if (request) return request.provider === model.provider && request.modelId === model.modelId
  // Steps of older versions know only who answered: a name may stand for its newest version.
  const version = info?.modelId?.slice(model.modelId.length) ?? ''
  return (
    info?.provider === model.provider &&
    info.modelId?.startsWith(model.modelId) === true &&
    /^(?:-\d{4}-?\d{2}-?\d{2})?$/.test(version)
  )
}

const ownMessages = (
  parts: readonly StepPart[],
  view: StepView,
  names: CallNames,
): ModelMessage[] => {
  const content = parts.flatMap(ownContent)
  // A thought that led to nothing is refused.
  const end = content.findLastIndex(({ type }) => type !== 'reasoning' && type !== 'reasoning-file')
  const results = ownCalls(parts).map((part) => ({
    ...toolResult(part, names.own(part.toolCallId), view.calls),
    ...optionsOf(part.providerMetadata),
  }))
  return messages(content.slice(0, end + 1), results)
}

const foreignMessages = ({ step, calls }: StepView, names: CallNames): ModelMessage[] => {
  // What the calls of a broken answer were for, nobody knows; they were never executed.
  const whole = mayAct(step.info)
  const content: AssistantContent = []
  const results: ToolResult[] = []
  for (const part of step.parts) {
    if (part.type === 'text' && part.text.trim() !== '')
      content.push({ type: 'text', text: part.text })
    if (part.type === 'file') content.push(toldFile(part, 'file'))
    if (!whole || part.type !== 'tool-call' || !isCall(part)) continue
    const id = names.foreign(part.toolCallId)
    content.push(toolCall(part, id))
    results.push(toolResult(part, id, calls))
  }
  return messages(content, results)
}

const messages = (content: AssistantContent, results: ToolResult[]): ModelMessage[] => [
  ...(content.length > 0 ? [{ role: 'assistant' as const, content }] : []),
  ...(results.length > 0 ? [{ role: 'tool' as const, content: results }] : []),
]

const isCall = (part: ToolCallPart): boolean => !part.providerExecuted && !part.unfinished

const ownCalls = (parts: readonly StepPart[]): ToolCallPart[] =>
  parts.filter((part): part is ToolCallPart => part.type === 'tool-call' && isCall(part))

const ownContent = (part: StepPart): AssistantContent => {
  const options = optionsOf(part.type === 'source' ? undefined : part.providerMetadata)
  switch (part.type) {
    case 'text':
      // A provider may have signed an empty text; without that it says nothing and strict ones refuse it.
      if (part.text.trim() === '' && !options.providerOptions) return []
      return [{ type: 'text', text: part.text, ...options }]
    case 'reasoning':
      return [{ type: 'reasoning', text: part.text, ...options }]
    case 'file':
    case 'reasoning-file':
      return [{ ...toldFile(part, part.type), ...options }]
    case 'custom':
      return [{ type: 'custom', kind: part.kind as `${string}.${string}`, ...options }]
    case 'source':
      return []
    case 'tool-call':
      return part.unfinished ? [] : [ownCall(part)]
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

const toldFile = <TYPE extends FilePart['type']>(part: FilePart, type: TYPE) => ({
  type,
  data: 'url' in part ? part.url : part.data,
  mediaType: part.mediaType,
})

/** What is attached to a call is attached to its name too. */
const ownCall = (part: ToolCallPart) => {
  const call = toolCall(part, part.toolCallId)
  return call.toolName === part.toolName ? { ...call, ...optionsOf(part.providerMetadata) } : call
}

const toolCall = (part: ToolCallPart, toolCallId: string) => ({
  type: 'tool-call' as const,
  toolCallId,
  toolName: part.providerExecuted ? part.toolName : toldToolName(part.toolName),
  input: part.invalid !== undefined && !isObject(part.input) ? {} : part.input,
  ...(part.providerExecuted === undefined ? {} : { providerExecuted: part.providerExecuted }),
})

const toolResult = (
  part: ToolCallPart,
  toolCallId: string,
  calls: readonly ToolCallRecord[],
): ToolResult => ({
  type: 'tool-result',
  toolCallId,
  toolName: toldToolName(part.toolName),
  output: resultOutput(
    part,
    calls.find((call) => call.toolCallId === part.toolCallId),
  ),
})

const resultOutput = (
  part: ToolCallPart,
  call: ToolCallRecord | undefined,
): ToolResult['output'] => {
  if (part.invalid !== undefined) return { type: 'error-text', value: part.invalid }
  if (!call) return { type: 'error-text', value: NOT_EXECUTED }
  if (call.status === 'denied') return denied(call)
  if (call.status !== 'succeeded')
    return { type: 'error-text', value: call.error ?? INTERRUPTED_CALL }
  if (call.modelOutput !== undefined && call.modelOutput !== null)
    return call.modelOutput as ToolResult['output']
  return outputForModel(call.output)
}

const denied = ({ approval }: ToolCallRecord): ToolResult['output'] => ({
  type: 'execution-denied',
  ...(approval?.reason === undefined ? {} : { reason: approval.reason }),
})

const outputForModel = (output: unknown): ToolResult['output'] =>
  typeof output === 'string'
    ? { type: 'text', value: output }
    : { type: 'json', value: (output ?? null) as never }

const optionsOf = (metadata: ProviderMetadata | undefined): Options =>
  metadata ? { providerOptions: metadata as NonNullable<Options['providerOptions']> } : {}

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
