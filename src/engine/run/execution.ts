/** What the parts of a run's execution share: the lease, the reasons to end early, the writer. */
import type { Limits } from '../../domain/limits.ts'
import type { InterruptReason, Lease, RunRecord } from '../../domain/run.ts'
import type { BrokenAttempt } from '../../domain/step.ts'
import type { AnswerRoom } from './answer-room.ts'
import type { Agent, Clock, Files, Journal } from '../ports.ts'
import type { RunWriter } from './run-writer.ts'
import type { StepClock } from './step-clock.ts'
import type { StepView } from '../tail/view.ts'

export type Execution = {
  readonly run: RunRecord
  readonly lease: Lease
  readonly agent: Agent
  readonly writer: RunWriter
  readonly journal: Journal
  readonly files: Files
  readonly clock: Clock
  readonly limits: Limits
  /** What is left of the answer's limit. */
  readonly room: AnswerRoom
  /** Aborted with an InterruptReason: stop, shutdown after the grace, or a lost lease. */
  readonly signal: AbortSignal
  readonly interrupt: (reason: InterruptReason) => void
  /** Makes a durable write, however long the database is away; `until` ends the waiting, besides losing the run. */
  readonly durably: <T>(work: () => Promise<T>, until?: AbortSignal) => Promise<T>
  /**
   * Before a model call or a tool: a process that slept through its lease asks the database whether the run is still its own.
   *
   * @throws LeaseLostError when it is not
   */
  readonly confirm: () => Promise<void>
  /** True when the process wants to end: nothing new begins. */
  readonly draining: () => boolean
  /** Hears of an error that changes nothing for the run. */
  readonly report: (error: Error, during: string) => void
  readonly stepClock: StepClock
  /** How the model is told of what was said, see StepContext; and the attempts at this step that it refused to be told so. */
  readonly told: { plainly: boolean; refused: readonly BrokenAttempt[] }
  /** Steps so far, the last one with its calls as they go. */
  readonly steps: StepView[]
}

export const interruptReason = (signal: AbortSignal): InterruptReason | undefined =>
  signal.aborted ? (signal.reason as InterruptReason) : undefined

/** Resolves true when the signal aborts and false after `ms`, whichever is first. */
export const pause = (clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve(true)
    const onAbort = () => {
      cancel()
      resolve(true)
    }
    const cancel = clock.after(ms, () => {
      signal.removeEventListener('abort', onAbort)
      resolve(false)
    })
    signal.addEventListener('abort', onAbort, { once: true })
  })

/** A controller that aborts with the signal, until it is disposed. */
export const linkedController = (signal: AbortSignal): AbortController & Disposable => {
  const controller = new AbortController()
  const onAbort = () => controller.abort(signal.reason)
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  return Object.assign(controller, {
    [Symbol.dispose]: () => signal.removeEventListener('abort', onAbort),
  })
}

/** The value of `promise`, or undefined as soon as the signal aborts; a later failure is nobody's. */
export const untilAborted = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> =>
  new Promise((resolve, reject) => {
    const onAbort = () => resolve(undefined)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })

/** As `untilAborted` for one promise after the other, each awaited before the next: an answer has thousands of parts. */
export class AbortableWaits implements Disposable {
  readonly #signal: AbortSignal
  #giveUp = () => {}

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', this.#abort, { once: true })
  }

  wait<T>(promise: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      promise.then(resolve, reject)
      if (this.#signal.aborted) resolve(undefined)
      else this.#giveUp = () => resolve(undefined)
    })
  }

  readonly #abort = (): void => this.#giveUp();

  [Symbol.dispose](): void {
    this.#signal.removeEventListener('abort', this.#abort)
  }
}
