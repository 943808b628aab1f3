/** One run in the hands of this process, from the claim until it is settled, given back or lost. */
import {
  AgentFailedError,
  coerceError,
  ConfigError,
  isRetryable,
  LeaseLostError,
} from '../../domain/errors.ts'
import type { Limits } from '../../domain/limits.ts'
import type { Lease, RunRecord } from '../../domain/run.ts'
import { AnswerRoom } from './answer-room.ts'
import { messagesOf } from '../prompt/history.ts'
import { Interruption } from './interruption.ts'
import type { Held } from '../workers/lease-keeper.ts'
import { patiently } from '../patience.ts'
import type {
  Agents,
  ChunkLog,
  Clock,
  Conversations,
  EngineEvents,
  Files,
  Journal,
  RunBus,
  RunStore,
  Settlement,
} from '../ports.ts'
import { runLoop, type LoopEnd } from './run-loop.ts'
import { RunWriter } from './run-writer.ts'
import {
  closingEntries,
  exhausted,
  failedByUs,
  MAX_ATTEMPTS,
  missingAgent,
} from '../workers/settlement.ts'
import { settleRun } from '../workers/settle.ts'
import { StepClock } from './step-clock.ts'
import { viewOf, type StepView } from '../tail/view.ts'

export type ExecutionPorts = {
  readonly store: RunStore
  readonly journal: Journal
  readonly conversations: Conversations
  readonly files: Files
  readonly bus: RunBus
  readonly log: ChunkLog
  readonly agents: Agents
  readonly clock: Clock
}

export class RunExecution implements Held {
  readonly lease: Lease
  readonly #ports: ExecutionPorts
  readonly #run: RunRecord
  readonly #draining: () => boolean
  readonly #leaseTtlMs: number
  readonly #limits: Limits
  /** When the database said last that the run is ours, by this process's clock. */
  #heldAt: number
  readonly #onError: EngineEvents['error']
  readonly #interruption = new Interruption()
  readonly #writer: RunWriter
  #steps: readonly StepView[] = []
  /** How many of the steps were there when it was claimed. */
  #found = 0

  constructor(
    ports: ExecutionPorts,
    run: RunRecord,
    options: {
      draining: () => boolean
      leaseTtlMs: number
      limits: Limits
      /** When it was claimed, by the clock. */
      claimedAt: number
      onError: EngineEvents['error']
    },
  ) {
    this.#ports = ports
    this.#run = run
    this.#draining = options.draining
    this.#leaseTtlMs = options.leaseTtlMs
    this.#limits = options.limits
    this.#heldAt = options.claimedAt
    this.#onError = options.onError
    this.lease = leaseOf(run)
    this.#writer = new RunWriter({
      lease: this.lease,
      log: ports.log,
      bus: ports.bus,
      clock: ports.clock,
      onLeaseLost: () => this.lose(),
      onError: (error) => this.#report(error, 'writing the chunk log'),
    })
  }

  /** True when a step was journaled since the claim. */
  get hasProgressed(): boolean {
    return this.#steps.length > this.#found
  }

  renewed(at: number): void {
    this.#heldAt = Math.max(this.#heldAt, at)
  }

  stop(): void {
    this.#interruption.interrupt({ kind: 'stop' })
  }

  lose(): void {
    this.#interruption.interrupt({ kind: 'lease-lost' })
  }

  /** Abandons what does not end by itself; the run goes on elsewhere. */
  shutDown(): void {
    this.#interruption.interrupt({ kind: 'shutdown' })
  }

  /** @throws what is neither an outage that was waited out nor a lost lease */
  async run(): Promise<void> {
    try {
      const end = await this.#loop()
      if (end.kind === 'settle') await this.#settle(end)
      if (end.kind === 'wait') await this.#wait()
      if (end.kind === 'release') await this.#release()
    } catch (thrown) {
      if (!(thrown instanceof LeaseLostError)) throw thrown
    } finally {
      this.#writer.close()
    }
  }

  async #loop(): Promise<LoopEnd> {
    const { agents, journal, conversations, files, clock } = this.#ports
    const run = this.#run
    // Nobody had it before: there is nothing in its journal yet.
    const stored = run.leaseEpoch === 1 ? { steps: [], calls: [] } : await this.#load()
    if (run.attempt > MAX_ATTEMPTS) return { kind: 'settle', ...exhausted(run, stored) }
    const failed = (why: Parameters<typeof failedByUs>[2], now = stored): LoopEnd => ({
      kind: 'settle',
      ...failedByUs(run, now, why, this.#writer.n),
    })
    try {
      const { chatId, turns } = await this.#durably(() => conversations.history(run))
      const agent = await agents.resolve({ run, chatId, messages: messagesOf(turns) })
      if (!agent) {
        const error = missingAgent(run)
        this.#report(new ConfigError(`${error} Give all processes the same agents.`), 'executing')
        return failed({ code: 'agent_error', error })
      }
      const steps = [...viewOf(run, stored.steps, stored.calls).steps]
      this.#steps = steps
      this.#found = steps.length
      const execution = {
        run,
        agent,
        journal,
        files,
        clock,
        limits: this.#limits,
        room: new AnswerRoom(this.#limits.answerChars, steps),
        lease: this.lease,
        writer: this.#writer,
        signal: this.#interruption.signal,
        interrupt: this.#interruption.interrupt.bind(this.#interruption),
        durably: this.#durably.bind(this),
        confirm: () => this.#confirm(),
        draining: this.#draining,
        report: this.#report.bind(this),
        told: { plainly: false, refused: [] },
        stepClock: new StepClock(clock, agent.timeout.stepMs),
        steps,
      }
      return await runLoop(execution)
    } catch (thrown) {
      if (thrown instanceof LeaseLostError || isRetryable(thrown)) throw thrown
      this.#report(coerceError(thrown), 'executing')
      if (thrown instanceof AgentFailedError)
        return failed({ code: 'agent_error', error: thrown.message }, await this.#load())
      const error = 'The run met an internal error.'
      return failed({ code: 'internal_error', error }, await this.#load())
    }
  }

  async #confirm(): Promise<void> {
    const { store, clock } = this.#ports
    const asked = clock.now()
    if (asked - this.#heldAt < this.#leaseTtlMs) return
    const [state] = await this.#durably(() => store.renew([this.lease], this.#leaseTtlMs))
    if (!state) throw new LeaseLostError(this.lease.runId, this.lease.epoch)
    this.renewed(asked)
    if (state.stopRequested) this.stop()
  }

  #load() {
    const { id, workspaceId } = this.#run
    return this.#durably(() => this.#ports.journal.load(id, workspaceId))
  }

  async #wait(): Promise<void> {
    const { store, bus } = this.#ports
    const run = await this.#durably(() => store.wait(this.lease))
    // Somebody has stopped it meanwhile.
    if (run.status === 'running') return this.#settle({ outcome: { status: 'aborted' }, calls: [] })
    await this.#writer.flush()
    bus.publish({ kind: 'waiting', runId: run.id })
  }

  async #release(): Promise<void> {
    await this.#ports.store.release([this.lease])
    if (this.#draining()) this.#ports.bus.publish({ kind: 'released', runId: this.#run.id })
  }

  async #settle(settlement: Settlement): Promise<void> {
    const { store } = this.#ports
    const onError = (error: Error) => this.#report(error, 'settling')
    const view = await this.#durably(() => settleRun({ store, onError }, this.lease, settlement))
    await this.#writer.settled(closingEntries(view, this.#writer.n))
  }

  /** However long the database is away: until it answers, the run is lost or the process ends. */
  #durably<T>(work: () => Promise<T>, until?: AbortSignal): Promise<T> {
    const { gone } = this.#interruption
    const patience = {
      clock: this.#ports.clock,
      until: until ? AbortSignal.any([gone, until]) : gone,
      onError: (error: Error) => this.#report(error, 'writing to the database'),
    }
    return patiently(patience, work)
  }

  #report(error: Error, during: string): void {
    this.#onError(error, { during, runId: this.#run.id })
  }
}

export const leaseOf = ({ id, workspaceId, leaseEpoch }: RunRecord): Lease => ({
  runId: id,
  workspaceId,
  epoch: leaseEpoch,
})
