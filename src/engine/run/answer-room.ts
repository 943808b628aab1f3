/** How much an answer may still grow: what it is made of is counted once, where it becomes part of journal and ledger. */
import type { ToolCallRecord } from '../../domain/step.ts'
import { splitPair } from '../../domain/text.ts'
import type { StepView } from '../tail/view.ts'

/** What a part takes beside its text. */
export const PART_CHARS = 64

/** Characters of a value as JSON. */
export const charsOf = (value: unknown): number => (JSON.stringify(value) ?? '').length

/** What one attempt at a step may say. */
export class StepRoom {
  readonly #limit: number
  #taken = 0
  #full = false

  constructor(limit: number) {
    this.#limit = limit
  }

  get taken(): number {
    return this.#taken
  }

  /** True when something did not fit; nothing more does. */
  get full(): boolean {
    return this.#full
  }

  /** Takes so many characters, unless they are too many. */
  fits(chars: number): boolean {
    if (this.#taken + chars > this.#limit) this.#full = true
    if (this.#full) return false
    this.#taken += chars
    return true
  }

  /** As much of the text as there is room for, without half of a surrogate pair. */
  fitting(text: string): string {
    const room = this.#full ? 0 : this.#limit - this.#taken
    if (this.fits(text.length)) return text
    const { whole } = splitPair(text.slice(0, room))
    this.#taken += whole.length
    return whole
  }
}

export class AnswerRoom {
  #left: number

  constructor(limit: number, steps: readonly StepView[]) {
    this.#left = limit - steps.reduce((sum, step) => sum + charsOfStep(step), 0)
  }

  get left(): number {
    return Math.max(this.#left, 0)
  }

  take(chars: number): void {
    this.#left -= chars
  }
}

const charsOfStep = ({ step, calls }: StepView): number =>
  calls.reduce((sum, call) => sum + charsOfCall(call), charsOf(step.parts))

const charsOfCall = ({ output, error, data }: ToolCallRecord): number =>
  charsOf(output) + charsOf(error) + charsOf(data)
