/** Reads the runs of a chat one after the other, each from where its reader stands. */
import { NotAllowedError, RunNotFoundError } from '../../domain/errors.ts'
import type { Position } from '../../domain/position.ts'
import { isAtRest, isSettled, type RunRecord } from '../../domain/run.ts'
import type { FramesNews, RunPlace } from '../api.ts'
import type { RunReading } from './run-reading.ts'

type Read = { readonly runId: string; readonly position: Position | undefined }

export class RunsInTurn implements Disposable {
  readonly #open: (place: RunPlace) => RunReading
  #current: { readonly place: RunPlace; readonly reading: RunReading } | undefined
  #last: Read | undefined
  /** Nothing was shown yet: a run that has settled by now is history. */
  #isFirst = true

  /** @param place - where the reader stands already */
  constructor(open: (place: RunPlace) => RunReading, place: RunPlace | undefined) {
    this.#open = open
    if (!place) return
    this.#isFirst = false
    this.#read(place)
  }

  get isReading(): boolean {
    return this.#current !== undefined
  }

  /** What there is of the run that is read now. @throws what makes it unreadable */
  take(): readonly FramesNews[] {
    if (!this.#current) return []
    const { place, reading } = this.#current
    const frames: FramesNews[] = []
    for (const one of reading.take()) {
      if (one.type === 'frames') frames.push(one)
      if (one.type === 'problem' && !isGone(one.error)) throw one.error
    }
    if (reading.ended) {
      this.#last = { runId: place.runId, position: reading.position ?? place.after }
      this.#current = undefined
    }
    return frames
  }

  /** Whether the run may be shown as it is now: what is being read comes before its end, and before the next run. */
  lets(run: RunRecord | undefined): boolean {
    if (!this.#current) return true
    return run !== undefined && run.id === this.#current.place.runId && !isAtRest(run.status)
  }

  /** This is shown as the latest run: it is read, as far as there is something that its reader lacks. */
  goTo(run: RunRecord | undefined): void {
    const isHistory = this.#isFirst && run !== undefined && isSettled(run.status)
    this.#isFirst = false
    if (!run || this.#current || run.bound || run.driver !== 'engine') return
    const last = this.#last?.runId === run.id ? this.#last : undefined
    if (isHistory) this.#last = { runId: run.id, position: undefined }
    else if (!last) this.#read({ runId: run.id })
    else if (last.position && goesOn(run, last.position))
      this.#read({ runId: run.id, after: last.position })
  }

  #read(place: RunPlace): void {
    this.#current = { place, reading: this.#open(place) }
  }

  [Symbol.dispose](): void {
    this.#current?.reading[Symbol.dispose]()
  }
}

/** It has waited where its reader stands, and does so no longer. */
const goesOn = ({ status, leaseEpoch }: RunRecord, { epoch }: Position): boolean =>
  !isAtRest(status) || (isSettled(status) && leaseEpoch > epoch)

/** Removed meanwhile, or nobody's to read. */
const isGone = (error: Error): boolean =>
  error instanceof RunNotFoundError || error instanceof NotAllowedError
