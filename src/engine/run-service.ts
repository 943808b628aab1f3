/** Runs that their caller executes: durable rows, and a signal that an explicit stop aborts and nothing else does. */
import { RunAlreadyActiveError } from '../domain/errors.ts'
import type { InterruptReason, RunTrigger, SettledStatus } from '../domain/run.ts'

type NewRunRow = {
  readonly chatId: string
  readonly workspaceId: string
  readonly createdBy: string
  readonly trigger: RunTrigger
  readonly status: 'running'
}

/** What the service needs of `AiChatRunRepo`. */
export interface RunRows<Run> {
  /** INVARIANT: throws RunAlreadyActiveError while another run of the chat is active. */
  insert(run: NewRunRow): Promise<Run>
  update(
    id: string,
    workspaceId: string,
    patch: { readonly assistantMessageId?: string; readonly stepCount?: number },
  ): Promise<Run | undefined>
  findActiveByChat(chatId: string, workspaceId: string): Promise<Run | undefined>
  findLatestByChat(chatId: string, workspaceId: string): Promise<Run | undefined>
  /** Undefined when the run is settled or foreign. */
  markStopRequested(id: string, workspaceId: string): Promise<Run | undefined>
  /** INVARIANT: a settled run is not changed. */
  finalizeIfActive(
    id: string,
    workspaceId: string,
    outcome: { readonly status: SettledStatus; readonly error: string | null },
  ): Promise<Run | undefined>
}

export type BeginRun = {
  readonly chatId: string
  readonly workspaceId: string
  readonly userId: string
  readonly trigger?: RunTrigger
}

export type RunHandle = {
  readonly runId: string
  /** Aborted by `requestStop` in this process, with the reason `{ kind: 'stop' }`. */
  readonly signal: AbortSignal
}

/** How a turn ended, in the words of its message. */
export type TurnEnd = 'completed' | 'error' | 'aborted'

const STATUS = {
  completed: 'succeeded',
  error: 'failed',
  aborted: 'aborted',
} as const satisfies Record<TurnEnd, SettledStatus>

const STOP: InterruptReason = { kind: 'stop' }

type LocalRun = { readonly workspaceId: string; readonly controller: AbortController }

/**
 * @example
 * const { runId, signal } = await runs.beginRun({ chatId, workspaceId, userId })
 * // Call the model with `signal`; a reader that leaves does not abort it.
 * await runs.finalizeRun(runId, workspaceId, 'completed')
 */
export class AiChatRunService<Run extends { readonly id: string }> {
  readonly #rows: RunRows<Run>
  /** A shortcut for the signal; what is true stands in the database. */
  readonly #local = new Map<string, LocalRun>()

  constructor(runRepo: RunRows<Run>) {
    this.#rows = runRepo
  }

  /** @throws RunAlreadyActiveError with `activeRunId`, while the chat has an active run */
  async beginRun(turn: BeginRun): Promise<RunHandle> {
    const { id: runId } = await this.#insert(turn)
    const controller = new AbortController()
    this.#local.set(runId, { workspaceId: turn.workspaceId, controller })
    return { runId, signal: controller.signal }
  }

  /** True from `beginRun` to `finalizeRun` in this process. */
  isLocallyActive(runId: string): boolean {
    return this.#local.has(runId)
  }

  /** The message that the run answers with. */
  async linkAssistantMessage(runId: string, workspaceId: string, messageId: string): Promise<void> {
    await this.#rows.update(runId, workspaceId, { assistantMessageId: messageId })
  }

  /** The number of steps so far; it also says that the run is alive. */
  async recordStep(runId: string, workspaceId: string, count: number): Promise<void> {
    await this.#rows.update(runId, workspaceId, { stepCount: count })
  }

  /** Settles the run unless it has settled; here it has ended even when the database cannot be told. */
  async finalizeRun(
    runId: string,
    workspaceId: string,
    end: TurnEnd,
    error?: string,
  ): Promise<void> {
    try {
      const outcome = { status: STATUS[end], error: error ?? null }
      await this.#rows.finalizeIfActive(runId, workspaceId, outcome)
    } finally {
      if (this.#local.get(runId)?.workspaceId === workspaceId) this.#local.delete(runId)
    }
  }

  /** @returns whether the run will settle as `aborted`; false when it is settled or foreign */
  async requestStop(runId: string, workspaceId: string): Promise<boolean> {
    const run = await this.#rows.markStopRequested(runId, workspaceId)
    if (!run) return false
    this.#local.get(runId)?.controller.abort(STOP)
    return true
  }

  async getLatestForChat(chatId: string, workspaceId: string): Promise<Run | undefined> {
    return this.#rows.findLatestByChat(chatId, workspaceId)
  }

  async #insert({ chatId, workspaceId, userId, trigger = 'user' }: BeginRun): Promise<Run> {
    const row = { chatId, workspaceId, createdBy: userId, trigger, status: 'running' } as const
    try {
      return await this.#rows.insert(row)
    } catch (error) {
      if (!(error instanceof RunAlreadyActiveError)) throw error
      const active = await this.#rows.findActiveByChat(chatId, workspaceId)
      throw new RunAlreadyActiveError(active?.id, { cause: error })
    }
  }
}
