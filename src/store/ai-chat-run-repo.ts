/** Runs as rows, for callers that execute them themselves; a row is only changed when its guards hold. */
import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import { RunAlreadyActiveError } from '../domain/errors.ts'
import { ACTIVE_STATUSES, type SettledStatus } from '../domain/run.ts'
import type { OutlastDatabase } from './database.ts'
import { inMs, now } from './fence.ts'
import { rethrow } from './outage.ts'
import { isUniqueViolation } from './pg-errors.ts'
import { json } from './rows.ts'
import type { AiChatRunsTable } from './schema.ts'

/** An active run that nobody has touched for this long is taken for abandoned. */
export const SWEEP_RUN_STALE_MS = 10 * 60 * 1000

const ONE_ACTIVE_RUN_PER_CHAT = 'ai_chat_runs_one_active_per_chat'
const ABANDONED = 'The process that executed this run is gone.'

export type AiChatRun = Selectable<AiChatRunsTable>
export type NewAiChatRun = Omit<Insertable<AiChatRunsTable>, 'options'> & { options?: unknown }
export type AiChatRunPatch = Omit<
  Updateable<AiChatRunsTable>,
  'id' | 'workspaceId' | 'chatId' | 'options'
>

/**
 * @example
 * const runs = new AiChatRunRepo(await openDatabase())
 * const run = await runs.insert({ chatId, workspaceId, createdBy: userId })
 */
export class AiChatRunRepo {
  readonly #db: OutlastDatabase

  constructor(db: OutlastDatabase) {
    this.#db = db
  }

  /**
   * Defaults: status `pending`, trigger `user`, driver `external`; a run that is inserted as `running` starts now.
   *
   * @throws RunAlreadyActiveError while another run of the chat is active; the database decides
   */
  async insert({ options, ...run }: NewAiChatRun): Promise<AiChatRun> {
    return this.#db
      .insertInto('aiChatRuns')
      .values({
        ...(run.status === 'running' ? { startedAt: now } : {}),
        ...run,
        ...(options === undefined ? {} : { options: json(options) }),
      })
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch((error: unknown) => {
        if (!isUniqueViolation(error, ONE_ACTIVE_RUN_PER_CHAT)) return rethrow(error)
        throw new RunAlreadyActiveError(undefined, { cause: error })
      })
  }

  async findById(id: string, workspaceId: string): Promise<AiChatRun | undefined> {
    return this.#db
      .selectFrom('aiChatRuns')
      .selectAll()
      .where('id', '=', id)
      .where('workspaceId', '=', workspaceId)
      .executeTakeFirst()
      .catch(rethrow)
  }

  /** Writes the patch whatever the run's status is; `updatedAt` becomes now unless the patch has it. */
  async update(
    id: string,
    workspaceId: string,
    patch: AiChatRunPatch,
  ): Promise<AiChatRun | undefined> {
    return this.#db
      .updateTable('aiChatRuns')
      .set({ updatedAt: now, ...patch })
      .where('id', '=', id)
      .where('workspaceId', '=', workspaceId)
      .returningAll()
      .executeTakeFirst()
      .catch(rethrow)
  }

  async findActiveByChat(chatId: string, workspaceId: string): Promise<AiChatRun | undefined> {
    return this.#ofChat(chatId, workspaceId)
      .where('status', 'in', ACTIVE_STATUSES)
      .executeTakeFirst()
      .catch(rethrow)
  }

  async findLatestByChat(chatId: string, workspaceId: string): Promise<AiChatRun | undefined> {
    return this.#ofChat(chatId, workspaceId)
      .orderBy('createdAt', 'desc')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst()
      .catch(rethrow)
  }

  /** @returns undefined when the run has settled */
  async markStopRequested(id: string, workspaceId: string): Promise<AiChatRun | undefined> {
    return this.#active(id, workspaceId)
      .set((eb) => ({ stopRequestedAt: eb.fn.coalesce('stopRequestedAt', now), updatedAt: now }))
      .returningAll()
      .executeTakeFirst()
      .catch(rethrow)
  }

  /**
   * Settles a run that its caller executes; one that was asked to stop settles as `aborted`.
   *
   * @returns undefined when the run has settled before
   */
  async finalizeIfActive(
    id: string,
    workspaceId: string,
    outcome: { readonly status: SettledStatus; readonly error?: string | null | undefined },
  ): Promise<AiChatRun | undefined> {
    const unlessStopped = sql<SettledStatus>`case when stop_requested_at is null then ${outcome.status} else 'aborted' end`
    return this.#active(id, workspaceId)
      .set({
        status: unlessStopped,
        error: outcome.error ?? null,
        finishedAt: now,
        updatedAt: now,
      })
      .where('driver', '=', 'external')
      .returningAll()
      .executeTakeFirst()
      .catch(rethrow)
  }

  /**
   * Aborts active runs that nobody has touched for `staleMs`, default 10 minutes. Runs of the engine have leases and are
   * left alone.
   *
   * @returns their number
   */
  async sweepRunning({ staleMs = SWEEP_RUN_STALE_MS }: { staleMs?: number } = {}): Promise<number> {
    const swept = await this.#db
      .updateTable('aiChatRuns')
      .set((eb) => ({
        status: 'aborted',
        error: eb.fn.coalesce('error', eb.val(ABANDONED)),
        finishedAt: now,
        updatedAt: now,
      }))
      .where('driver', '=', 'external')
      .where('status', 'in', ACTIVE_STATUSES)
      .where('updatedAt', '<', inMs(-staleMs))
      .returning('id')
      .execute()
      .catch(rethrow)
    return swept.length
  }

  #ofChat(chatId: string, workspaceId: string) {
    return this.#db
      .selectFrom('aiChatRuns')
      .selectAll()
      .where('chatId', '=', chatId)
      .where('workspaceId', '=', workspaceId)
  }

  #active(id: string, workspaceId: string) {
    return this.#db
      .updateTable('aiChatRuns')
      .where('id', '=', id)
      .where('workspaceId', '=', workspaceId)
      .where('status', 'in', ACTIVE_STATUSES)
  }
}
