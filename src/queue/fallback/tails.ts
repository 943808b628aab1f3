/**
 * What runs said, kept in one of two places: in the faster one while it is available, else in the slower one.
 *
 * INVARIANT: a stream that is in both is in each a beginning of the same one, because a row is taken only after the row before it.
 * So the answer that is further is the right one.
 */
import { comparePoints } from '../../domain/position.ts'
import { coerceError } from '../../domain/errors.ts'
import type { TailPlace, TailRead, TailWrite } from '../../domain/run-tail.ts'
import type { TailStore } from '../shared.ts'
import type { Availability } from './availability.ts'
import type { Stranded } from './stranded.ts'

export type FallbackTailsOptions = {
  readonly fast: TailStore
  readonly slow: TailStore
  readonly availability: Pick<Availability, 'isAvailable' | 'failed'>
  readonly stranded: Pick<Stranded, 'any' | 'reads' | 'forget'>
}

/** A run of which the faster place has nothing new for so long is looked for in the other one too. */
const UNHEARD_MS = 1000
const FORGET_MS = 10_000

export class FallbackTails implements TailStore {
  readonly #options: FallbackTailsOptions
  /** Runs that were written to the slower place. */
  readonly #detoured = new Set<string>()
  /**
   * Runs, with their epochs, of which the faster place knows a later holder and the slower one does not. Who holds a run is for
   * the slower place to say, which is the database that has the run: the other one may know it from before a restore.
   */
  readonly #refused = new Map<string, number>()
  /** When there was news of each run, or the slower place was asked for it. */
  readonly #heardAt = new Map<string, number>()

  constructor(options: FallbackTailsOptions) {
    this.#options = options
  }

  async write(writes: readonly TailWrite[]): Promise<ReadonlySet<string>> {
    const { availability, stranded } = this.#options
    const isFast = ({ runId, epoch }: TailWrite) =>
      availability.isAvailable && this.#refused.get(runId) !== epoch && !stranded.reads(runId)
    const { fast = [], slow = [] } = Object.groupBy(writes, (one) =>
      isFast(one) ? 'fast' : 'slow',
    )
    const [viaFast, viaSlow] = await Promise.all([this.#writeFast(fast), this.#writeSlow(slow)])
    return new Set([...viaFast, ...viaSlow])
  }

  async #writeFast(writes: readonly TailWrite[]): Promise<ReadonlySet<string>> {
    if (writes.length === 0) return new Set()
    const taken = await this.#tryFast(writes)
    const isRefused = ({ runId, after }: TailWrite) => after === null && !taken?.has(runId)
    const others = taken ? writes.filter(isRefused) : writes
    const takenSlow = await this.#writeSlow(others)
    if (!taken) return takenSlow
    for (const { runId, epoch } of others) if (takenSlow.has(runId)) this.#refused.set(runId, epoch)
    return new Set([...taken, ...takenSlow])
  }

  /** @returns undefined when it failed */
  async #tryFast(writes: readonly TailWrite[]): Promise<ReadonlySet<string> | undefined> {
    try {
      return await this.#options.fast.write(writes)
    } catch (thrown) {
      // It may have been written all the same, and then it is a beginning of what is written to the other place.
      this.#options.availability.failed(coerceError(thrown))
      return undefined
    }
  }

  async #writeSlow(writes: readonly TailWrite[]): Promise<ReadonlySet<string>> {
    if (writes.length === 0) return new Set()
    const taken = await this.#options.slow.write(writes)
    for (const runId of taken) this.#detoured.add(runId)
    return taken
  }

  async read(places: readonly TailPlace[]): Promise<readonly TailRead[]> {
    const found = await this.#readFast(places)
    for (const { runId } of found ?? []) this.#heardAt.set(runId, performance.now())
    const unheard =
      found && !this.#options.stranded.any ? places.filter((at) => this.#isUnheard(at)) : places
    if (unheard.length === 0) return found ?? []
    return furthest([...(found ?? []), ...(await this.#options.slow.read(unheard))])
  }

  /** @returns undefined when it cannot be asked */
  async #readFast(places: readonly TailPlace[]): Promise<readonly TailRead[] | undefined> {
    const { fast, availability } = this.#options
    if (!availability.isAvailable) return undefined
    try {
      return await fast.read(places)
    } catch (thrown) {
      availability.failed(coerceError(thrown))
      return undefined
    }
  }

  #isUnheard({ runId }: TailPlace): boolean {
    const now = performance.now()
    const heardAt = this.#heardAt.get(runId)
    const isUnheard = heardAt !== undefined && now - heardAt > UNHEARD_MS
    if (heardAt === undefined || isUnheard) this.#heardAt.set(runId, now)
    return isUnheard
  }

  async drop(runId: string, epoch: number): Promise<void> {
    const { fast, slow, availability } = this.#options
    if (availability.isAvailable) {
      // Where it cannot be removed it expires.
      await fast
        .drop(runId, epoch)
        .catch((thrown: unknown) => availability.failed(coerceError(thrown)))
    }
    this.#refused.delete(runId)
    // What others have left there is swept.
    if (this.#detoured.delete(runId)) await slow.drop(runId, epoch)
  }

  async sweep(): Promise<void> {
    const before = performance.now() - FORGET_MS
    for (const [runId, at] of this.#heardAt) if (at < before) this.#heardAt.delete(runId)
    this.#options.stranded.forget()
    await this.#options.slow.sweep()
  }
}

const furthest = (reads: readonly TailRead[]): readonly TailRead[] => {
  const found = new Map<string, TailRead>()
  for (const read of reads) {
    const other = found.get(read.runId)
    if (!other || comparePoints(pointOf(read), pointOf(other)) > 0) found.set(read.runId, read)
  }
  return [...found.values()]
}

const pointOf = ({ epoch, last: n }: TailRead) => ({ epoch, n })
