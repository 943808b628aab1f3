/**
 * Turns a view of a run into the frames that a reader still needs, coalesced: one delta a part.
 *
 * Everything here is pure. A frame's offset says exactly what its receiver has: all units up to `n`, and of each part
 * that is open after them the given number of UTF-16 units.
 */
import { comparePoints, formatOffset, type Position } from '../../domain/position.ts'
import {
  executableCalls,
  hasResult,
  isOver,
  type StepRecord,
  type ToolCallRecord,
} from '../../domain/step.ts'
import {
  dataChunk,
  deltaChunk,
  endChunk,
  isStreamed,
  outputChunk,
  preliminaryChunk,
  requestChunk,
  responseChunk,
  startChunk,
  streamedText,
  toolErrorChunk,
  wholeChunk,
  NOT_EXECUTED,
  type Chunk,
} from '../chunks.ts'
import { lastUnit, type RunView, type StepView } from './view.ts'

export type Frame = { readonly position: Position; readonly chunk: Chunk }

/** The `id:` of a frame on the wire. */
export const frameOffset = (frame: Frame): string => formatOffset(frame.position)

/** Frames of the model phase after `from`, which lies in this attempt or before it. */
export const modelFrames = (step: StepRecord, from: Position): Frame[] => {
  if (comparePoints(from, { epoch: step.epoch, n: step.span.to }) >= 0) return []
  const inside = from.epoch === step.epoch && from.n >= step.span.from
  const had = inside ? from : { epoch: step.epoch, n: step.span.from, lens: [] }
  const begun = (span: { from: number }) => span.from <= had.n
  const order = step.parts
    .map((part, index) => ({ part, span: step.spans[index]!, index }))
    .sort((a, b) => a.span.from - b.span.from)
  const frames: Frame[] = []
  const open = new Map<number, number>()
  let lens = 0
  for (const { part, span, index } of order) {
    const ended = span.to !== undefined && span.to <= had.n
    if (isStreamed(part) && begun(span) && !ended) open.set(index, had.lens[lens++] ?? 0)
  }
  const emit = (n: number, chunk: Chunk) =>
    frames.push({ position: { epoch: step.epoch, n, lens: [...open.values()] }, chunk })
  const rest = (index: number, n: number) => {
    const part = step.parts[index]!
    const text = isStreamed(part) ? streamedText(part) : ''
    const length = open.get(index) ?? 0
    // The whole input follows in the end chunk, so its missing deltas are not needed.
    if (!isStreamed(part) || text.length <= length || isComplete(step, index)) return
    open.set(index, text.length)
    emit(n, deltaChunk(part, text.slice(length)))
  }
  const boundaries = order.flatMap(({ part, span, index }) => [
    { n: span.from, part, span, index, begins: true },
    ...(isStreamed(part) && span.to !== undefined
      ? [{ n: span.to, part, span, index, begins: false }]
      : []),
  ])
  for (const index of open.keys()) rest(index, had.n)
  for (const { n, part, index, span, begins } of boundaries.sort((a, b) => a.n - b.n)) {
    if (n <= had.n) continue
    if (!isStreamed(part)) emit(n, wholeChunk(part))
    else if (!begins) {
      open.delete(index)
      emit(n, endChunk(part))
    } else if (n !== span.to) {
      open.set(index, 0)
      emit(n, startChunk(part))
      rest(index, n)
    }
  }
  return frames
}

/** A tool call whose input is complete needs no deltas: its end chunk says everything. */
const isComplete = (step: StepRecord, index: number): boolean =>
  step.parts[index]?.type === 'tool-call' && step.spans[index]?.to !== undefined

/** Frames of the tool phase after `from`. */
export const toolFrames = (calls: readonly ToolCallRecord[], from: Position): Frame[] => {
  const frames: Frame[] = []
  const emit = (epoch: number, n: number | undefined, chunk: () => Chunk) => {
    if (n === undefined || comparePoints({ epoch, n }, from) <= 0) return
    frames.push({ position: { epoch, n, lens: [] }, chunk: chunk() })
  }
  for (const call of calls) {
    const { approval } = call
    if (approval) {
      const { asked, told } = approval
      emit(asked?.epoch ?? 0, asked?.n, () => requestChunk(call.toolCallId, approval))
      emit(told?.epoch ?? 0, told?.n, () => responseChunk(approval))
    }
    for (const part of call.data) emit(call.epoch, part.n, () => dataChunk(part))
    const { preliminary } = call
    if (preliminary)
      emit(call.epoch, preliminary.n, () => preliminaryChunk(call.toolCallId, preliminary.output))
    if (hasResult(call)) emit(call.epoch, call.span.to, () => outputChunk(call))
  }
  return frames.sort((a, b) => comparePoints(a.position, b.position))
}

/** Chunks that end a settled run on the wire; the units after the last one of the journal, in this order. */
export const closingChunks = ({ run, steps }: RunView): Chunk[] => {
  const last = steps.at(-1)
  const chunks: Chunk[] = last
    ? [...unresolved(last), { type: 'finish-step' }, ...shown(last, run.id)]
    : []
  if (run.status === 'aborted') chunks.push({ type: 'abort' })
  if (run.status === 'failed')
    chunks.push({ type: 'error', errorText: run.error ?? 'The run failed.' })
  return [...chunks, { type: 'finish' }]
}

/** The AI SDK shows a `step-start` with the chunk after it; where a step said nothing there has to be one. */
const shown = ({ step }: StepView, runId: string): Chunk[] =>
  step.parts.length > 0 ? [] : [{ type: 'message-metadata', messageMetadata: { runId } }]

/** What became of calls of a settled run, where no unit has said it. */
const unresolved = ({ step, calls }: StepView): Chunk[] =>
  executableCalls(step).flatMap(({ toolCallId }) => {
    const call = calls.find((other) => other.toolCallId === toolCallId)
    return call ? untold(call, true) : [toolErrorChunk(toolCallId, NOT_EXECUTED)]
  })

/** What people have said about a call and no unit has told yet. */
const untold = (call: ToolCallRecord, settled = false): Chunk[] => {
  const { approval } = call
  const decided = approval?.approved !== undefined && approval.told === undefined
  const ended = (settled || isOver(call)) && !hasResult(call)
  return [...(decided ? [responseChunk(approval)] : []), ...(ended ? [outputChunk(call)] : [])]
}

/**
 * Ends the stream of a run that waits for a person. These frames are no units: who comes back with their offset gets what
 * follows when the run goes on.
 */
export const restingFrames = ({ steps }: RunView, position: Position): Frame[] => {
  const last = steps.at(-1)
  const said = last?.calls.flatMap((call) => untold(call)) ?? []
  const chunks: Chunk[] = [...said, { type: 'finish-step' }, { type: 'finish' }]
  return chunks.map((chunk) => ({ position, chunk }))
}

/** The unit before the closing ones: they belong to the epoch that settled the run. */
export const closingBase = ({ run, steps }: RunView): Position => {
  const last = steps.at(-1)
  const unit = last ? lastUnit(last) : { epoch: 0, n: 0 }
  return unit.epoch === run.leaseEpoch
    ? { ...unit, lens: [] }
    : { epoch: run.leaseEpoch, n: 0, lens: [] }
}

export const closingFrames = (view: RunView, from: Position): Frame[] => {
  const base = closingBase(view)
  return closingChunks(view)
    .map((chunk, index) => ({
      position: { epoch: base.epoch, n: base.n + 1 + index, lens: [] },
      chunk,
    }))
    .filter(({ position }) => comparePoints(position, from) > 0)
}

/** Neighbouring deltas of one part as one frame: what waited for a reader goes out together. */
export const coalesce = (frames: readonly Frame[]): Frame[] => {
  const out: Frame[] = []
  for (const frame of frames) {
    const last = out.at(-1)
    const joined = last && joinDeltas(last.chunk, frame.chunk)
    if (joined) out[out.length - 1] = { position: frame.position, chunk: joined }
    else out.push(frame)
  }
  return out
}

const joinDeltas = (a: Chunk, b: Chunk): Chunk | undefined => {
  if (a.type === 'tool-input-delta' && b.type === a.type)
    return a.toolCallId === b.toolCallId
      ? { ...b, inputTextDelta: a.inputTextDelta + b.inputTextDelta }
      : undefined
  if ((a.type === 'text-delta' || a.type === 'reasoning-delta') && b.type === a.type)
    return a.id === b.id ? { ...b, delta: a.delta + b.delta } : undefined
  return undefined
}
