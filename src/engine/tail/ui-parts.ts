/** The UI message of a run: a pure projection of journal and ledger, equal to what every reader's frames add up to. */
import type { MessagePart } from '../../domain/message.ts'
import { isSettled } from '../../domain/run.ts'
import {
  isOver,
  type Approval,
  type StepPart,
  type ToolCallPart,
  type ToolCallRecord,
} from '../../domain/step.ts'
import { citing, INTERRUPTED_CALL, INTERRUPTED_INPUT, NOT_EXECUTED, wholeChunk } from '../chunks.ts'
import type { RunView, StepView } from './view.ts'

export const uiParts = (view: RunView): MessagePart[] => {
  const parts: MessagePart[] = []
  const data = new Map<string, number>()
  const settled = isSettled(view.run.status)
  for (const [index, step] of view.steps.entries()) {
    parts.push({ type: 'step-start' })
    for (const part of stepParts(step, { settled, steps: view.steps.slice(index) })) {
      const key = dataKey(part)
      const known = key ? data.get(key) : undefined
      if (known !== undefined) {
        parts[known] = part
        continue
      }
      if (key) data.set(key, parts.length)
      parts.push(part)
    }
  }
  return parts
}

/** What a later data part has to share with an earlier one to replace it; empty when nothing replaces it. */
const dataKey = ({ type, id }: MessagePart): string =>
  type.startsWith('data-') && typeof id === 'string' ? `${type} ${id}` : ''

/** `steps`: this one and those after it, where a provider may give a result that it owes. */
type Context = { readonly settled: boolean; readonly steps: readonly StepView[] }

const stepParts = (view: StepView, context: Context): MessagePart[] => {
  const { step, calls } = view
  const seen = step.parts
    .map((part, index) => ({ part, from: step.spans[index]!.from }))
    .sort((a, b) => a.from - b.from)
    .flatMap(({ part }) => modelPart(part, view, context))
  const written = calls
    .flatMap((call) => call.data.map((part) => ({ epoch: call.epoch, part })))
    .sort((a, b) => a.epoch - b.epoch || a.part.n - b.part.n)
    .map(({ part: { type, id, data } }) => ({ type, ...(id === undefined ? {} : { id }), data }))
  return [...seen, ...written]
}

const modelPart = (part: StepPart, view: StepView, context: Context): MessagePart[] => {
  switch (part.type) {
    case 'text':
      return [{ type: 'text', text: part.text, state: 'done', ...citing(part) }]
    case 'reasoning':
      return [{ type: 'reasoning', id: part.id, text: part.text, state: 'done' }]
    case 'tool-call':
      return [toolPart(part, view, context)]
    case 'tool-result':
      return []
    case 'source': {
      const { type, ...rest } = wholeChunk(part)
      return [{ type, ...rest }]
    }
    case 'file':
    case 'reasoning-file':
    case 'custom':
      return [wholeChunk(part) as MessagePart]
    default:
      return part satisfies never
  }
}

const toolPart = (part: ToolCallPart, view: StepView, context: Context): MessagePart => ({
  ...(part.dynamic
    ? { type: 'dynamic-tool', toolName: part.toolName }
    : { type: `tool-${part.toolName}` }),
  toolCallId: part.toolCallId,
  ...(part.input === undefined ? {} : { input: part.input }),
  ...(part.providerExecuted === undefined ? {} : { providerExecuted: part.providerExecuted }),
  ...toolState(part, view, context),
})

const toolState = (part: ToolCallPart, { calls }: StepView, { settled, steps }: Context) => {
  const failed = part.unfinished ? INTERRUPTED_INPUT : part.invalid
  if (failed !== undefined) return { state: 'output-error', errorText: failed }
  if (part.providerExecuted) return providerState(part, steps)
  const call = calls.find(({ toolCallId }) => toolCallId === part.toolCallId)
  if (!call)
    return settled
      ? { state: 'output-error', errorText: NOT_EXECUTED }
      : { state: 'input-available' }
  return {
    ...callState(call, settled),
    ...(call.approval ? { approval: approvalOf(call.approval) } : {}),
  }
}

const callState = (call: ToolCallRecord, settled: boolean) => {
  const { status, preliminary } = call
  if (status === 'succeeded') return { state: 'output-available', output: call.output ?? null }
  if (status === 'denied') return { state: 'output-denied' }
  if (isOver(call) || settled)
    return { state: 'output-error', errorText: call.error ?? INTERRUPTED_CALL }
  if (preliminary)
    return { state: 'output-available', output: preliminary.output ?? null, preliminary: true }
  if (status === 'asked') return { state: 'approval-requested' }
  return { state: call.approval ? 'approval-responded' : 'input-available' }
}

const approvalOf = ({ id, requestReason, automatic, approved, reason }: Approval) => ({
  id,
  ...(requestReason === undefined ? {} : { requestReason }),
  ...(automatic ? { isAutomatic: true } : {}),
  ...(approved === undefined ? {} : { approved }),
  ...(reason === undefined ? {} : { reason }),
})

const providerState = (part: ToolCallPart, steps: readonly StepView[]) => {
  const result = steps
    .flatMap(({ step }) => step.parts)
    .find((other) => other.type === 'tool-result' && other.toolCallId === part.toolCallId)
  if (result?.type !== 'tool-result') return { state: 'input-available' }
  const chunk = wholeChunk(result)
  if (chunk.type === 'tool-output-error')
    return { state: 'output-error', errorText: chunk.errorText }
  const preliminary = result.preliminary ? { preliminary: true } : {}
  return { state: 'output-available', output: result.output ?? null, ...preliminary }
}
