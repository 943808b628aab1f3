/**
 * Executes runs in this process: claims what is offered or left behind, keeps the leases, settles, gives back.
 *
 * INVARIANT: nothing is executed here without a lease that this process believes to hold.
 */
import { coerceError, isRetryable, LeaseLostError } from '../domain/errors.ts'
import { type InterruptReason, type Lease, type RunRecord } from '../domain/run.ts'
import { uiParts } from './ui-parts.ts'
import type { Execution } from './execution.ts'
import { historyMessages } from './history.ts'
import { keepLeases, type Held } from './lease-keeper.ts'
import type {
  Agents,
  ChunkLog,
  Clock,
  Conversations,
  EngineEvents,
  Journal,
  RunBus,
  RunQueue,
  RunStore,
  Settlement,
} from './ports.ts'
import {
  closingEntries,
  exhausted,
  failedByAgent,
  leftBehind,
  MAX_ATTEMPTS,
  missingAgent,
} from './settlement.ts'
import { runLoop, type LoopEnd } from './run-loop.ts'
import { RunWriter } from './run-writer.ts'
import { viewOf, type RunView } from './view.ts'

export type WorkerPorts = {
  readonly store: RunStore
  readonly journal: Journal
  readonly conversations: Conversations
  readonly queue: RunQueue
  readonly bus: RunBus
  readonly log: ChunkLog
  readonly agents: Agents
  readonly clock: Clock
}

export type WorkerOptions = {
  /** Names this process in `lease_holder`. */
  readonly holder: string
  readonly leaseTtlMs: number
  readonly sweepMs: number
  readonly onError: EngineEvents['error']
}

/** Runs that one look at the table takes along. */
const SWEEP_LIMIT = 50
/** A bound run belongs to the socket that made it; only one that nobody took for so long is swept. */
const BOUND_PATIENCE_MS = 30_000

type Running = Held & { readonly interrupt: (reason: InterruptReason) => void; done: Promise<void> }

export class Worker {
  readonly #ports: WorkerPorts
  readonly #options: WorkerOptions
  readonly #running = new Map<string, Running>()
  readonly #claiming = new Set<string>()
  readonly #closers: (() => void)[] = []
  #draining = false

  constructor(ports: WorkerPorts, options: WorkerOptions) {
    this.#ports = ports
    this.#options = options
  }

  start(): void {
    const { queue, bus, store, clock } = this.#ports
    const { leaseTtlMs: ttlMs, onError } = this.#options
    const held = () => [...this.#running.values()]
    this.#closers.push(
      queue.work((runId) => this.take(runId)),
      bus.subscribe('*', ({ kind, runId }) => {
        if (kind === 'stop') this.stopLocally(runId)
      }),
      keepLeases({ store, clock, ttlMs, held, onError }),
      this.#sweepForever(),
    )
  }

  /** Claims and executes a run; resolves when this process is done with it. */
  async execute(runId: string): Promise<void> {
    if (this.#draining || this.#running.has(runId) || this.#claiming.has(runId)) return
    this.#claiming.add(runId)
    let run: RunRecord | undefined
    try {
      const { holder, leaseTtlMs } = this.#options
      run = await this.#ports.store.claim(runId, holder, leaseTtlMs)
      if (run) this.#begin(run)
    } finally {
      this.#claiming.delete(runId)
    }
    await this.#running.get(runId)?.done
  }

  /** Executes a run in the background. */
  take(runId: string): void {
    void this.#report('executing', runId, this.execute(runId))
  }

  /** @returns whether the run is executed here */
  stopLocally(runId: string): boolean {
    const running = this.#running.get(runId)
    running?.stop()
    return running !== undefined
  }

  /** Settles a run that nobody holds, from its journal. @returns whether it is settled now */
  async settleUnheld(run: RunRecord): Promise<boolean> {
    const { holder, leaseTtlMs } = this.#options
    const seized = await this.#ports.store.seize(run.id, holder, leaseTtlMs)
    if (!seized) return false
    const journal = await this.#ports.journal.load(run.id, run.workspaceId)
    await this.#settle(leaseOf(seized), leftBehind(seized, journal))
    return true
  }

  /** Starts nothing new, lets phases end within the grace, gives the rest back. */
  async close(graceMs: number): Promise<void> {
    this.#draining = true
    const interruptAll = () => {
      for (const running of this.#running.values()) running.interrupt({ kind: 'shutdown' })
    }
    const cancel = this.#ports.clock.after(graceMs, interruptAll)
    if (graceMs <= 0) interruptAll()
    await Promise.all([...this.#running.values()].map(({ done }) => done))
    cancel()
    for (const close of this.#closers.splice(0)) close()
  }

  #begin(run: RunRecord): void {
    const controller = new AbortController()
    const interrupt = (reason: InterruptReason) => {
      if (!controller.signal.aborted) controller.abort(reason)
    }
    const running: Running = {
      lease: leaseOf(run),
      interrupt,
      stop: () => interrupt({ kind: 'stop' }),
      lose: () => interrupt({ kind: 'lease-lost' }),
      done: Promise.resolve(),
    }
    this.#running.set(run.id, running)
    running.done = this.#report(
      'executing',
      run.id,
      this.#run(run, running, controller.signal),
    ).finally(() => this.#running.delete(run.id))
  }

  async #run(run: RunRecord, running: Running, signal: AbortSignal): Promise<void> {
    const { log, bus, clock } = this.#ports
    const { lease } = running
    const writer = new RunWriter({
      lease,
      log,
      bus,
      clock,
      onLeaseLost: running.lose,
      onError: (error) =>
        this.#options.onError(error, { during: 'writing the chunk log', runId: run.id }),
    })
    try {
      const end = await this.#loop(run, running, writer, signal)
      if (end.kind === 'settle') await this.#settle(lease, end, writer)
      if (end.kind === 'release') await this.#ports.store.release([lease])
    } catch (thrown) {
      if (!(thrown instanceof LeaseLostError)) throw thrown
    } finally {
      writer.close()
    }
  }

  async #loop(
    run: RunRecord,
    running: Running,
    writer: RunWriter,
    signal: AbortSignal,
  ): Promise<LoopEnd> {
    const { agents, journal, conversations, clock } = this.#ports
    const stored = await journal.load(run.id, run.workspaceId)
    if (run.attempt > MAX_ATTEMPTS) return { kind: 'settle', ...exhausted(run, stored) }
    try {
      const agent = await agents.resolve(run)
      if (!agent)
        return { kind: 'settle', ...failedByAgent(run, stored, missingAgent(run), writer.n) }
      const turns = await conversations.history(run)
      const execution: Execution = {
        run,
        agent,
        writer,
        journal,
        clock,
        signal,
        lease: running.lease,
        interrupt: running.interrupt,
        draining: () => this.#draining,
        steps: [...viewOf(run, stored.steps, stored.calls).steps],
      }
      return await runLoop(execution, historyMessages(turns, agent.model.provider))
    } catch (thrown) {
      if (thrown instanceof LeaseLostError || isRetryable(thrown)) throw thrown
      this.#options.onError(coerceError(thrown), { during: 'executing', runId: run.id })
      const now = await journal.load(run.id, run.workspaceId)
      return {
        kind: 'settle',
        ...failedByAgent(run, now, 'The run met an internal error.', writer.n),
      }
    }
  }

  async #settle(lease: Lease, settlement: Settlement, writer?: RunWriter): Promise<void> {
    let view: RunView | undefined
    await this.#ports.store.settle(lease, settlement, (run, { steps, calls }) => {
      view = viewOf(run, steps, calls)
      return uiParts(view)
    })
    if (!view) return
    const entries = closingEntries(view, writer?.n ?? 0)
    if (writer) return writer.settled(entries)
    this.#ports.bus.publish({ kind: 'settled', runId: lease.runId })
  }

  #sweepForever(): () => void {
    const { clock } = this.#ports
    const { sweepMs } = this.#options
    let cancel: (() => void) | undefined
    let closed = false
    const tick = async () => {
      await this.#report('sweeping', undefined, this.#sweep())
      // Jitter keeps the processes of a fleet from looking all at once.
      if (!closed) cancel = clock.after(sweepMs * (0.75 + clock.random() / 2), () => void tick())
    }
    void tick()
    return () => {
      closed = true
      cancel?.()
    }
  }

  async #sweep(): Promise<void> {
    if (this.#draining) return
    const { clock, store } = this.#ports
    for (const run of await store.findUnheld(SWEEP_LIMIT)) {
      if (this.#draining) return
      // Held here, only the renewal is late.
      if (this.#running.has(run.id)) continue
      const fresh = clock.date().getTime() - run.createdAt.getTime() < BOUND_PATIENCE_MS
      if (run.stopRequestedAt || (run.bound && run.status !== 'pending'))
        await this.settleUnheld(run)
      else if (!run.bound) this.take(run.id)
      else if (!fresh) await this.settleUnheld(run)
    }
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

const leaseOf = ({ id, workspaceId, leaseEpoch }: RunRecord): Lease => ({
  runId: id,
  workspaceId,
  epoch: leaseEpoch,
})
