/**
 * One reader's way through a run: from a position, whatever it had, to the same message as everybody else's.
 *
 * INVARIANT: what it emits from a position is what the message still lacks there, or `reset-step` and the whole step.
 */
import { comparePoints, START, type Position } from '../../domain/position.ts'
import { isSettled } from '../../domain/run.ts'
import type { LogEntry } from '../ports.ts'
import { closingFrames, modelFrames, restingFrames, toolFrames, type Frame } from './replay.ts'
import {
  attemptBegin,
  isRepeated,
  isResolved,
  lastUnit,
  type RunView,
  type StepView,
} from './view.ts'

export class RunReader {
  #position: Position
  /** The step whose `start-step` the reader was sent last; -1 before the first. */
  #step = -1
  /** False once that step's `finish-step` was sent. */
  #open = false
  /** False when parts of a void attempt may have been sent in that step. */
  #clean = true
  #located = false
  #ended = false

  constructor(after: Position = START) {
    this.#position = after
  }

  /** Where the reader stands now. */
  get position(): Position {
    return this.#position
  }

  /** True when the last frame was sent, of the run or of what there is until it goes on. */
  get ended(): boolean {
    return this.#ended
  }

  /** Everything that the view has beyond the reader's position. */
  catchUp(view: RunView): Frame[] {
    if (!this.#located) this.#locate(view)
    const frames: Frame[] = []
    for (const step of view.steps) frames.push(...this.#stepFrames(step, view))
    if (isSettled(view.run.status)) {
      const closing = closingFrames(view, this.#position)
      this.#position = closing.at(-1)?.position ?? this.#position
      this.#ended = true
      frames.push(...closing)
    } else if (view.run.status === 'waiting') {
      frames.push(...restingFrames(view, this.#position))
      this.#ended = true
    }
    return frames
  }

  /** The frames of the next log entry, or `hole` when entries are missing before it. */
  follow(entry: LogEntry): Frame[] | 'hole' {
    if (comparePoints(entry, this.#position) <= 0) return []
    if (!this.#located) return 'hole'
    const next =
      entry.epoch === this.#position.epoch ? entry.n === this.#position.n + 1 : entry.n === 1
    if (!next) return 'hole'
    const frames = this.#entryFrames(entry)
    if (frames !== 'hole')
      this.#position = { epoch: entry.epoch, n: entry.n, lens: entry.lens ?? [] }
    return frames
  }

  #entryFrames(entry: LogEntry): Frame[] | 'hole' {
    const at = { epoch: entry.epoch, n: entry.n, lens: entry.lens ?? [] }
    switch (entry.kind) {
      case 'begin':
        if (this.#open && this.#step === entry.step) {
          this.#clean = true
          return [{ position: at, chunk: { type: 'reset-step' } }]
        }
        if (this.#open || entry.step !== this.#step + 1) return 'hole'
        this.#enter(entry.step)
        return [{ position: at, chunk: { type: 'start-step' } }]
      case 'chunk':
        // A call of an older epoch may have run again: only the journal knows what is void then.
        if (!this.#open || this.#step !== entry.step || entry.epoch !== this.#position.epoch)
          return 'hole'
        return [{ position: at, chunk: entry.chunk }]
      case 'end':
        if (!this.#open) return []
        if (this.#step !== entry.step) return 'hole'
        this.#open = false
        return [{ position: at, chunk: { type: 'finish-step' } }]
      case 'settled':
        // Whoever only settled the run may never have had what lies between: the journal has it now.
        if (entry.epoch !== this.#position.epoch) return 'hole'
        this.#ended = entry.last
        return [{ position: at, chunk: entry.chunk }]
      default:
        return entry satisfies never
    }
  }

  #stepFrames(step: StepView, view: RunView): Frame[] {
    const { stepIndex } = step.step
    if (stepIndex < this.#step || (stepIndex === this.#step && !this.#open)) return []
    const frames: Frame[] = []
    const begin = { ...attemptBegin(step), lens: [] }
    if (stepIndex > this.#step) {
      const before = view.steps.find((other) => other.step.stepIndex === this.#step)
      if (this.#open && before) frames.push(endFrame(before, begin))
      this.#enter(stepIndex)
      frames.push({ position: begin, chunk: { type: 'start-step' } })
      this.#position = begin
    } else if (!this.#clean || this.#isVoid(step)) {
      // Before the reset and at the old position: a reader that is cut in between gets them again.
      frames.push(...earlierData(view, stepIndex, this.#position))
      frames.push({ position: begin, chunk: { type: 'reset-step' } })
      this.#clean = true
      this.#position = begin
    }
    const { upTo } = step
    const isKnown = ({ position }: Frame) => !upTo || comparePoints(position, upTo) <= 0
    frames.push(...modelFrames(step.step, this.#position))
    const from = frames.at(-1)?.position ?? this.#position
    frames.push(...toolFrames(step.calls, from).filter(isKnown))
    const last = upTo ?? lastUnit(step)
    const tail = frames.at(-1)
    if (comparePoints(last, this.#position) > 0) {
      const lens = tail?.position.lens ?? this.#position.lens
      this.#position = { ...last, lens: isModelUnit(step, last) ? lens : [] }
      if (tail) frames[frames.length - 1] = { ...tail, position: this.#position }
    }
    return frames
  }

  /** True when what the reader has of this open step is not what survived of it. */
  #isVoid(step: StepView): boolean {
    if (comparePoints(attemptBegin(step), this.#position) > 0) return true
    const { epoch, n } = this.#position
    const inModelPhase = epoch === step.step.epoch && n <= step.step.span.to
    return !inModelPhase && step.calls.some((call) => isRepeated(call, epoch))
  }

  #enter(step: number): void {
    this.#step = step
    this.#open = true
    this.#clean = true
  }

  /** Finds out from the view what a reader that stands at this offset was sent. */
  #locate(view: RunView): void {
    this.#located = true
    const at = this.#position
    const settled = isSettled(view.run.status)
    const begun = view.steps.filter((step) => comparePoints(attemptBegin(step), at) <= 0)
    const current = begun.at(-1)
    if (!current) {
      if (comparePoints(at, START) > 0 && !(settled && view.steps.length === 0))
        this.#sent(0, false)
      return
    }
    const { stepIndex } = current.step
    const last = lastUnit(current)
    const isLast = current === view.steps.at(-1)
    if (comparePoints(at, last) <= 0) return this.#sent(stepIndex, !this.#isVoid(current))
    if (isLast && settled) return this.#locateAfterLast(view, current)
    if (!isResolved(current)) return this.#sent(stepIndex, at.epoch >= view.run.leaseEpoch)
    const isEnd = at.epoch === last.epoch && at.n === last.n + 1
    if (!isEnd) return this.#sent(stepIndex + 1, false)
    this.#sent(stepIndex, true)
    this.#open = false
  }

  /** Beyond the last unit of a settled run: closing chunks, or units that did not survive. */
  #locateAfterLast(view: RunView, last: StepView): void {
    const closing = this.#position.epoch === view.run.leaseEpoch
    this.#sent(last.step.stepIndex, closing)
  }

  #sent(step: number, clean: boolean): void {
    this.#step = step
    this.#open = true
    this.#clean = clean
  }
}

const isModelUnit = ({ step }: StepView, { epoch, n }: { epoch: number; n: number }): boolean =>
  epoch === step.epoch && n <= step.span.to

/** The `finish-step` of a step that is followed by another one. */
const endFrame = (step: StepView, next: Position): Frame => {
  const last = lastUnit(step)
  const n = last.epoch === next.epoch ? last.n + 1 : last.n
  return { position: { epoch: last.epoch, n, lens: [] }, chunk: { type: 'finish-step' } }
}

/**
 * A tool may have overwritten a data part of an earlier step in an attempt that is void now. Calls that run beside each other,
 * or one of them after a wait, overwrite each other's in the order of the units.
 */
const earlierData = (view: RunView, stepIndex: number, position: Position): Frame[] =>
  view.steps
    .filter(({ step }) => step.stepIndex < stepIndex)
    .flatMap(({ calls }) => toolFrames(calls, START))
    .flatMap(({ chunk }) => (isNamedData(chunk) ? [{ position, chunk }] : []))

const isNamedData = (chunk: Frame['chunk']): boolean =>
  chunk.type.startsWith('data-') && 'id' in chunk && chunk.id !== undefined
