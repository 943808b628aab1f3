/** Chunks of the AI SDK's UI message stream for parts of a step. Never with `providerMetadata` or titles. */
import type { UIMessageChunk } from 'ai'
import {
  INTERRUPTED_CALL,
  INTERRUPTED_INPUT,
  NOT_EXECUTED,
  type Approval,
  type DataPart,
  type StepPart,
  type TextPart,
  type ToolCallPart,
  type ToolCallRecord,
} from '../domain/step.ts'

export type Chunk = UIMessageChunk

type Citation = NonNullable<Extract<Chunk, { type: 'text-end' }>['citations']>[number]

export { INTERRUPTED_CALL, INTERRUPTED_INPUT, NOT_EXECUTED }

export type Streamed = Extract<StepPart, { type: 'text' | 'reasoning' | 'tool-call' }>

export const isStreamed = (part: StepPart): part is Streamed =>
  part.type === 'text' || part.type === 'reasoning' || part.type === 'tool-call'

/** The text of a part that grows by deltas. */
export const streamedText = (part: Streamed): string =>
  part.type === 'tool-call' ? (part.rawInput ?? '') : part.text

export const startChunk = (part: Streamed): Chunk =>
  part.type === 'tool-call'
    ? { type: 'tool-input-start', ...callHead(part) }
    : { type: `${part.type}-start`, id: part.id }

export const deltaChunk = (part: Streamed, delta: string): Chunk =>
  part.type === 'tool-call'
    ? { type: 'tool-input-delta', toolCallId: part.toolCallId, inputTextDelta: delta }
    : { type: `${part.type}-delta`, id: part.id, delta }

/** Ends a streamed part; for a tool call this carries the whole input. */
export const endChunk = (part: Streamed): Chunk => {
  if (part.type !== 'tool-call') return { type: `${part.type}-end`, id: part.id, ...citing(part) }
  const errorText = part.unfinished ? INTERRUPTED_INPUT : part.invalid
  return errorText === undefined
    ? { type: 'tool-input-available', ...callHead(part), input: part.input }
    : { type: 'tool-input-error', ...callHead(part), input: part.input, errorText }
}

/** The citations of a text, without what only its provider understands. */
export const citing = ({ type, citations }: TextPart): { citations?: Citation[] } => {
  if (type !== 'text' || !citations) return {}
  return {
    citations: citations.map(({ source: { providerMetadata: _own, ...source }, ...rest }) => ({
      ...rest,
      source: source as Citation['source'],
    })),
  }
}

const callHead = (part: ToolCallPart) => ({
  toolCallId: part.toolCallId,
  toolName: part.toolName,
  ...(part.providerExecuted === undefined ? {} : { providerExecuted: part.providerExecuted }),
  ...(part.dynamic ? { dynamic: true } : {}),
})

/** The one chunk of a part that does not stream; undefined for parts that clients do not see. */
export const wholeChunk = (part: Exclude<StepPart, Streamed>): Chunk => {
  switch (part.type) {
    case 'file':
    case 'reasoning-file':
      return {
        type: part.type,
        mediaType: part.mediaType,
        url: 'url' in part ? part.url : `data:${part.mediaType};base64,${part.data}`,
      }
    case 'source':
      return part.sourceType === 'url'
        ? { type: 'source-url', sourceId: part.id, url: part.url, ...titled(part.title) }
        : {
            type: 'source-document',
            sourceId: part.id,
            mediaType: part.mediaType,
            title: part.title ?? '',
            ...(part.filename === undefined ? {} : { filename: part.filename }),
          }
    case 'custom':
      return { type: 'custom', kind: part.kind as `${string}.${string}` }
    case 'tool-result':
      return part.isError
        ? {
            type: 'tool-output-error',
            toolCallId: part.toolCallId,
            errorText: typeof part.output === 'string' ? part.output : JSON.stringify(part.output),
            providerExecuted: true,
          }
        : {
            type: 'tool-output-available',
            toolCallId: part.toolCallId,
            output: part.output ?? null,
            providerExecuted: true,
            ...(part.preliminary ? { preliminary: true } : {}),
          }
    default:
      return part satisfies never
  }
}

const titled = (title: string | undefined) => (title === undefined ? {} : { title })

export const outputChunk = (call: Omit<ToolCallRecord, 'epoch' | 'span'>): Chunk => {
  const { toolCallId, status } = call
  if (status === 'succeeded')
    return { type: 'tool-output-available', toolCallId, output: call.output ?? null }
  if (status === 'denied') return { type: 'tool-output-denied', toolCallId }
  return toolErrorChunk(toolCallId, call.error ?? INTERRUPTED_CALL)
}

/** Asks whoever reads whether the call may be executed. */
export const requestChunk = (toolCallId: string, approval: Approval): Chunk => ({
  type: 'tool-approval-request',
  approvalId: approval.id,
  toolCallId,
  ...(approval.requestReason === undefined ? {} : { reason: approval.requestReason }),
  ...(approval.automatic ? { isAutomatic: true } : {}),
})

/** Says what was decided. Clients before `ai` 7 do not know this chunk. */
export const responseChunk = ({ id, approved, reason }: Approval): Chunk => ({
  type: 'tool-approval-response',
  approvalId: id,
  approved: approved === true,
  ...(reason === undefined ? {} : { reason }),
})

export const toolErrorChunk = (toolCallId: string, errorText: string): Chunk => ({
  type: 'tool-output-error',
  toolCallId,
  errorText,
})

export const preliminaryChunk = (toolCallId: string, output: unknown): Chunk => ({
  type: 'tool-output-available',
  toolCallId,
  output: output ?? null,
  preliminary: true,
})

export const dataChunk = ({ type, id, data }: Omit<DataPart, 'n'>): Chunk =>
  ({ type, data, ...(id === undefined ? {} : { id }) }) as Chunk
