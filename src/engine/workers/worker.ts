/**
 * Executes runs in this process: claims what is offered or left behind, keeps the leases, gives back.
 *
 * INVARIANT: nothing is executed here without a lease that this process believes to hold.
 */
import { coerceError, LeaseLostError } from '../../domain/errors.ts'
import type { Limits } from '../../domain/limits.ts'
import type { RunRecord } from '../../domain/run.ts'
import { keepLeases } from './lease-keeper.ts'
import { Outages } from './outages.ts'
import { Dispatcher, type DispatcherPorts } from './dispatcher.ts'
import type { EngineEvents, Offer, OfferHandler, Signal } from '../ports.ts'
import { leaseOf, RunExecution, type ExecutionPorts } from '../run/run-execution.ts'
import { Room } from './room.ts'
import { leftBehind, MAX_ATTEMPTS } from './settlement.ts'
import { Trials } from './trials.ts'
import { settleRun } from './settle.ts'

export type WorkerPorts = ExecutionPorts & DispatcherPorts

export type WorkerOptions = {
  /** Names this process in `lease_holder`. */
  readonly holder: string
  readonly leaseTtlMs: number
  readonly sweepMs: number
  /** Runs that are executed here at a time; none at 0, except those that end with their request. */
  readonly concurrency: number
  readonly limits: Limits
  readonly onError: EngineEvents['error']
}

/** Runs that one look at the table takes along. */
const SWEEP_LIMIT = 50

type Running = { readonly execution: RunExecution; readonly done: Promise<void> }

export class Worker {
  readonly #ports: WorkerPorts
  readonly #options: WorkerOptions
  readonly #running = new Map<string, Running>()
  readonly #claiming = new Map<string, Promise<void>>()
  readonly #room: Room
  readonly #dispatcher: Dispatcher
  #sweeping: Promise<void> = Promise.resolve()
  #takesNoMore: (() => Promise<void>) | undefined
  readonly #closers: (() => void | Promise<void>)[] = []
  readonly #outages: Outages
  readonly #trials: Trials
  #draining = false

  constructor(ports: WorkerPorts, options: WorkerOptions) {
    this.#ports = ports
    this.#options = options
    const { concurrency, limits, onError } = options
    this.#room = new Room(concurrency, () => this.#dispatcher.freed())
    this.#dispatcher = new Dispatcher(ports, { room: this.#room, limits, onError })
    this.#outages = new Outages(ports.clock, options.leaseTtlMs)
    const hasProgressed = (id: string) => this.#running.get(id)?.execution.hasProgressed ?? false
    this.#trials = new Trials({ clock: ports.clock, hasProgressed })
  }

  start(): void {
    const { queue, bus, store, clock } = this.#ports
    const { leaseTtlMs: ttlMs, concurrency, onError } = this.#options
    const held = () => [...this.#running.values()].map(({ execution }) => execution)
    this.#dispatcher.start()
    if (concurrency > 0) {
      const working = queue.work((offer) => this.#takeOffered(offer), concurrency)
      this.#takesNoMore = async () => working[Symbol.asyncDispose]()
    }
    this.#closers.push(
      bus.subscribe('*', (signal) => this.#hear(signal)),
      keepLeases({ store, clock, ttlMs, held, onError }),
      this.#sweepForever(),
    )
  }

  /** True while this process executes something. */
  get isBusy(): boolean {
    return this.#running.size > 0
  }

  /** @see Dispatcher.placeForNext */
  placeForNext(): (() => void) | undefined {
    return this.#dispatcher.placeForNext()
  }

  /** A run waits here, that has begun or goes on. */
  began(runId: string): void {
    this.#dispatcher.began(runId)
  }

  /** Claims and executes a run, whether there is room or not; resolves when this process is done with it. */
  async execute(runId: string, epoch?: number): Promise<void> {
    // It may have been given back a moment ago, to wait for a decision that has come already.
    const before = this.#running.get(runId)
    if (before) await before.done
    if (this.#draining || !this.#room.enter(runId)) return
    try {
      const claim = this.#claim(runId, epoch)
      this.#claiming.set(runId, claim)
      await claim.finally(() => this.#claiming.delete(runId))
      await this.#running.get(runId)?.done
    } finally {
      this.#room.leave(runId)
    }
  }

  /** Executes a run in the background; resolves, whatever became of it, when this process is done with it. */
  take(runId: string, epoch?: number): Promise<void> {
    return this.#report('executing', runId, this.execute(runId, epoch))
  }

  /** Also a run that is just being claimed. @returns whether it is executed here */
  async stopLocally(runId: string): Promise<boolean> {
    // Whoever claims it hears of a claim that fails.
    await this.#claiming.get(runId)?.catch(() => undefined)
    const running = this.#running.get(runId)
    running?.execution.stop()
    return running !== undefined
  }

  /** Settles a run that nobody holds, from its journal. */
  async settleUnheld(run: RunRecord): Promise<void> {
    const { store, journal, bus } = this.#ports
    const { holder, leaseTtlMs } = this.#options
    const seized = await store.seize(run.id, holder, leaseTtlMs)
    if (!seized) return
    const settlement = leftBehind(seized, await journal.load(run.id, run.workspaceId))
    const onError = (error: Error) =>
      this.#options.onError(error, { during: 'settling', runId: run.id })
    await settleRun({ store, onError }, leaseOf(seized), settlement)
    bus.publish({ kind: 'settled', runId: run.id })
    this.#dispatcher.freed()
  }

  /** Starts nothing new, lets phases end within the grace, gives the rest back. */
  async close(graceMs: number): Promise<void> {
    this.#draining = true
    this.#room.close()
    await this.#takesNoMore?.()
    await this.#dispatcher.close()
    const shutDown = () => {
      for (const { execution } of this.#running.values()) execution.shutDown()
    }
    // What is being claimed now begins, sees that nothing may, and is given back with the rest.
    await Promise.allSettled([...this.#claiming.values(), this.#sweeping])
    const cancel = this.#ports.clock.after(graceMs, shutDown)
    if (graceMs <= 0) shutDown()
    await Promise.all([...this.#running.values()].map(({ done }) => done))
    cancel()
    for (const close of this.#closers.splice(0)) await close()
  }

  /** A queue may offer more than there is room for: what was left behind by others was taken beside it. */
  async #takeOffered({ runId, epoch }: Offer): ReturnType<OfferHandler> {
    while (this.#room.free === 0 && !this.#draining) {
      // Somebody else may have some.
      if (this.#ports.queue.reach === 'fleet') return 'declined'
      await this.#room.wait()
    }
    if (this.#draining) return 'declined'
    await this.take(runId, epoch)
    return 'handled'
  }

  #hear({ kind, runId }: Signal): void {
    if (kind === 'stop') void this.#report('stopping', runId, this.stopLocally(runId))
    if (kind === 'pending') this.#dispatcher.heard()
    if (kind === 'released' && this.#room.free > 0) void this.#sweepNow()
  }

  async #claim(runId: string, epoch?: number): Promise<void> {
    const { holder, leaseTtlMs } = this.#options
    const claimedAt = this.#ports.clock.now()
    const run = await this.#ports.store.claim(runId, holder, leaseTtlMs, epoch)
    if (run) this.#begin(run, claimedAt)
  }

  #begin(run: RunRecord, claimedAt: number): void {
    const execution = new RunExecution(this.#ports, run, {
      draining: () => this.#draining,
      leaseTtlMs: this.#options.leaseTtlMs,
      limits: this.#options.limits,
      claimedAt,
      onError: this.#options.onError,
    })
    const done = this.#report('executing', run.id, execution.run()).finally(() =>
      this.#running.delete(run.id),
    )
    this.#running.set(run.id, { execution, done })
  }

  #sweepForever(): () => void {
    const { clock } = this.#ports
    const { sweepMs } = this.#options
    let cancel: (() => void) | undefined
    let closed = false
    const tick = async () => {
      await this.#sweepNow()
      // Jitter keeps the processes of a fleet from looking all at once.
      if (!closed) cancel = clock.after(sweepMs * (0.75 + clock.random() / 2), () => void tick())
    }
    void tick()
    return () => {
      closed = true
      cancel?.()
    }
  }

  #sweepNow(): Promise<void> {
    this.#sweeping = this.#sweeping.then(() => this.#report('sweeping', undefined, this.#sweep()))
    return this.#sweeping
  }

  async #sweep(): Promise<void> {
    if (this.#draining) return
    const unheld = await this.#ports.store.findUnheld(SWEEP_LIMIT)
    this.#outages.reached()
    for (const run of unheld) {
      if (this.#draining) return
      // Held here: only the renewal is late.
      if (this.#running.has(run.id)) continue
      const lapsed = run.status === 'running' && run.leaseHolder !== null
      if (lapsed && !this.#outages.mayTakeOver()) continue
      // Nobody goes on with a bound run.
      if (run.stopRequestedAt || run.bound) await this.settleUnheld(run)
      else if (this.#room.free === 0) continue
      else if (lapsed) this.#takeOver(run)
      else void this.take(run.id)
    }
    this.#dispatcher.look()
  }

  #takeOver(run: RunRecord): void {
    // It is only settled.
    if (run.attempt >= MAX_ATTEMPTS) return void this.take(run.id)
    if (!this.#trials.begin(run)) return
    const executed = this.execute(run.id).finally(() => this.#trials.end(run.id))
    void this.#report('executing', run.id, executed)
  }

  /** Background work never throws: it reports and goes on. */
  async #report(during: string, runId: string | undefined, work: Promise<unknown>): Promise<void> {
    try {
      await work
    } catch (thrown) {
      if (thrown instanceof LeaseLostError) return
      this.#options.onError(coerceError(thrown), { during, ...(runId ? { runId } : {}) })
    }
  }
}
