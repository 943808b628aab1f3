/** What the parts of a model call are in the journal. */
import type {
  CustomPart,
  ProviderMetadata,
  ProviderToolResultPart,
  SourcePart,
  ToolCallPart,
  Usage,
} from '../../domain/step.ts'
import { cleanJson, cleanText } from '../../domain/text.ts'
import { getErrorText } from '../error-text.ts'
import type { ModelPart } from '../ports.ts'

export type ModelPartOf<Type extends ModelPart['type']> = Extract<ModelPart, { type: Type }>
export type EndPart = ModelPartOf<'model-call-end'>

export const filePart = (part: ModelPartOf<'file' | 'reasoning-file'>) => ({
  type: part.type,
  mediaType: part.file.mediaType,
  data: part.file.base64,
  ...metadata(part),
})

export const sourcePart = (part: ModelPartOf<'source'>): SourcePart => cleanJson(part) as SourcePart

export const customPart = (part: ModelPartOf<'custom'>): CustomPart => ({
  type: 'custom',
  kind: part.kind,
  ...metadata(part),
})

/** A call whose input is still being written. */
export const openCallPart = (
  part: ModelPartOf<'tool-input-start'>,
  toolCallId: string,
  dynamic: boolean,
): ToolCallPart => ({
  type: 'tool-call',
  toolCallId,
  toolName: cleanText(part.toolName),
  input: undefined,
  rawInput: '',
  ...(part.providerExecuted === undefined ? {} : { providerExecuted: part.providerExecuted }),
  ...(dynamic ? { dynamic } : {}),
  ...metadata(part),
})

/** @param open - the call as it was while its input was being written */
export const callPart = (
  part: ModelPartOf<'tool-call'>,
  toolCallId: string,
  dynamic: boolean,
  open: ToolCallPart | undefined,
): ToolCallPart => ({
  type: 'tool-call',
  toolCallId,
  toolName: cleanText(part.toolName),
  input: cleanJson(part.input),
  ...(part.invalid ? invalid(part) : {}),
  ...(part.providerExecuted === undefined ? {} : { providerExecuted: part.providerExecuted }),
  ...(dynamic ? { dynamic } : {}),
  ...(part.toolMetadata ? { toolMetadata: part.toolMetadata as Record<string, unknown> } : {}),
  ...(open ? metadata(open) : {}),
  ...metadata(part),
})

const invalid = ({ error, input }: ModelPartOf<'tool-call'>) => ({
  invalid: cleanText(getErrorText(error)),
  ...(typeof input === 'string' ? { rawInput: cleanText(input) } : {}),
})

export const providerResultPart = (
  part: ModelPartOf<'tool-result' | 'tool-error'>,
  toolCallId: string,
): ProviderToolResultPart => {
  const head = { type: 'tool-result', toolCallId, toolName: part.toolName } as const
  if (part.type === 'tool-error')
    return { ...head, output: cleanJson(part.error), isError: true, ...metadata(part) }
  return {
    ...head,
    output: cleanJson(part.output),
    ...(part.preliminary ? { preliminary: true } : {}),
    ...metadata(part),
  }
}

export const metadata = (part: object): { providerMetadata?: ProviderMetadata } => {
  const value = 'providerMetadata' in part ? part.providerMetadata : undefined
  return value ? { providerMetadata: cleanJson(value) as ProviderMetadata } : {}
}

export const usageOf = ({ usage }: EndPart): Usage => ({
  inputTokens: usage.inputTokens,
  outputTokens: usage.outputTokens,
  totalTokens: usage.totalTokens,
  reasoningTokens: usage.outputTokenDetails.reasoningTokens,
  cachedInputTokens: usage.inputTokenDetails.cacheReadTokens,
  cacheWriteTokens: usage.inputTokenDetails.cacheWriteTokens,
})
