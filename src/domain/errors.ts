/** The failures Outlast speaks of, each with a `code` that is its identity on the wire, in logs and in rows. */

/** `retryAfter`: seconds after which the same call is welcome again. */
export type ErrorOptions = { cause?: unknown; retryAfter?: number | undefined }

/** Base of every error this package throws. Compare `code`; `instanceof` only works inside one process. */
export abstract class OutlastError extends Error {
  abstract readonly code: string
  /** True when the same call may succeed later without any change by the caller. */
  readonly retryable: boolean = false
  /** Seconds after which the same call is welcome again, where somebody said so. */
  declare readonly retryAfter?: number

  constructor(message: string, options: ErrorOptions = {}) {
    super(message, options)
    this.name = new.target.name
    if (options.retryAfter !== undefined) this.retryAfter = options.retryAfter
  }
}

/** Refusal: the request itself is wrong. The message says what to change. */
export class InvalidRequestError extends OutlastError {
  readonly code = 'INVALID_REQUEST'
}

/** Refusal: nobody is named by this request, or what it is named by is not valid. */
export class NotAuthenticatedError extends OutlastError {
  readonly code = 'NOT_AUTHENTICATED'
}

/** Refusal: the caller may not do this. */
export class NotAllowedError extends OutlastError {
  readonly code = 'NOT_ALLOWED'
}

/** Refusal: the request reached a host name that this server does not answer to. */
export class MisdirectedRequestError extends OutlastError {
  readonly code = 'MISDIRECTED_REQUEST'
}

/** Refusal: something larger than its limit. */
export class TooLargeError extends OutlastError {
  readonly code = 'TOO_LARGE'
}

/** Refusal: a body of a type this route does not read. */
export class UnsupportedMediaTypeError extends OutlastError {
  readonly code = 'UNSUPPORTED_MEDIA_TYPE'
}

/** Refusal: no such chat for this caller. A foreign chat looks the same as a missing one. */
export class ChatNotFoundError extends OutlastError {
  readonly code = 'CHAT_NOT_FOUND'
}

/** Refusal: no such run for this caller. */
export class RunNotFoundError extends OutlastError {
  readonly code = 'RUN_NOT_FOUND'
}

/** Refusal: no such message in this chat. */
export class MessageNotFoundError extends OutlastError {
  readonly code = 'MESSAGE_NOT_FOUND'
}

/** Refusal: no such file of this caller. */
export class FileNotFoundError extends OutlastError {
  readonly code = 'FILE_NOT_FOUND'
}

/** Refusal: this caller's files take all the room that they may have. */
export class StorageFullError extends OutlastError {
  readonly code = 'STORAGE_FULL'
}

/** Refusal: this caller has as many active runs as one may have; `activeRunIds` names them. */
export class TooManyActiveRunsError extends OutlastError {
  readonly code = 'TOO_MANY_ACTIVE_RUNS'
  readonly activeRunIds: readonly string[]

  constructor(message: string, activeRunIds: readonly string[], options: ErrorOptions = {}) {
    super(message, options)
    this.activeRunIds = activeRunIds
  }
}

/** Refusal: as many runs wait to be executed as may wait. */
export class QueueFullError extends OutlastError {
  readonly code = 'QUEUE_FULL'
  override readonly retryable = true
}

/** Refusal: this caller reads as many streams of this server as one may. */
export class TooManyReadersError extends OutlastError {
  readonly code = 'TOO_MANY_READERS'
  override readonly retryable = true
}

/** Refusal: the journal of this run has no such step. */
export class StepNotFoundError extends OutlastError {
  readonly code = 'STEP_NOT_FOUND'
}

/** Refusal: no such route. */
export class RouteNotFoundError extends OutlastError {
  readonly code = 'ROUTE_NOT_FOUND'
}

/** Refusal: the route exists, for other methods; `allow` lists them. */
export class MethodNotAllowedError extends OutlastError {
  readonly code = 'METHOD_NOT_ALLOWED'
  readonly allow: readonly string[]

  constructor(method: string, allow: readonly string[], options: ErrorOptions = {}) {
    super(`This route does not take ${method}, only ${allow.join(' and ')}.`, options)
    this.allow = allow
  }
}

/** Refusal: the chat has an active run; `activeRunId` names it. */
export class RunAlreadyActiveError extends OutlastError {
  readonly code = 'A_RUN_ALREADY_ACTIVE'
  readonly activeRunId: string | undefined

  constructor(activeRunId: string | undefined, options: ErrorOptions = {}) {
    super(
      'This chat has an active run. Attach to it, stop it, or wait until it has settled.',
      options,
    )
    this.activeRunId = activeRunId
  }
}

/** Refusal: nothing that the request answers waits for an answer. */
export class NotWaitingError extends OutlastError {
  readonly code = 'NOT_WAITING'
}

/** Refusal: the offset belongs to a run that no longer exists. */
export class OffsetGoneError extends OutlastError {
  readonly code = 'OFFSET_GONE'
}

/** Refusal: too many requests; the same one is welcome after `retryAfter` seconds. */
export class RateLimitedError extends OutlastError {
  readonly code = 'RATE_LIMITED'
  override readonly retryable = true
  declare readonly retryAfter: number

  constructor(message: string, retryAfter: number, options: ErrorOptions = {}) {
    super(message, { ...options, retryAfter })
  }
}

/** A mistake in the operator's configuration, in a sentence that says what to set. */
export class ConfigError extends OutlastError {
  readonly code = 'INVALID_CONFIG'
}

/** A mistake in `defineAgent` or a tool, found when it is defined. */
export class AgentDefinitionError extends OutlastError {
  readonly code = 'INVALID_AGENT'
}

/** Run failure: the agent's own code (`prepareStep`, `stopWhen`, ...) threw. The message is for people and says no secrets. */
export class AgentFailedError extends OutlastError {
  readonly code = 'AGENT_FAILED'
}

/** The data folder is held by another process. */
export class DataFolderLockedError extends OutlastError {
  readonly code = 'DATA_FOLDER_LOCKED'
}

/** A tool refuses or cannot do what it was asked; the message is written for the model. */
export class ToolFailedError extends OutlastError {
  readonly code = 'TOOL_FAILED'
}

/** An MCP server cannot be used; the message names it, and holds nothing of its address, headers or environment. */
export class McpServerError extends OutlastError {
  readonly code = 'MCP_SERVER_FAILED'
  override readonly retryable = true
}

/** Fencing: another holder has the run, or it is gone. Never leaves the engine; the loser writes nothing. */
export class LeaseLostError extends OutlastError {
  readonly code = 'LEASE_LOST'
  readonly runId: string
  readonly epoch: number

  constructor(runId: string, epoch: number, options: ErrorOptions = {}) {
    super(`Run ${runId} is no longer held with epoch ${epoch}.`, options)
    this.runId = runId
    this.epoch = epoch
  }
}

/** Outage: the database cannot be reached or refuses for now. */
export class StoreUnavailableError extends OutlastError {
  readonly code = 'STORE_UNAVAILABLE'
  override readonly retryable = true
}

/** Outage: what carries runs and news between processes cannot be reached or refuses for now. */
export class QueueUnavailableError extends OutlastError {
  readonly code = 'QUEUE_UNAVAILABLE'
  override readonly retryable = true
}

/** Outage: whoever publishes the keys of our callers cannot be reached. */
export class IdentityUnavailableError extends OutlastError {
  readonly code = 'IDENTITY_UNAVAILABLE'
  override readonly retryable = true
}

/** Outage: this process is shutting down and starts nothing new. */
export class EngineStoppingError extends OutlastError {
  readonly code = 'ENGINE_STOPPING'
  override readonly retryable = true
}

/** A bug of ours. */
export class InvariantError extends OutlastError {
  readonly code = 'INVARIANT'
}

/** Turns whatever was thrown into an Error, keeping the original as `cause`. */
export const coerceError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new InvariantError(String(thrown), { cause: thrown })

/** True when the same call may succeed later without any change by the caller. */
export const isRetryable = (thrown: unknown): boolean =>
  thrown instanceof OutlastError && thrown.retryable
