/** The life of a run: its states, why it began, how it may end. */

export const RUN_STATUSES = [
  'pending',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'aborted',
] as const
export type RunStatus = (typeof RUN_STATUSES)[number]
export type SettledStatus = 'succeeded' | 'failed' | 'aborted'

export const ACTIVE_STATUSES = ['pending', 'running', 'waiting'] as const satisfies RunStatus[]

export const SETTLED_STATUSES = ['succeeded', 'failed', 'aborted'] as const satisfies RunStatus[]

export const isSettled = (status: RunStatus): status is SettledStatus =>
  status === 'succeeded' || status === 'failed' || status === 'aborted'

/** Nothing happens to the run by itself any more: it has settled, or waits for a person. */
export const isAtRest = (status: RunStatus): boolean => isSettled(status) || status === 'waiting'

export const RUN_TRIGGERS = ['user', 'api', 'schedule', 'webhook', 'continuation'] as const
export type RunTrigger = (typeof RUN_TRIGGERS)[number]

/** Who executes a run: its caller (`external`) or the engine, with leases. */
export type RunDriver = 'external' | 'engine'

/** The right to execute a run and to write its journal, as long as no higher epoch exists. */
export type Lease = { readonly runId: string; readonly workspaceId: string; readonly epoch: number }

export const HOLD_ENDS = ['settled', 'waiting', 'released', 'lost'] as const
/** `lost`: somebody else went on with the run, because its holder had not been heard of for a lease time. */
export type HoldEnd = (typeof HOLD_ENDS)[number]

/** One acquisition of a run: who had it in hand, and how that ended. */
export type RunHold = {
  readonly epoch: number
  readonly holder: string
  readonly beganAt: Date
  readonly endedAt: Date | null
  readonly end: HoldEnd | null
}

/** What a holder is called outside of its process: nothing of the machine that it runs on. */
export const workerOf = (holder: string): string => holder.slice(holder.lastIndexOf(':') + 1)

/** How the execution of a run ended, before the database has had its word about a stop. */
export type RunOutcome =
  /** `output`: what the agent's `output` option made of the answer. */
  | { readonly status: 'succeeded'; readonly output?: unknown }
  | { readonly status: 'aborted' }
  | { readonly status: 'failed'; readonly code: RunErrorCode; readonly error: string }

/** What made a run fail; the sentence for each stands in PROTOCOL.md. Stored as `error_code`. */
export type RunErrorCode =
  | 'provider_rate_limited'
  | 'provider_unavailable'
  | 'provider_unreachable'
  | 'provider_stalled'
  | 'provider_broken_stream'
  | 'provider_rejected'
  | 'provider_denied'
  | 'provider_error'
  | 'empty_answer'
  | 'content_filtered'
  | 'output_truncated'
  | 'max_steps'
  | 'answer_too_large'
  | 'invalid_output'
  | 'agent_error'
  | 'recovery_exhausted'
  | 'superseded'
  | 'internal_error'

/** A run as its owner sees it. */
export type RunRecord = {
  readonly id: string
  readonly chatId: string
  readonly workspaceId: string
  readonly createdBy: string
  readonly status: RunStatus
  readonly trigger: RunTrigger
  readonly assistantMessageId: string | null
  readonly userMessageId: string | null
  readonly error: string | null
  readonly errorCode: RunErrorCode | null
  readonly stepCount: number
  readonly stopRequestedAt: Date | null
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly leaseEpoch: number
  readonly leaseHolder: string | null
  /** The database's opinion, at the time of reading: nobody holds a valid lease. */
  readonly lapsed: boolean
  readonly attempt: number
  readonly agent: string | null
  readonly options: unknown
  /** The validated output of an agent with the option `output`, once the run has succeeded; else null. */
  readonly output: unknown
  readonly bound: boolean
  readonly driver: RunDriver
  /** W3C trace context of its beginning, where runs are traced. */
  readonly traceParent: string | null
}

/** Who asks. Every query is scoped by it. */
export type Principal = { readonly workspaceId: string; readonly userId: string }

/** Why the execution of a run is interrupted; the `reason` of its AbortSignal. */
export type InterruptReason = {
  /** `failed`: its journal cannot be written; somebody else has to go on. */
  readonly kind: 'stop' | 'shutdown' | 'lease-lost' | 'failed'
}
