/** Collects one attempt at a model call: what the journal keeps of it, and the units that readers get while it grows. */
import type {
  BrokenAttempt,
  FilePart,
  Span,
  StepInfo,
  StepPart,
  StepRecord,
  ToolCallPart,
} from '../../domain/step.ts'
import { cleanJson, cleanText, splitPair } from '../../domain/text.ts'
import { charsOf, PART_CHARS, StepRoom } from './answer-room.ts'
import { CallIds } from './call-ids.ts'
import {
  deltaChunk,
  endChunk,
  isStreamed,
  startChunk,
  streamedText,
  wholeChunk,
  type Streamed,
} from '../chunks.ts'
import {
  callPart,
  customPart,
  metadata,
  openCallPart,
  providerResultPart,
  sourcePart,
  usageOf,
  type EndPart,
  type ModelPartOf,
} from '../prompt/model-parts.ts'
import type { Agent, ModelPart, PreparedStep } from '../ports.ts'
import type { RunWriter } from './run-writer.ts'

/** A part with its units. `rest` is half a surrogate pair that waits for the other half. */
type Slot = { part: StepPart; from: number; to: number | undefined; order: number; rest: string }

export class StepBuilder {
  /** When the model had said its first word. */
  firstChunkAt: Date | undefined
  readonly #writer: RunWriter
  readonly #agent: Pick<Agent, 'tool'>
  readonly #asked: Pick<PreparedStep, 'request' | 'costMicros'>
  readonly #stepIndex: number
  readonly #epoch: number
  readonly #from: number
  readonly #startedAt: Date
  readonly #room: StepRoom
  #slots: Slot[] = []
  readonly #open = new Map<string, Slot>()
  readonly #callIds = new CallIds()
  #order = 0
  #to: number
  #response: { id?: string | undefined; modelId?: string | undefined } = {}
  #warnings: readonly unknown[] = []
  #end: EndPart | undefined

  constructor(options: {
    writer: RunWriter
    agent: Pick<Agent, 'tool'>
    asked: Pick<PreparedStep, 'request' | 'costMicros'>
    stepIndex: number
    epoch: number
    startedAt: Date
    /** Characters that the step may have. */
    room: number
  }) {
    this.#writer = options.writer
    this.#agent = options.agent
    this.#asked = options.asked
    this.#stepIndex = options.stepIndex
    this.#epoch = options.epoch
    this.#startedAt = options.startedAt
    this.#room = new StepRoom(options.room)
    this.#from = options.writer.begin(options.stepIndex, () => ({ step: this.record(), calls: [] }))
    this.#to = this.#from
  }

  /** How the model call ended; undefined while it has not. */
  get end(): EndPart | undefined {
    return this.#end
  }

  /** True when the model said anything that a person or a tool could use. */
  get hasContent(): boolean {
    return this.#slots.some(
      ({ part }) => part.type !== 'reasoning' && (part.type !== 'text' || part.text.trim() !== ''),
    )
  }

  /** True when something did not fit: the step has what came before it. */
  get full(): boolean {
    return this.#room.full
  }

  /** What the step takes of the answer's room. */
  get chars(): number {
    return this.#room.taken
  }

  file(part: FilePart): void {
    this.#whole(part)
  }

  accept(part: Exclude<ModelPart, { type: 'file' | 'reasoning-file' }>): void {
    switch (part.type) {
      case 'text-start':
      case 'reasoning-start':
        return void this.#start(part.type === 'text-start' ? 'text' : 'reasoning', part)
      case 'text-delta':
      case 'reasoning-delta':
        return this.#text(part.type === 'text-delta' ? 'text' : 'reasoning', part)
      case 'text-end':
      case 'reasoning-end':
        return this.#finish(part.type === 'text-end' ? 'text' : 'reasoning', part)
      case 'tool-input-start':
        return void this.#openCall(part)
      case 'tool-input-delta':
        return this.#grow(this.#open.get(`call ${this.#callIds.growing(part.id)}`), part.delta)
      case 'tool-call':
        return this.#call(part)
      case 'tool-result':
      case 'tool-error':
        return this.#providerResult(part)
      case 'source':
        return this.#whole(sourcePart(part))
      case 'custom':
        return this.#whole(customPart(part))
      case 'model-call-start':
        this.#warnings = part.warnings
        return
      case 'model-call-response-metadata':
        this.#response = {
          id: part.id ?? this.#response.id,
          modelId: part.modelId ?? this.#response.modelId,
        }
        return
      case 'model-call-end':
        this.#end = part
        return
      default:
        // Other parts are about the stream, not the step: `error` is the caller's, `raw` is not asked for.
        return
    }
  }

  /** Ends what is still open: the model call will not go on. */
  close(): void {
    for (const [key, slot] of this.#open) {
      if (slot.part.type === 'tool-call')
        slot.part = { ...slot.part, input: null, unfinished: true }
      this.#close(key, slot)
    }
  }

  record(info?: StepInfo): StepRecord {
    const slots = this.#slots.toSorted((a, b) => a.order - b.order)
    return {
      stepIndex: this.#stepIndex,
      epoch: this.#epoch,
      span: { from: this.#from, to: this.#to },
      parts: slots.map(({ part }) => ({ ...part })),
      spans: slots.map(({ from, to }): Span => ({ from, to })),
      ...(info ? { info, request: this.#asked.request } : {}),
    }
  }

  /** What the journal keeps about the call. `interrupted` when the model call did not end by itself. */
  info(finishedAt: Date, brokenAttempts: readonly BrokenAttempt[]): StepInfo {
    const { provider, modelId } = this.#asked.request
    const usage = this.#end && usageOf(this.#end)
    return {
      finishReason: this.#end?.finishReason ?? 'interrupted',
      rawFinishReason: this.#end?.rawFinishReason,
      responseId: this.#response.id,
      provider,
      modelId: this.#response.modelId ?? modelId,
      warnings: this.#warnings.length > 0 ? (cleanJson(this.#warnings) as unknown[]) : undefined,
      usage,
      costMicros: usage && this.#asked.costMicros(usage),
      startedAt: this.#startedAt,
      firstChunkAt: this.firstChunkAt,
      finishedAt,
      brokenAttempts: brokenAttempts.length > 0 ? brokenAttempts : undefined,
    }
  }

  #start(type: 'text' | 'reasoning', { id, ...rest }: { id: string }): Slot {
    const key = `${type} ${id}`
    const open = this.#open.get(key)
    if (open) this.#close(key, open)
    return this.#openPart(key, { type, id, text: '', ...metadata(rest) })
  }

  #text(type: 'text' | 'reasoning', part: { id: string; text: string }): void {
    const slot = this.#open.get(`${type} ${part.id}`) ?? this.#start(type, { id: part.id })
    slot.part = { ...slot.part, ...metadata(part) } as StepPart
    this.#grow(slot, part.text)
  }

  #finish(type: 'text' | 'reasoning', part: { id: string }): void {
    const key = `${type} ${part.id}`
    const slot = this.#open.get(key)
    if (!slot) return
    const citations = 'citations' in part && part.citations ? cleanJson(part.citations) : undefined
    slot.part = {
      ...slot.part,
      ...metadata(part),
      ...(citations !== undefined && this.#room.fits(charsOf(citations)) ? { citations } : {}),
    } as StepPart
    this.#close(key, slot)
  }

  #openCall(part: ModelPartOf<'tool-input-start'>): Slot {
    const dynamic = this.#agent.tool(part.toolName)?.dynamic ?? part.dynamic ?? false
    const toolCallId = this.#callIds.begin(part.id)
    return this.#openPart(`call ${toolCallId}`, openCallPart(part, toolCallId, dynamic))
  }

  #call(part: ModelPartOf<'tool-call'>): void {
    const toolCallId = this.#callIds.complete(part.toolCallId)
    const key = `call ${toolCallId}`
    const slot = this.#open.get(key)
    const open = slot?.part.type === 'tool-call' ? slot.part : undefined
    const dynamic = open ? open.dynamic : (this.#agent.tool(part.toolName)?.dynamic ?? part.dynamic)
    const call = callPart(part, toolCallId, dynamic ?? false, open)
    if (!slot)
      return this.#room.fits(charsOf(call)) ? this.#complete(this.#add(call), call) : undefined
    slot.part = call
    slot.order = ++this.#order
    slot.rest = ''
    this.#open.delete(key)
    this.#complete(slot, call)
  }

  #complete(slot: Slot, call: ToolCallPart): void {
    slot.to = this.#to = this.#writer.chunk(this.#stepIndex, endChunk(call), this.#lens())
    if (slot.from === 0) slot.from = slot.to
  }

  #providerResult(part: ModelPartOf<'tool-result' | 'tool-error'>): void {
    // For an invalid call the SDK repeats the call's own error: the call part has it already.
    if (!part.providerExecuted) return
    const toolCallId = this.#callIds.latest(part.toolCallId)
    this.#slots = this.#slots.filter(
      ({ part: other }) => other.type !== 'tool-result' || other.toolCallId !== toolCallId,
    )
    this.#whole(providerResultPart(part, toolCallId))
  }

  #whole(part: Exclude<StepPart, Streamed>): void {
    if (!this.#room.fits(charsOf(part))) return
    const slot = this.#add(part)
    const n = this.#writer.chunk(this.#stepIndex, wholeChunk(part), this.#lens())
    slot.from = slot.to = this.#to = n
  }

  #openPart(key: string, part: Streamed): Slot {
    this.#room.fits(PART_CHARS)
    const slot = this.#add(part)
    this.#open.set(key, slot)
    slot.from = this.#to = this.#writer.chunk(this.#stepIndex, startChunk(part), this.#lens())
    return slot
  }

  #grow(slot: Slot | undefined, delta: string): void {
    if (!slot || !isStreamed(slot.part)) return
    const { whole, rest } = splitPair(slot.rest + delta)
    slot.rest = rest
    this.#emitText(slot, cleanText(whole))
  }

  #emitText(slot: Slot, text: string): void {
    const part = slot.part
    const said = this.#room.fitting(text)
    if (said === '' || !isStreamed(part)) return
    slot.part =
      part.type === 'tool-call'
        ? { ...part, rawInput: streamedText(part) + said }
        : { ...part, text: part.text + said }
    this.#writer.delta(this.#stepIndex, slot, said, this.#lens(), (all) => deltaChunk(part, all))
    this.#to = this.#writer.n
  }

  #close(key: string, slot: Slot): void {
    if (slot.rest !== '') this.#emitText(slot, cleanText(slot.rest))
    slot.rest = ''
    this.#open.delete(key)
    if (!isStreamed(slot.part)) return
    slot.to = this.#to = this.#writer.chunk(this.#stepIndex, endChunk(slot.part), this.#lens())
  }

  #add(part: StepPart): Slot {
    const slot: Slot = { part, from: 0, to: undefined, order: ++this.#order, rest: '' }
    this.#slots.push(slot)
    return slot
  }

  /** Lengths of the open parts, in the order in which they began. */
  #lens(): number[] {
    return [...this.#open.values()].map(({ part }) =>
      isStreamed(part) ? streamedText(part).length : 0,
    )
  }
}
