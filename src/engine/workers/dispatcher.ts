/**
 * Lets pending runs in and offers them: as many as this process has room for, or, where offers reach the whole fleet, as many
 * as all workers have. One look at a time; whoever asks meanwhile is served by the next one.
 */
import { coerceError } from '../../domain/errors.ts'
import type { Limits } from '../../domain/limits.ts'
import type { Capacity } from '../../domain/overview.ts'
import type { WorkerRegistry } from '../catalog-ports.ts'
import type {
  AdmissionBounds,
  Admissions,
  Clock,
  EngineEvents,
  RunBus,
  RunQueue,
} from '../ports.ts'
import type { Room } from './room.ts'

export type DispatcherPorts = {
  readonly admissions: Admissions
  readonly workers: Pick<WorkerRegistry, 'capacity'>
  readonly queue: RunQueue
  readonly bus: RunBus
  readonly clock: Clock
}

export type DispatcherOptions = {
  readonly room: Room
  readonly limits: Pick<Limits, 'runs' | 'workspaceRuns'>
  readonly onError: EngineEvents['error']
}

/** Runs that one statement lets in. */
const BATCH = 50
const CAPACITY_KEPT_MS = 1000

/** A worker that ends a run finds the next one in the queue: one for each, and a tenth of all for short runs. */
const withHeadroom = ({ workers, concurrency }: Capacity): number =>
  concurrency === 0 ? 0 : concurrency + Math.max(workers, Math.ceil(concurrency / 10))

export class Dispatcher {
  readonly #ports: DispatcherPorts
  readonly #options: DispatcherOptions
  #isOpen = false
  /** Somebody may wait to be let in. */
  #wanted = true
  #again = false
  /** One that began here since the last look. */
  #began: string | undefined
  #dispatching: Promise<void> | undefined
  #capacity: { readonly runs: number; readonly at: number } | undefined

  constructor(ports: DispatcherPorts, options: DispatcherOptions) {
    this.#ports = ports
    this.#options = options
  }

  /** It may be the one now and the other one later. */
  get #isFleet(): boolean {
    return this.#ports.queue.reach === 'fleet'
  }

  start(): void {
    this.#isOpen = true
  }

  /** A run waits that has begun, or goes on, here: others are told if there is no room for it. */
  began(runId: string): void {
    this.#began = runId
    this.look()
  }

  /**
   * Keeps a place for a run that is about to begin, if it may have it without a look: nobody is known to wait, and nothing has to be
   * counted. @returns what gives the place up
   */
  placeForNext(): (() => void) | undefined {
    const { room, limits } = this.#options
    const isCounted = Number.isFinite(limits.runs) || Number.isFinite(limits.workspaceRuns)
    if (!this.#isOpen || this.#wanted || this.#isFleet || isCounted) return undefined
    return room.free > 0 ? room.keep(1) : undefined
  }

  /** Others say that runs wait: in a fleet they have let in what may be in. */
  heard(): void {
    this.#wanted = true
    if (!this.#isFleet) this.freed()
  }

  look(): void {
    this.#wanted = true
    this.#dispatch()
  }

  /** There is room, here or in the whole, that was not there before. */
  freed(): void {
    if (this.#wanted) this.#dispatch()
  }

  async close(): Promise<void> {
    this.#isOpen = false
    await this.#dispatching
  }

  #dispatch(): void {
    this.#again = true
    this.#dispatching ??= this.#dispatchAll().finally(() => {
      this.#dispatching = undefined
    })
  }

  async #dispatchAll(): Promise<void> {
    while (this.#again) {
      this.#again = false
      const began = this.#began
      this.#began = undefined
      this.#wanted = (await this.#admit()) || this.#again
      if (began !== undefined && this.#wanted && !this.#again)
        this.#ports.bus.publish({ kind: 'pending', runId: began })
    }
  }

  /** @returns whether somebody may wait still */
  async #admit(): Promise<boolean> {
    const { room, onError } = this.#options
    const isFleet = this.#isFleet
    if (!this.#isOpen || (!isFleet && room.free === 0)) return true
    try {
      return await (isFleet ? this.#admitToFleet() : this.#admitHere())
    } catch (thrown) {
      // The sweep looks again.
      onError(coerceError(thrown), { during: 'dispatching' })
      return true
    }
  }

  async #admitHere(): Promise<boolean> {
    const { room, limits } = this.#options
    const most = Math.min(BATCH, room.free)
    const giveUp = room.keep(most)
    try {
      return await this.#offerNext({ ...limits, most }, giveUp)
    } finally {
      giveUp()
    }
  }

  async #admitToFleet(): Promise<boolean> {
    const { limits } = this.#options
    const runs = Math.min(limits.runs, await this.#fleetRuns())
    return this.#offerNext({ ...limits, runs, most: BATCH })
  }

  async #offerNext(bounds: AdmissionBounds, before = () => {}): Promise<boolean> {
    const { admissions, queue } = this.#ports
    const { workspaceRuns, runs, most } = bounds
    const { offers, left } = await admissions.admit({ workspaceRuns, runs, most })
    before()
    await Promise.all(offers.map((offer) => queue.offer(offer)))
    if (offers.length === most) this.#again = true
    return left
  }

  /** How many the workers that are alive can have, in hand or next. */
  async #fleetRuns(): Promise<number> {
    const { workers, clock } = this.#ports
    const known = this.#capacity
    const at = clock.now()
    if (known && at - known.at < CAPACITY_KEPT_MS) return known.runs
    const runs = withHeadroom(await workers.capacity())
    this.#capacity = { runs, at }
    return runs
  }
}
